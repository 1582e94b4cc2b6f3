import type { ImageRef } from '../imageRef.ts';
import type { Platform } from '../model/task.ts';

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

export interface Registry {
  /**
   * The digest a tag (or digest) stands for now, undefined when there is no such image. An index keeps its own digest.
   * @throws RegistryError
   */
  digestOf(image: ImageRef, login: RegistryLogin): Promise<string | undefined>;
  /**
   * The diff_ids of an image's layers, base first; of an index, those of the manifest for the platform.
   * @throws RegistryError NotFound when the image or its platform is not there
   */
  layersOf(image: ImageRef, platform: Platform, login: RegistryLogin): Promise<string[]>;
  /**
   * A user name and a short-lived password with which a builder may pull, from the identity's token exchange.
   * @throws RegistryError
   */
  pullPassword(
    loginServer: string,
    login: RegistryLogin,
  ): Promise<{ userName: string; password: string } | undefined>;
}
