/** A refusal in ARM's shape: `{"error":{"code","message","target"?}}`. */
export class ArmError extends Error {
  override name = 'ArmError';
  readonly status: number;
  readonly code: string;
  readonly target: string | undefined;
  constructor(status: number, code: string, message: string, target?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.target = target;
  }
}

export const badRequest = (message: string, target?: string) =>
  new ArmError(400, 'BadRequest', message, target);

export const notImplemented = (message: string, target?: string) =>
  new ArmError(501, 'NotImplemented', message, target);

/** The JSON body of an ARM error. */
export function armErrorBody({ code, message, target }: ArmError) {
  return { error: { code, message, ...(target === undefined ? {} : { target }) } };
}
