import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { close, listen } from '../machine/listening.ts';

interface DataPlane {
  /** Value of HTTPS_PROXY for az. */
  url: string;
  stop(): Promise<void>;
}

/**
 * A CONNECT proxy that leads `{registry}.azurecr.io:443` to the local registry of that name, whose certificate carries
 * it. az calls a registry's data plane (login, repositories, the digest of a tag) at its login server, which no DNS
 * has. Nothing else is reached through it: az needs no other host here.
 * @param ports of the registries by login server
 */
export async function startDataPlane(ports: Record<string, number>): Promise<DataPlane> {
  const open = new Set<Socket>();
  const server = createServer((_request, response) => {
    response.writeHead(405).end('This proxy takes CONNECT only.\n');
  });
  server.on('connect', (request, client: Socket) => {
    const [host = '', port] = (request.url ?? '').toLowerCase().split(':');
    const target = port === '443' ? ports[host] : undefined;
    if (target === undefined) {
      client.end('HTTP/1.1 403 Not a registry of the local Azure\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const registry = connect(target, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(registry).pipe(client);
    });
    for (const socket of [client, registry]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        client.destroy();
        registry.destroy();
      });
    }
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      for (const socket of open) socket.destroy();
      await close(server);
    },
  };
}
