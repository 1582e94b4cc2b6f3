import type { Entra } from '../identity/entra.ts';
import type { Roles } from '../identity/roles.ts';
import type { Made } from './made/made.ts';

/** A registry of the local Azure, as ARM has it. */
export interface FrontRegistry {
  name: string;
  resourceId: string;
  loginServer: string;
}

/** The parts of the local Azure that the front serves. */
export interface LocalAzure {
  /** `https://127.0.0.1:PORT`: the front's own address. */
  origin: string;
  subscriptionId: string;
  tenantId: string;
  registries: FrontRegistry[];
  entra: Entra;
  roles: Roles;
  /** What is deployed beside the registries, where anything is. */
  made?: Made;
  started: Date;
}

/** An answer in JSON; without a body there is none. */
export interface JsonAnswer {
  status: number;
  body?: unknown;
}

export const ok = (body: unknown): JsonAnswer => ({ status: 200, body });
