import { startDataPlane } from './armFront/dataPlane.ts';
import { type ArmFrontOptions, startArmFront } from './armFront/front.ts';
import { type AzConfig, writeAzConfig } from './azConfig.ts';

export interface AzAccessOptions extends Omit<ArmFrontOptions, 'registries'> {
  registries: (ArmFrontOptions['registries'][number] & { port: number })[];
  /** Holds az's configuration. */
  dir: string;
  msiEndpoint: string;
}

/** What the Azure CLI and the SDKs need to reach the stack as they reach Azure. */
export interface AzAccess extends AzConfig {
  /** `https://127.0.0.1:PORT`: ARM's endpoint, for SDKs too. */
  origin: string;
  stop(): Promise<void>;
}

/** Starts the ARM front and the way to the registries' data planes, and writes az's configuration for both. */
export async function startAzAccess(options: AzAccessOptions): Promise<AzAccess> {
  const { registries, tls, subscriptionId, tenantId, dir, msiEndpoint } = options;
  const front = await startArmFront(options);
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
      msiEndpoint,
      dataPlaneProxy: dataPlane.url,
    });
    return { ...config, origin: front.origin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
