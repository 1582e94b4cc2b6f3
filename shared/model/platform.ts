import type { Platform } from './task.ts';

/** The default architecture of a platform: what ACR builds for. */
export const defaultArchitecture = 'amd64';

/** The platform that is built for, in OCI's words: ACR writes Linux and x86 where OCI has linux and 386. */
function ociPlatform({ os, architecture = defaultArchitecture, variant }: Platform) {
  const name = architecture.toLowerCase();
  return {
    os: os.toLowerCase(),
    architecture: name === 'x86' ? '386' : name,
    ...(variant && { variant: variant.toLowerCase() }),
  };
}

/** That of a task which says no more than Linux. */
export const usualPlatform = `linux/${defaultArchitecture}`;

/** `linux/arm/v7`, as BuildKit writes a platform. */
export function platformText(platform: Platform): string {
  const { os, architecture, variant } = ociPlatform(platform);
  return [os, architecture, variant].filter(Boolean).join('/');
}
