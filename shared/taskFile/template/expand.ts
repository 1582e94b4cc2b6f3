import { type Aliases, expandAliases, hasAliases, imageNames, partAliases, readAliases } from './aliases.ts';
import type { TemplateScope } from './expression.ts';
import { keepLines, type Lined, lined } from './lined.ts';
import { type Put, renderTemplate } from './template.ts';

/** A task file whose aliases and templates are filled in. */
export interface Expanded extends Lined {
  /** Undefined where the file's version has none. */
  aliases: Aliases | undefined;
  /** Names that stand for an image at the beginning of a `cmd`. */
  images: Record<string, string>;
}

/**
 * Fills in a task file in the order of ACR's engine: comment lines go, the alias section is filled in and read, the rest
 * is expanded by it, and then filled in itself.
 * @throws TaskFileError with the line of the file as its author wrote it
 */
export function expandFile(text: string, scope: TemplateScope, put?: Put): Expanded {
  const source = keepLines(lined(text.replaceAll('\r\n', '\n')), (line) => !line.trim().startsWith('#'));
  if (!hasAliases(source.text))
    return { ...renderTemplate(source, scope, put), aliases: undefined, images: {} };
  const { section, rest } = partAliases(source);
  const aliases = readAliases(renderTemplate(section, scope, put));
  const expanded = renderTemplate(expandAliases(rest, aliases), scope, put);
  return { ...expanded, aliases, images: imageNames(aliases) };
}
