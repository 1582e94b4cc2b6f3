import type { Azure } from '../azure.ts';
import type { WantedRegistry } from '../wanted.ts';
import type { AppPlace } from './app.ts';
import type { Listed, Parts } from './deployed.ts';

/** Versions of ARM's API by what is read; the newest of each that the template uses, or that documents the answer. */
export const versions = {
  web: '2024-11-01',
  storage: '2025-01-01',
  roles: '2022-04-01',
  events: '2025-02-15',
};

/** What is read first, on which all else stands. */
export interface Base {
  azure: Azure;
  environment: string;
  parts: Parts;
  site: Listed;
  settings: Record<string, string> | undefined;
  registries: WantedRegistry[];
  place: AppPlace;
}
