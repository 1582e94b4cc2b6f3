/** Whether a server on the internet could call an address: https, and no name or number of a private network. */
export function isPublicUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  if (protocol !== 'https:') return false;
  const host = hostname.toLowerCase();
  // Global unicast addresses begin with 2 or 3; a URL has put numbers of any form into the usual ones.
  if (host.startsWith('[')) return /^\[[23]/.test(host);
  if (/^[\d.]+$/.test(host)) return !isPrivate4(host.split('.').map(Number) as [number, number]);
  return host.includes('.') && !/(^|\.)(localhost|local|internal|lan|home\.arpa|test|invalid)$/.test(host);
}

/** The special ranges that hooks may not be sent to, RFC 6890, as far as they are in use. */
function isPrivate4([a, b]: [number, number]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return true;
  if (a === 100) return b >= 64 && b < 128;
  if (a === 169) return b === 254;
  if (a === 172) return b >= 16 && b < 32;
  return a === 192 && b === 168;
}
