/**
 * Microsoft's Bicep, in the one version that `infra/` is checked and built with: `bicep` on the path, else the one that
 * `az bicep` installs, else the NuGet package where `dotnet` is there. Nothing is installed outside of node_modules.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another version may find other things wrong, which would not be the change's fault. */
export const bicepVersion = '0.49.2';

/** What a program ended with; status is null where it could not be started. */
export interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}
/** Runs Bicep in a folder. */
export type Bicep = (cwd: string, ...args: string[]) => Ended;

/** Where a compiler that was fetched stays, and a way to start programs. */
interface Bench {
  folder: string;
  run(program: string, args: string[], cwd?: string, env?: Record<string, string>): Ended;
}

const executable = process.platform === 'win32' ? 'bicep.exe' : 'bicep';

function benchIn(folder: string): Bench {
  mkdirSync(folder, { recursive: true });
  const environment = {
    ...process.env,
    DOTNET_CLI_TELEMETRY_OPTOUT: '1',
    DOTNET_NOLOGO: '1',
    // Bicep is one file, which asks for libicu and for a home to unpack itself into.
    DOTNET_BUNDLE_EXTRACT_BASE_DIR: join(folder, 'unpacked'),
    DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1',
  };
  return {
    folder,
    run(program, args, cwd = folder, env = {}) {
      const { status, stdout, stderr, error } = spawnSync(program, args, {
        cwd,
        env: { ...environment, ...env },
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
        // az is a script there.
        shell: process.platform === 'win32' && program === 'az',
      });
      return error ? { status: null, stdout: '', stderr: error.message } : { status, stdout, stderr };
    },
  };
}

/** The last line that a program said of why it failed. */
const whyOf = ({ stdout, stderr }: Ended) => (stderr.trim() || stdout.trim()).split('\n').at(-1)!;

/** A compiler's file, or undefined and why not. */
type Source = (bench: Bench) => { program?: string; why?: string };

const fromAz: Source = ({ folder, run }) => {
  const home = join(folder, 'az');
  const program = join(home, 'bin', executable);
  if (existsSync(program)) return { program };
  const install = ['bicep', 'install', '--version', `v${bicepVersion}`];
  const installed = run('az', install, folder, { AZURE_CONFIG_DIR: home });
  return installed.status === 0 ? { program } : { why: whyOf(installed) };
};

const fromNuget: Source = ({ folder, run }) => {
  const system = { win32: 'win', darwin: 'osx' }[process.platform as string] ?? 'linux';
  const name = `Azure.Bicep.CommandLine.${system}-${process.arch}`;
  const packages = join(folder, 'packages');
  const program = join(packages, name.toLowerCase(), bicepVersion, 'tools', executable);
  if (existsSync(program)) return { program };
  const project = join(folder, 'bicep.csproj');
  writeFileSync(
    project,
    `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net$(BundledNETCoreAppTargetFrameworkVersion)</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="${name}" Version="[${bicepVersion}]" /></ItemGroup>
</Project>
`,
  );
  const restored = run('dotnet', ['restore', project, '--packages', packages, '--verbosity', 'quiet']);
  if (restored.status !== 0) return { why: whyOf(restored) };
  // The package has it without the right to be run by everybody.
  chmodSync(program, 0o755);
  return { program };
};

const sources: [name: string, source: Source][] = [
  ['bicep on the path', () => ({ program: 'bicep' })],
  ['az bicep', fromAz],
  ['the NuGet package', fromNuget],
];

/**
 * The first compiler of `bicepVersion`, in the order of the head of this file; undefined, with the reason of each place on
 * the console, where there is none.
 *
 * @param folder where one that is fetched stays
 */
export function findBicep(
  folder = join(import.meta.dirname, '../../node_modules/.cache/bicep', bicepVersion),
): Bicep | undefined {
  const bench = benchIn(folder);
  const reasons: string[] = [];
  for (const [name, source] of sources) {
    const { program, why } = source(bench);
    const asked = program ? bench.run(program, ['--version']) : undefined;
    const found = asked && /version (\d\S*)/.exec(asked.stdout)?.[1];
    if (program && found === bicepVersion) return (cwd, ...args) => bench.run(program, args, cwd);
    reasons.push(`  ${name}: ${found ? `is ${found}` : (why ?? whyOf(asked!))}`);
  }
  console.error(`There is no Bicep ${bicepVersion}.\n${reasons.join('\n')}`);
  return undefined;
}
