import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, buildConnector, fetch as undiciFetch } from 'undici';
import { bare, mayConnect, type PrivateHosts, readPrivateHosts } from './addressRules.ts';

const refusedCode = 'PRIVATE_ADDRESS';

/** Nothing was sent: the host is at an address to which a task may not lead the app. */
class AddressError extends Error {
  override name = 'AddressError';
  /** SDKs put another error in its place and keep this. */
  readonly code = refusedCode;
}

const refused = (host: string) =>
  new AddressError(
    `${host} is at a private address, which is not reached. If it is meant, name the host in PLINTH_PRIVATE_HOSTS.`,
  );

/** The refusal below an error of fetch or of an SDK. */
export function addressErrorIn(error: unknown): Error | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++)
    if ((at as { code?: unknown }).code === refusedCode) return at;
  return undefined;
}

/** All addresses of a name, as `dns.lookup` gives them. */
export type Resolve = (
  host: string,
  answer: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

const resolveByTheSystem: Resolve = (host, answer) => lookup(host, { all: true }, answer);

/** The ways out to hosts that others name. */
export interface AddressGuard {
  fetch: typeof fetch;
  /** For an SDK that takes an agent. */
  agent: HttpsAgent;
}

/**
 * Ways out that look at the address when a connection is made, so that no name, redirect or later answer of a name
 * server leads to a private one.
 * @param privateHosts host names, addresses and CIDR ranges that may be private
 * @param resolve in place of the system's name service
 */
export function createAddressGuard(
  privateHosts: readonly string[],
  resolve: Resolve = resolveByTheSystem,
): AddressGuard {
  const allowed = readPrivateHosts(privateHosts);
  const lookup = guardedLookup(allowed, resolve);
  const connector = buildConnector({ lookup } as buildConnector.BuildOptions);
  const dispatcher = new Agent({
    connect: (options, done) => {
      const error = literalProblem(options.hostname, allowed);
      if (error) done(error, null);
      else connector(options, done);
    },
  });
  return {
    // The package's own fetch: what Node has inside may be of another version than the dispatcher.
    fetch: ((input: string | URL, init: object) =>
      undiciFetch(input, { ...init, dispatcher })) as unknown as typeof fetch,
    agent: new GuardedHttpsAgent(allowed, lookup),
  };
}

/** A name is resolved here and nowhere else: the connection is made to what was looked at. */
function guardedLookup(allowed: PrivateHosts, resolve: Resolve): LookupFunction {
  return (host, options, answer) =>
    resolve(host, (error, found) => {
      if (error) return answer(error, '');
      const family = familyNumber(options.family);
      const fit = found.filter(({ address }) => mayConnect(host, address, allowed));
      if (fit.length === 0) return answer(refused(host), '');
      const wanted = family ? fit.filter((one) => one.family === family) : fit;
      const [first = fit[0]!] = wanted;
      if (options.all) answer(null, wanted.length > 0 ? wanted : fit);
      else answer(null, first.address, first.family);
    });
}

const familyNumber = (family: LookupOptions['family']) =>
  typeof family === 'string' ? { IPv4: 4, IPv6: 6 }[family] : family;

/** An address in place of a name needs no lookup. */
function literalProblem(host: string, allowed: PrivateHosts): AddressError | undefined {
  const address = bare(host);
  return isIP(address) !== 0 && !mayConnect(address, address, allowed) ? refused(address) : undefined;
}

class GuardedHttpsAgent extends HttpsAgent {
  readonly #allowed: PrivateHosts;
  constructor(allowed: PrivateHosts, lookup: LookupFunction) {
    super({ keepAlive: true, lookup });
    this.#allowed = allowed;
  }
  override createConnection: HttpsAgent['createConnection'] = (options, done) => {
    const error = literalProblem(options.host ?? '', this.#allowed);
    if (!error) return super.createConnection(options, done);
    done?.(error, undefined as never);
    return undefined;
  };
}

/**
 * Without a look at addresses: for what the settings and Azure Resource Manager itself name, which may be private, and
 * never for a host that a task names.
 */
export const fetchOfSettings: typeof fetch = (input, init) => fetch(input, init);
