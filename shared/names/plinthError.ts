interface PlinthErrorOptions extends ErrorOptions {
  transient?: boolean;
  retryAfter?: number | undefined;
  isRoleMissing?: boolean | undefined;
  busyServer?: string | undefined;
  answer?: readonly [status: number, code: string];
}

/**
 * An error whose cause is known and whose message is for people: what failed, which one, why, what to do. Where it is
 * not transient, a person has to put something right, and the same try would end the same.
 */
export class PlinthError extends Error {
  /** Worth another try: the other side was busy or could not be reached. */
  readonly transient: boolean;
  /** Seconds that the other side asks to be left alone. */
  readonly retryAfter: number | undefined;
  /** The host that answered 429: who needs it may wait for one that asks it again. */
  readonly busyServer: string | undefined;
  /** Azure refused the identity: the role is missing, or was assigned so lately that it does not count yet. */
  readonly isRoleMissing: boolean;
  /** How a request that ends with it is answered; undefined where no request is to. */
  readonly answer: readonly [status: number, code: string] | undefined;

  constructor(
    message: string,
    {
      transient = false,
      retryAfter,
      isRoleMissing = false,
      busyServer,
      answer,
      ...options
    }: PlinthErrorOptions = {},
  ) {
    super(message, options);
    this.name = new.target.name;
    this.transient = transient;
    this.retryAfter = retryAfter;
    this.busyServer = busyServer;
    this.isRoleMissing = isRoleMissing;
    this.answer = answer;
  }
}
