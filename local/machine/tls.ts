import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './command.ts';

/** A certificate authority that this machine alone trusts, and a server certificate signed by it. */
export interface Tls {
  /** Path of the authority's certificate: for NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, curl --cacert. */
  caFile: string;
  /** The authority's certificate, PEM. */
  ca: string;
  /** The server's private key (EC, P-256), PEM. */
  key: string;
  /** The server's certificate, PEM. */
  cert: string;
}

const names = ['DNS:localhost', 'DNS:*.localhost', 'DNS:*.azurecr.io', 'IP Address:127.0.0.1'];
const days = 30;
const leastLeft = 24 * 3600 * 1000;

/**
 * Gives the certificates in `dir`, and makes them with openssl where there are none, or where those there end within a
 * day. The authority's key is thrown away once it has signed: nothing else can ever be signed with it.
 */
export async function makeTls(dir: string): Promise<Tls> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const found = await readTls(dir).catch(() => undefined);
  if (found && isUsable(found)) return found;
  const making = await mkdtemp(join(dir, 'making-'));
  try {
    await make(making);
    for (const file of ['ca.pem', 'server.key', 'server.pem'])
      await rename(join(making, file), join(dir, file));
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return readTls(dir);
}

async function readTls(dir: string): Promise<Tls> {
  const caFile = join(dir, 'ca.pem');
  const [ca, key, cert] = await Promise.all(
    [caFile, join(dir, 'server.key'), join(dir, 'server.pem')].map((file) => readFile(file, 'utf8')),
  );
  return { caFile, ca: ca!, key: key!, cert: cert! };
}

function isUsable({ ca, key, cert }: Tls): boolean {
  const server = new X509Certificate(cert);
  return (
    server.verify(new X509Certificate(ca).publicKey) &&
    server.checkPrivateKey(createPrivateKey(key)) &&
    names.every((name) => server.subjectAltName?.split(', ').includes(name)) &&
    Date.parse(server.validTo) - Date.now() > leastLeft
  );
}

async function make(dir: string): Promise<void> {
  const openssl = (...args: string[]) => runCommand('openssl', args, { cwd: dir });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    ...['req', '-x509', ...newKey, '-days', `${days}`, '-keyout', 'ca.key', '-out', 'ca.pem'],
    ...['-subj', '/CN=Plinth local authority'],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  );
  await openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  const altNames = names.join(',').replace('IP Address', 'IP');
  await writeFile(
    join(dir, 'extensions'),
    `subjectAltName=${altNames}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n`,
  );
  await openssl(
    ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', `${days}`, '-extfile', 'extensions', '-out', 'server.pem'],
  );
}
