import type { ServerResponse } from 'node:http';

/** ACR's words for a request that lacks credentials or the permission, whichever it is. */
export const unauthorized =
  'authentication required, visit https://aka.ms/acr/authorization for more information.';

/** What one request needs to be allowed: `{ type: 'repository', name: 'baseimages/node', actions: ['pull'] }`. */
export interface Access {
  type: string;
  name: string;
  actions: string[];
}

export function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'docker-distribution-api-version': 'registry/2.0',
      ...headers,
    })
    .end(text);
}

/** A refusal in the shape that registries share: `{ errors: [{ code, message, detail? }] }`. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  { detail, headers }: { detail?: unknown; headers?: Record<string, string> } = {},
): void {
  answer(response, status, { errors: [{ code, message, ...(detail ? { detail } : {}) }] }, headers);
}

/** 401 with the challenge that names the token server and the scope. */
export function challenge(response: ServerResponse, realm: string, service: string, needed: Access): void {
  const scope = `${needed.type}:${needed.name}:${needed.actions.join(',')}`;
  refuse(response, 401, 'UNAUTHORIZED', unauthorized, {
    detail: needed.actions.map((action) => ({ Type: needed.type, Name: needed.name, Action: action })),
    headers: {
      'www-authenticate': `Bearer realm="${realm}",service="${service}",scope="${scope}",error="invalid_token"`,
    },
  });
}
