/** Values as they cross between host and worker; exactly one field is set. */
export interface RpcTypedData {
  /** The library parses it as JSON where it parses. */
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
  http?: RpcHttp;
}

export interface Nullable {
  value: string;
}

/** A request on the way in, a response on the way out. */
export interface RpcHttp {
  url?: string;
  method?: string;
  nullableHeaders?: Record<string, Nullable>;
  nullableQuery?: Record<string, Nullable>;
  nullableParams?: Record<string, Nullable>;
  body?: RpcTypedData | null;
  statusCode?: string;
  headers?: Record<string, string>;
  cookies?: RpcHttpCookie[];
}

/** As the library's converter (src/converters/toRpcHttpCookie.ts) makes it. */
export interface RpcHttpCookie {
  name: string;
  value: string;
  domain?: Nullable;
  path?: Nullable;
  expires?: { value: Date };
  secure?: { value: boolean };
  httpOnly?: { value: boolean };
  sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone';
  maxAge?: { value: number };
}

/** The queue messages an output value becomes: one for each element of an array, else one. */
export function toMessages(data: RpcTypedData): Array<string | Uint8Array> {
  if (data.json === undefined) return [data.string ?? data.bytes ?? String(data.int ?? data.double)];
  const value: unknown = JSON.parse(data.json);
  if (!Array.isArray(value)) return [data.json];
  return value.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
}
