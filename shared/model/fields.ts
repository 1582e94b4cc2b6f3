import { z } from 'zod';
import { parseImageRef } from '../names/imageRef.ts';

/** ARM takes enum values in any case; inside, they have ACR's spelling. */
export function caseInsensitiveEnum<const T extends readonly [string, ...string[]]>(values: T) {
  return z.preprocess(
    (given) =>
      typeof given === 'string'
        ? (values.find((value) => value.toLowerCase() === given.toLowerCase()) ?? given)
        : given,
    z.enum(values),
  );
}

/** An enum value that is kept as it was written: its owner's other tools compare what they get with what they gave. */
export const asWritten = (values: readonly [string, ...string[]]) =>
  z
    .string()
    .refine(
      (given) => values.some((value) => value.toLowerCase() === given.toLowerCase()),
      `is one of ${values.join(', ')}`,
    );

/** Base64 as it was written: what `base64` of GNU and of other tools make has line breaks. */
export const base64Text = z
  .string()
  .refine((text) => z.base64().safeParse(text.replaceAll(/[ \t\r\n]/g, '')).success, 'this is not base64');

/**
 * `repository[:tag]` before its `{{.Run.ID}}` and the like are filled in. Only the outline is held here; the filled-in
 * name must be a reference.
 */
export const imageNameTemplate = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^\s]+$/, 'an image name holds no blanks')
  .refine((name) => !name.includes('@'), 'an image is named repository:tag, without a digest');

/** Host of a registry: `contoso.azurecr.io`, `localhost:5000`. */
export const loginServer = z
  .string()
  .regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, 'a login server is a host name, without https:// and path');

/** An image as people write it, `alpine` or `contoso.azurecr.io/base:1`. */
export const imageReference = z
  .string()
  .min(1)
  .max(512)
  .superRefine((text, context) => {
    try {
      parseImageRef(text);
    } catch (error) {
      context.addIssue((error as Error).message);
    }
  });

export const sha256Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
