import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { Pin } from '../../model/run.ts';
import { formatImageRef, ImageRefError, isDigest, parseImageRef } from '../../names/imageRef.ts';
import type { EngineLog, ToldBases } from '../../ports/runEngine.ts';

/** ACR prints the dependencies in the last lines of a log. */
const logTail = 65_536;

/** The engine's last line of a log, which shows that it is whole. */
const lastLine = /^.*Run ID: \S+ was successful after/m;

/**
 * What the end of a build's log says that it stood on. A log that is not whole may still tell. @throws RunEngineError
 */
export async function basesInLog(log: EngineLog | undefined): Promise<ToldBases> {
  if (!log) return { pins: undefined, mayCome: true };
  const bytes = await log.read(Math.max(0, log.length - logTail), log.length);
  const text = Buffer.from(bytes).toString('utf8');
  const pins = parseAcrBuildLog(text);
  return { pins, mayCome: !pins && !lastLine.test(text) };
}

const heading = 'The following dependencies were found:';
const time = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d ?/;

const Reference = z.looseObject({
  registry: z.string(),
  repository: z.string(),
  tag: z.string(),
  digest: z.string(),
});
const oneOrMany = z.preprocess((given) => (Array.isArray(given) ? given : [given]), z.array(z.unknown()));
const Dependencies = oneOrMany.pipe(
  z.array(
    z.looseObject({
      'runtime-dependency': oneOrMany.optional(),
      'buildtime-dependency': oneOrMany.optional(),
    }),
  ),
);

/**
 * The base images that ACR's runner prints at the end of a build's log (Azure/acr-builder, `ImageDependencies`), as
 * YAML or JSON, for a build whose context Plinth has not seen. Of several images with the same bases each base is given
 * once; one that names no tag or digest, or a name that is none, is left out.
 * @param log the end of the log, from wherever
 * @returns undefined where the log has no list of base images
 */
export function parseAcrBuildLog(log: string): Pin[] | undefined {
  const at = log.lastIndexOf(heading);
  if (at < 0) return undefined;
  const block = readBlock(blockOf(log.slice(at + heading.length)));
  const images = Dependencies.safeParse(block).data;
  // A truncated list is not an empty one.
  if (!images) return undefined;
  const pins = new Map<string, Pin>();
  for (const image of images)
    for (const [key, type] of [
      ['runtime-dependency', 'RunTime'],
      ['buildtime-dependency', 'BuildTime'],
    ] as const)
      for (const base of image[key] ?? []) {
        const pin = pinOf(base, type);
        if (pin && !pins.has(pin.image)) pins.set(pin.image, pin);
      }
  return [...pins.values()];
}

/** In the failsafe schema every scalar is its text: an unquoted tag 1.10 is not the number 1.1. */
function readBlock(text: string): unknown {
  try {
    const document = parseDocument(text, { schema: 'failsafe' });
    return document.errors.length > 0 ? undefined : document.toJS();
  } catch {
    // What a build printed itself may be anything.
    return undefined;
  }
}

/** Up to the empty line after it, or to the log's last words; what the runner prints itself begins with the time. */
function blockOf(text: string): string {
  const lines = text.split(/\r?\n/).map((line) => line.replace(time, ''));
  const first = lines.findIndex((line) => line.trim() !== '');
  const last = lines.findIndex((line, at) => at > first && /^(\s*$|Run ID: )/.test(line));
  return lines.slice(Math.max(first, 0), last < 0 ? undefined : last).join('\n');
}

function pinOf(base: unknown, type: Pin['type']): Pin | undefined {
  const { data } = Reference.safeParse(base);
  if (!data?.registry || !data.tag || !isDigest(data.digest)) return undefined;
  const { registry, repository, tag, digest } = data;
  try {
    return { image: formatImageRef(parseImageRef(`${registry}/${repository}:${tag}`)), type, digest };
  } catch (error) {
    if (error instanceof ImageRefError) return undefined;
    throw error;
  }
}
