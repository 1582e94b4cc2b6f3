export const dockerHub = 'docker.io';

/** ACR's runner writes registry.hub.docker.com; the others are Docker's own. */
const hubNames = new Set(['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com']);

/** A region's own endpoint of an Azure registry, and the one that serves its layers. */
const regional = /^([a-z0-9-]+)\.[a-z0-9-]+\.(?:geo|data)\.(azurecr\.[a-z]+)$/;

/**
 * The one name of a registry: edges, logins, endpoints and events all use it. Host names ignore case, 443 is
 * the default port, Docker Hub has several names, and so has an Azure registry that is replicated.
 */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  const plain = lower.replace(/:443$/, '');
  // Without its capitals or its port it would be the first part of a path on Docker Hub.
  if (!plain.includes('.') || plain.startsWith('[')) return lower.includes(':') ? lower : host;
  if (hubNames.has(plain)) return dockerHub;
  return plain.replace(regional, '$1.$2');
}
