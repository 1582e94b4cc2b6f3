import type { Entra } from '../entra.ts';
import type { Roles } from '../roles.ts';

/** A registry of the local Azure, as ARM has it. */
export interface FrontRegistry {
  name: string;
  resourceId: string;
  loginServer: string;
}

/** What the front knows of the Azure that it speaks for. */
export interface LocalAzure {
  /** `https://127.0.0.1:PORT`: the front's own address. */
  origin: string;
  subscriptionId: string;
  tenantId: string;
  registries: FrontRegistry[];
  entra: Entra;
  roles: Roles;
  started: Date;
}

/** An answer in JSON; without a body there is none. */
export interface JsonAnswer {
  status: number;
  body?: unknown;
}

export const ok = (body: unknown): JsonAnswer => ({ status: 200, body });
