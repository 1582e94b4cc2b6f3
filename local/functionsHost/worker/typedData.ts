/** Values as they cross between host and worker; exactly one field is set. */
export interface RpcTypedData {
  /** The library parses it as JSON where it parses. */
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
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
  cookies?: unknown[];
}
