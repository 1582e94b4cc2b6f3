import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { startEventGrid } from '../../../local/eventGrid/eventGrid.ts';
import { freePort, listen } from '../../../local/machine/listening.ts';
import { waitFor } from '../../doubles/waitFor.ts';

const registryResourceId =
  '/subscriptions/1/resourceGroups/localrg/providers/Microsoft.ContainerRegistry/registries/baseacr';
const test = suite('events of a real registry');

const grid = await startEventGrid({
  topics: [{ registryResourceId, loginServer: 'baseacr.azurecr.io', location: 'westeurope' }],
});
const events: Array<{
  subject: string;
  eventType: string;
  data: { target: object; request: { host: string } };
}> = [];
const hook = createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  const [event] = JSON.parse(text);
  const code = event.data.validationCode;
  if (!code) events.push(event);
  response.writeHead(200).end(JSON.stringify({ validationResponse: code }));
});
const hookPort = await listen(hook);
await grid.subscribe({ registryResourceId, endpointUrl: `http://127.0.0.1:${hookPort}/` });

const dir = mkdtempSync(join(tmpdir(), 'registry-'));
const registryPort = await freePort();
writeFileSync(
  join(dir, 'config.yml'),
  JSON.stringify({
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${registryPort}`, secret: 'not-one' },
    notifications: {
      endpoints: [
        {
          name: 'eventgrid',
          url: grid.notificationUrl('baseacr'),
          headers: { Authorization: [`Bearer ${grid.notificationSecret}`] },
          timeout: '5s',
          threshold: 1,
          backoff: '1s',
        },
      ],
    },
  }),
);
const registry = spawn('docker-registry', ['serve', join(dir, 'config.yml')], { stdio: 'ignore' });
const v2 = `http://127.0.0.1:${registryPort}/v2`;

test.before(async () => {
  await waitFor('the registry', () =>
    fetch(`${v2}/`).then(
      (response) => response.ok || undefined,
      () => undefined,
    ),
  );
});
test.after(async () => {
  const gone = new Promise((resolve) => registry.once('exit', resolve));
  registry.kill();
  await gone;
  await grid.stop();
  hook.closeAllConnections();
  await new Promise((resolve) => hook.close(resolve));
  rmSync(dir, { recursive: true });
});

const digestOf = (bytes: string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
async function pushBlob(repository: string, bytes: string) {
  const begun = await fetch(`${v2}/${repository}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(begun.headers.get('location')!, v2);
  location.searchParams.set('digest', digestOf(bytes));
  const put = await fetch(location, { method: 'PUT', body: bytes });
  assert.equal(put.status, 201);
  return { digest: digestOf(bytes), size: bytes.length };
}
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
async function pushManifest(repository: string, reference: string, manifest: string) {
  const put = await fetch(`${v2}/${repository}/manifests/${reference}`, {
    method: 'PUT',
    body: manifest,
    headers: { 'content-type': ociManifest, 'user-agent': 'test/1' },
  });
  assert.equal(put.status, 201);
}
const eventOf = (subject: string, type: string) =>
  waitFor(`${type} of ${subject}`, () =>
    events.find((event) => event.subject === subject && event.eventType.endsWith(type)),
  );

test('a push makes one ImagePushed for the tag, and nothing for config and layers; a delete one ImageDeleted', async () => {
  const repository = 'baseimages/node';
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    ...(await pushBlob(repository, '{}')),
  };
  const layer = {
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
    ...(await pushBlob(repository, 'layer')),
  };
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, config, layers: [layer] });
  const digest = digestOf(manifest);
  await pushManifest(repository, '15-alpine', manifest);

  const { data } = await eventOf(`${repository}:15-alpine`, 'ImagePushed');
  assert.deepEqual(data.target, {
    mediaType: ociManifest,
    size: manifest.length,
    digest,
    length: manifest.length,
    repository,
    tag: '15-alpine',
  });
  assert.equal(data.request.host, 'baseacr.azurecr.io');

  await pushManifest(repository, digest, manifest);
  const untagged = await eventOf(repository, 'ImagePushed');
  assert.ok(!('tag' in untagged.data.target), 'a push by digest has no tag');

  const deleted = await fetch(`${v2}/${repository}/manifests/${digest}`, { method: 'DELETE' });
  assert.equal(deleted.status, 202);
  const gone = await eventOf(repository, 'ImageDeleted');
  assert.deepEqual(gone.data.target, { digest, repository });

  // Notifications come one after another: once a later push is told, all of the delete was.
  await pushManifest(repository, 'later', manifest);
  await eventOf(`${repository}:later`, 'ImagePushed');
  assert.equal(events.length, 4);
});

test.run();
