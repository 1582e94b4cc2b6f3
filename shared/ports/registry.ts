import type { Answered } from '../model/bases/sightings.ts';
import type { ImageRef } from '../names/imageRef.ts';
import { PlinthError } from '../names/plinthError.ts';

/**
 * How Plinth signs in to a registry: anonymously, with a password, or as a managed identity (undefined: the app's
 * own).
 */
export type RegistryLogin =
  | { kind: 'anonymous' }
  | { kind: 'password'; userName: string; password: string }
  | { kind: 'identity'; clientId?: string };

type RegistryErrorCode = 'Unauthorized' | 'Unreachable' | 'TooManyRequests' | 'NotFound' | 'Invalid';

/** A registry failed or refused; the message is for people. */
export class RegistryError extends PlinthError {
  readonly code: RegistryErrorCode;
  constructor(
    code: RegistryErrorCode,
    message: string,
    options: {
      cause?: unknown;
      retryAfter?: number | undefined;
      isRoleMissing?: boolean;
      busyServer?: string | undefined;
    } = {},
  ) {
    const transient = code === 'Unreachable' || code === 'TooManyRequests';
    super(message, { ...options, transient, answer: [502, 'RegistryFailed'] });
    this.code = code;
  }
}

/** As in the image's own configuration. */
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
   * What an image is for some platforms, `linux/arm64`, and by which manifests; those that it does not have are left out.
   * @throws RegistryError NotFound when it is not there
   */
  contentsOf(image: ImageRef, login: RegistryLogin, platforms: string[]): Promise<Answered>;
  /**
   * Whether the app's identity may pull from a registry at this moment: asked with a new token, as one that was given
   * before a role was taken away is good for another hour. It changes nothing.
   * @throws RegistryError
   */
  reach(loginServer: string): Promise<void>;
  /**
   * A user name and a short-lived password with which a builder may pull, from the identity's token exchange.
   * @throws RegistryError
   */
  pullPassword(
    loginServer: string,
    login: RegistryLogin,
  ): Promise<{ userName: string; password: string } | undefined>;
}
