import { createServer, type Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/**
 * How long an idle connection stays open, in milliseconds. Azure's front ends keep one for minutes (4 is the load
 * balancer's default). Node's own 5 s cut a connection as a client used it again; a POST is not sent a second time then.
 */
const idleConnection = 240_000;

/** The connections of each server that listens. */
const connections = new WeakMap<Server | SecureServer, Set<Socket>>();

/**
 * Lets a server listen on loopback only. It keeps idle connections as long as Azure does.
 * @param port 0 for any free one
 * @returns the port it really has
 * @throws when the port is taken, naming it
 */
export async function listen(server: Server | SecureServer, port = 0): Promise<number> {
  server.keepAliveTimeout = idleConnection;
  const open = new Set<Socket>();
  connections.set(server, open);
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
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

/**
 * Stops a server at once: all its connections are cut. Node's own `closeAllConnections` leaves one whose answer was ended and
 * that its client does not read.
 */
export async function close(server: Server | SecureServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of connections.get(server) ?? []) socket.destroy();
  await closed;
}

/**
 * Below what Linux, macOS and Windows give to whoever asks for any port, connections that go out among them. Each process
 * has its own part: two that start servers at a time do not meet.
 */
const lowest = 20_000;
const parts = 60;
const ofProcess = 200;
const first = lowest + (process.pid % parts) * ofProcess;
let next = first;

/**
 * A port that is free now, for a server whose address is needed before it starts. Nothing takes it meanwhile; this process
 * is given each port once.
 * @throws when none of its part is left
 */
export async function freePort(): Promise<number> {
  while (next < first + ofProcess) {
    const port = next++;
    const server = createServer();
    try {
      await listen(server, port);
      await close(server);
      return port;
    } catch {
      // Taken: the next one.
    }
  }
  throw new Error(`No port from ${first} to ${first + ofProcess - 1} is free on 127.0.0.1.`);
}
