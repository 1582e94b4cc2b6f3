import type { Platform } from './model/task.ts';

/** Where a platform does not say for which architecture: what ACR builds for. */
export const defaultArchitecture = 'amd64';

/** The platform that is built for, in OCI's words: ACR writes Linux and x86 where OCI has linux and 386. */
export function ociPlatform({ os, architecture = defaultArchitecture, variant }: Platform) {
  const name = architecture.toLowerCase();
  return {
    os: os.toLowerCase(),
    architecture: name === 'x86' ? '386' : name,
    ...(variant && { variant: variant.toLowerCase() }),
  };
}

/** The platform in ACR's words, as its engine is asked for it. */
export const enginePlatform = ({ os, architecture = defaultArchitecture, variant }: Platform) => ({
  os: os.toLowerCase() === 'windows' ? 'Windows' : 'Linux',
  architecture: architecture.toLowerCase(),
  ...(variant && { variant: variant.toLowerCase() }),
});
