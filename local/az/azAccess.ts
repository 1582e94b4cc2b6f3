import type { LocalIdentity } from '../identity/entra.ts';
import { type AzConfig, writeAzConfig } from './azConfig.ts';
import { startDataPlane } from './dataPlane.ts';
import { type ArmFrontOptions, startArmFront } from './front.ts';
import { type Made, type MadeOptions, makeResources } from './made/made.ts';

interface AzAccessOptions extends Omit<ArmFrontOptions, 'registries' | 'made' | 'plinth'> {
  registries: (ArmFrontOptions['registries'][number] & { port: number })[];
  /** Holds az's configuration. */
  dir: string;
  identityEnvironment: Record<string, string>;
  /** The function app and its settings; asked for at each request, as the front is up before it. */
  plinth: () => { url: string; functionKey: string; settings: Record<string, string> };
  /** The app's own identity, its accounts, and what was counted of each registry's topic. */
  identity: LocalIdentity;
  storage: MadeOptions['storage'];
  deliveries: Made['deliveries'];
}

/** What the Azure CLI and the SDKs need to reach the stack as they reach Azure. */
export interface AzAccess extends AzConfig {
  /** `https://127.0.0.1:PORT`: ARM's endpoint, for SDKs too. */
  origin: string;
  /** What is deployed, as the front tells of it. */
  made: Made;
  stop(): Promise<void>;
}

/** Starts the ARM front and the way to the registries' data planes, and writes az's configuration for both. */
export async function startAzAccess(options: AzAccessOptions): Promise<AzAccess> {
  const { registries, tls, subscriptionId, tenantId, dir, identityEnvironment } = options;
  const made = makeResources({
    ...{ subscriptionId, registries, roles: options.roles },
    ...{ identity: options.identity, storage: options.storage },
    app: options.plinth,
    deliveries: options.deliveries,
  });
  const front = await startArmFront({ ...options, made });
  made.site.properties.defaultHostName = new URL(front.origin).host;
  const dataPlane = await startDataPlane(
    Object.fromEntries(registries.map(({ loginServer, port }) => [loginServer, port])),
  ).catch(async (error) => {
    await front.stop();
    throw error;
  });
  const stop = async () => {
    await Promise.all([front.stop(), dataPlane.stop()]);
  };
  try {
    const config = await writeAzConfig({
      dir,
      origin: front.origin,
      subscriptionId,
      tenantId,
      caFile: tls.caFile,
      identityEnvironment,
      dataPlaneProxy: dataPlane.url,
    });
    return { ...config, origin: front.origin, made, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
