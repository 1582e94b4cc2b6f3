import { BlockList, isIP } from 'node:net';

type Range = [network: string, prefix: number];

/** IANA's special-purpose registries, and what of IPv6 leads to an IPv4 address. Only 2000::/3 is global unicast. */
const notPublic4: Range[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Azure's own services beside every machine: name server, health probes, the wire server.
  ['168.63.129.16', 32],
];
const public6: Range[] = [['2000::', 3]];
const notPublic6: Range[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

function listOf(ranges: Range[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, family);
  return list;
}
const refused4 = listOf(notPublic4, 'ipv4');
const global6 = listOf(public6, 'ipv6');
const refused6 = listOf(notPublic6, 'ipv6');

/** Whether an IP address is one of the internet: not of a private network, this machine, its link or its cloud. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !refused4.check(address, 'ipv4');
  if (family !== 6 || address.includes('%')) return false;
  return global6.check(address, 'ipv6') && !refused6.check(address, 'ipv6');
}

/** Hosts and ranges that may be private all the same. */
export interface PrivateHosts {
  hosts: ReadonlySet<string>;
  ranges: BlockList;
}

/**
 * Reads host names, addresses and CIDR ranges.
 * @throws RangeError that names the entry which is none of them
 */
export function readPrivateHosts(entries: readonly string[]): PrivateHosts {
  const hosts = new Set<string>();
  const ranges = new BlockList();
  for (const entry of entries) {
    const [network = '', prefix, ...rest] = bare(entry).split('/');
    const family = isIP(network);
    const bits = prefix ?? (family === 4 ? '32' : '128');
    if (family && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
      ranges.addSubnet(network, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
    else if (!family && prefix === undefined && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(network))
      hosts.add(network);
    else throw new RangeError(`${entry} is no host name, no address and no range such as 10.1.0.0/16`);
  }
  return { hosts, ranges };
}

/** Whether a connection to a host may be made at an address that it has. */
export function mayConnect(host: string, address: string, { hosts, ranges }: PrivateHosts): boolean {
  if (hosts.has(bare(host)) || isPublicAddress(address)) return true;
  const family = isIP(address);
  return family !== 0 && ranges.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** A host as URLs and sockets write it, in one form: without brackets, in lower case, without the dot at the end. */
export const bare = (host: string) =>
  host
    .toLowerCase()
    .replace(/^\[(.*)\]/, '$1')
    .replace(/\.$/, '');
