import type { ImageRef } from '../imageRef.ts';

/** How a registry is asked: as nobody, with a password, or as a managed identity (undefined: the app's own). */
export type RegistryLogin =
  | { kind: 'anonymous' }
  | { kind: 'password'; userName: string; password: string }
  | { kind: 'identity'; clientId?: string };

export type RegistryErrorCode = 'Unauthorized' | 'Unreachable' | 'TooManyRequests' | 'NotFound' | 'Invalid';

/** A registry did not answer as hoped; the message is for people. */
export class RegistryError extends Error {
  override name = 'RegistryError';
  readonly code: RegistryErrorCode;
  /** Seconds, where the registry said so. */
  readonly retryAfter: number | undefined;
  constructor(
    code: RegistryErrorCode,
    message: string,
    options: { cause?: unknown; retryAfter?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
  /** Worth another try: the registry was busy or could not be reached. */
  get transient(): boolean {
    return this.code === 'Unreachable' || this.code === 'TooManyRequests';
  }
}

/** As an image's own configuration says it. */
export interface ImagePlatform {
  os: string;
  architecture: string;
  variant?: string | undefined;
  'os.version'?: string | undefined;
}

export interface RegistryImage {
  platform: ImagePlatform;
  /** The diff_ids of its layers, base first. */
  layers: string[];
}

export interface Registry {
  /**
   * The digest a tag (or digest) stands for now, undefined when there is no such image. An index keeps its own digest.
   * @throws RegistryError
   */
  digestOf(image: ImageRef, login: RegistryLogin): Promise<string | undefined>;
  /**
   * The images that a reference stands for: one, or of an index each of its images, those most like a platform first.
   * @throws RegistryError NotFound when it is not there
   */
  imagesOf(image: ImageRef, login: RegistryLogin, like?: ImagePlatform): AsyncIterable<RegistryImage>;
  /**
   * A user name and a short-lived password with which a builder may pull, from the identity's token exchange.
   * @throws RegistryError
   */
  pullPassword(
    loginServer: string,
    login: RegistryLogin,
  ): Promise<{ userName: string; password: string } | undefined>;
}
