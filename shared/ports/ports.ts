import type { Policy } from '../model/bases/policy.ts';
import type { KnownRegistry } from '../model/registry.ts';
import type { VaultRules } from '../names/vaultUri.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Queue } from './queue.ts';
import type { Registry } from './registry.ts';
import type { RunEngine } from './runEngine.ts';
import type { Seal } from './seal.ts';
import type { SourceContext } from './sourceContext.ts';
import type { SourceControl } from './sourceControl.ts';
import type { SourceFiles } from './sourceFiles.ts';
import type { Store } from './store.ts';
import type { Vault } from './vault.ts';

export interface Settings {
  registries: KnownRegistry[];
  /** The host name of this app, which no other has. */
  app: string;
  /** Runs that the engine may have at once, for each registry and for each task. */
  runsPerRegistry: number;
  runsPerTask: number;
  /** A context larger than this goes to the engine by URL. */
  maxContextBytes: number;
  /** Where others reach this app, without a slash at the end: webhooks are registered with it. */
  publicUrl: string;
  /** Dependents of a push that are decided on together; a thousand where not set. */
  dependentsAtOnce?: number;
  /** How often each base image in a registry of the settings is looked at, and one in any other. */
  reconcileMinutes: number;
  pollMinutes: number;
  /** Decisions, marks of webhook deliveries, and ended runs older than this are removed. */
  ledgerDays: number;
  deliveryDays: number;
  runDays: number;
  vaults: VaultRules;
  /** Which base images are built on only when they are old enough, or not at all. */
  policies: Policy[];
}

/** Everything outside that the flow uses. */
export interface Ports {
  settings: Settings;
  store: Store;
  queue: Queue;
  registry: Registry;
  engine: RunEngine;
  source: SourceContext;
  sourceControl: SourceControl;
  vault: Vault;
  files: SourceFiles;
  seal: Seal;
  clock: Clock;
  log: Log;
}
