import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BicepFile, type Resource, readBicep, type Value } from './bicep.ts';

/** infra/, read once, and the ways in which its rules look at it. */
export const root = join(import.meta.dirname, '../..');
export const text = (path: string) => readFileSync(join(root, path), 'utf8');
export const infra = readBicep(join(root, 'infra'));
export const files = [...infra.values()];
export const main = infra.get('main.bicep')!;
/** What main.bicep makes in a resource group of its own, and what is deployed to one that is there. */
export const group = infra.get('group.bicep')!;
export const events = infra.get('events.bicep')!;

export const ofType = (type: string): { file: BicepFile; resource: Resource }[] => {
  const found = files.flatMap((file) =>
    file.resources
      .filter((resource) => resource.type.startsWith(`${type}@`) && !resource.existing)
      .map((resource) => ({ file, resource })),
  );
  assert.notEqual(found.length, 0, `no ${type} in infra/`);
  return found;
};
export const properties = (resource: Resource) => resource.body.properties as Record<string, Value>;
export const moduleOf = (file: BicepFile, symbol: string) => {
  const found = file.modules.find((module) => module.symbol === symbol);
  assert.ok(found, `no module ${symbol} in ${file.path}`);
  return found.body.params as Record<string, Value>;
};
