import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/**
 * Lets a server listen on loopback only.
 * @param port 0 for any free one
 * @returns the port it really has
 * @throws when the port is taken, naming it
 */
export async function listen(server: Server | SecureServer, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new Error(
          `Cannot listen on 127.0.0.1:${port} (${cause.code}). Free the port, or ask for another one.`,
          { cause },
        ),
      ),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** Stops a server at once: connections that are open, busy or idle, are cut. */
export async function close(server: Server | SecureServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

/** Below what Linux, macOS and Windows give to whoever asks for any port, connections that go out among them. */
const lowest = 20_000;
const highest = 32_000;
const given = new Set<number>();

/**
 * A port that is free now, for a server whose address is needed before it starts. Nothing but another such server takes
 * it meanwhile; this process is given each port once.
 * @throws when none of a hundred is free
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(lowest, highest);
    const server = createServer();
    try {
      if (given.has(port)) continue;
      await listen(server, port);
      given.add(port);
      return port;
    } catch {
      // Taken: the next one.
    } finally {
      if (server.listening) await close(server);
    }
  }
  throw new Error(`No port between ${lowest} and ${highest} is free on 127.0.0.1.`);
}
