import type { Operation } from './operations.ts';

/** The two ways to name a registry: ARM's, for az and the SDKs, and a short one for people and scripts. */
export const armPath =
  'subscriptions/{subscription}/resourceGroups/{resourceGroup}/providers/Microsoft.ContainerRegistry/registries/{registry}';
export const shortPath = 'registries/{registry}';

/** Where an operation answers, with what is added to its name: both ways, or one where it is of all registries. */
export function routesOf({ path, scope }: Operation): { suffix: string; route: string }[] {
  if (scope === 'app') return [{ suffix: '', route: path }];
  return [
    { suffix: '', route: join(armPath, path) },
    { suffix: '-short', route: join(shortPath, path) },
  ];
}

const join = (base: string, path: string) => (path ? `${base}/${path}` : base);
