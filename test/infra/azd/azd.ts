import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { main, root, text } from '../infraFiles.ts';

/**
 * The steps of azd 1.24, as its sources have them: pkg/project/framework_service_node.go (package),
 * pkg/project/project_utils.go (zip) and pkg/infra/provisioning/bicep/bicep_provider.go (parameters).
 */

interface Service {
  project: string;
  language: string;
  host: string;
  dist?: string;
  remoteBuild?: boolean;
}
interface Hook {
  posix: { shell: string; run: string };
  windows: { shell: string; run: string };
}
/** azure.yaml, as far as it is played. */
export const project: {
  requiredVersions: { azd: string };
  services: Record<string, Service>;
  hooks: { postdeploy: Hook[] };
  pipeline: { variables: string[] };
} = parse(text('azure.yaml'));

/** What git has of the checkout, in a folder of its own that goes with the process. */
function freshClone(): string {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-azd-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of files.split('\0').filter((name) => name && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    // The times too: what is older than the installed packages needs no installation.
    cpSync(join(root, file), join(folder, file), { preserveTimestamps: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/**
 * Of a clone: runs the one script that azd runs for a Node service, and takes the folder that azd zips.
 *
 * @throws Error as azd where the folder is empty or missing
 */
export function packageService({ project: path, dist = '' }: Service): string {
  const folder = join(freshClone(), path);
  execFileSync('npm', ['run', 'build', '--if-present'], { cwd: folder, stdio: 'pipe' });
  const source = join(folder, dist);
  if (!existsSync(source) || readdirSync(source).length === 0)
    throw new Error(`package source '${source}' is empty or does not exist`);
  return source;
}

/** Paths of what is in the zip of a function app without a .funcignore in the zipped folder. */
export function zipped(folder: string, { remoteBuild }: Service): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => {
      const parts = path.split('/');
      if (parts.includes('.azure') || parts.at(-1) === 'local.settings.json') return false;
      return remoteBuild === false || !parts.includes('node_modules');
    })
    .sort();
}

/** The value of `${NAME}` and `${NAME=default}` in a text; the default also takes the place of an empty value. */
const substitute = (value: string, env: Record<string, string>) =>
  value.replaceAll(/\$\{(\w+)(?:=([^}]*))?\}/g, (_, name, fallback = '') => env[name] || fallback);

const isUnset = (value: string, env: Record<string, string>) =>
  [...value.matchAll(/\$\{(\w+)/g)].some(([, name]) => !(name! in env));

/** A text where the template has a bool or an int. */
function converted(type: string, value: unknown): unknown {
  if (type === 'bool' && (value === 'true' || value === 'false')) return value === 'true';
  return type === 'int' && typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
}

/**
 * The parameters that azd gives to main.bicep with this environment.
 *
 * @throws Error as azd where a value is no JSON after substitution
 */
export function parametersOf(env: Record<string, string>): Record<string, unknown> {
  const file: Record<string, { value: string }> = JSON.parse(text('infra/main.parameters.json')).parameters;
  const types = new Map(main.parameters.map(({ symbol, type }) => [symbol, type]));
  const given: Record<string, unknown> = {};
  for (const [name, parameter] of Object.entries(file)) {
    const type = types.get(name) ?? '';
    if (type === 'object' || type === 'array' || type.endsWith('[]')) {
      const json = substitute(parameter.value, env);
      if (json !== '' || !isUnset(parameter.value, env)) given[name] = JSON.parse(json);
      continue;
    }
    // The whole parameter is a JSON text in which the value takes its place as it is.
    const { value } = JSON.parse(substitute(JSON.stringify(parameter), env));
    if (value !== '' || !isUnset(parameter.value, env)) given[name] = converted(type, value);
  }
  return given;
}
