import { z } from 'zod';
import { address, countryCode, currencyCode, instant, money } from '../../machines/shared/values.js';

/** Schemas that several resources share, named as the API's documentation names them. */
export const moneySchema = money.meta({
  id: 'Money',
  description: 'An amount in integer minor units of its currency.',
});
export const addressSchema = address.meta({ id: 'Address' });
/** A UUID; capitals are made small, since ids are compared as texts. */
export const uuidSchema = z.uuid().toLowerCase();
export const instantSchema = instant;

const line = z.string().trim().min(1).max(200);
const code = z.string().trim().min(1).max(20);

/** An address as clients may write it; the names that other systems use for the same fields are accepted (C-39). */
export const addressInput = z
  .strictObject({
    street: line.optional(),
    line1: line.optional(),
    addressLine1: line.optional(),
    line2: line.optional(),
    addressLine2: line.optional(),
    city: z.string().trim().min(1).max(100),
    state: z.string().trim().min(1).max(100).optional(),
    postalCode: code.optional(),
    zip: code.optional(),
    zipCode: code.optional(),
    country: countryCode,
  })
  .transform((given, context) => {
    const { street, line1, addressLine1, line2, addressLine2, postalCode, zip, zipCode, ...rest } = given;
    const first = onlyOf({ street, line1, addressLine1 }, context);
    const second = [line2, addressLine2].find((value) => value !== undefined);
    const post = onlyOf({ postalCode, zip, zipCode }, context);
    const whole = second === undefined ? first : `${first}, ${second}`;
    if (whole.length > 200)
      context.addIssue({ code: 'custom', path: ['street'], message: 'Too long: at most 200 characters' });
    return { street: whole, postalCode: post, ...rest };
  })
  .meta({
    id: 'AddressInput',
    description:
      'A postal address. `line1` and `addressLine1` mean `street`, `zip` and `zipCode` mean `postalCode`; exactly one of each is needed. A `line2` is appended to the street.',
  });

/** The one value that was given under several names for the same thing. */
function onlyOf(names: Readonly<Record<string, string | undefined>>, context: z.core.$RefinementCtx): string {
  const given = Object.entries(names).filter(([, value]) => value !== undefined);
  const [canonical = ''] = Object.keys(names);
  if (given.length === 0) context.addIssue({ code: 'custom', path: [canonical], message: 'Required' });
  if (given.length > 1) {
    const [, second] = given;
    context.addIssue({
      code: 'custom',
      path: [second?.[0] ?? canonical],
      message: `Says the same as ${given[0]?.[0]}`,
    });
  }
  return given[0]?.[1] ?? '';
}

/** The query of a list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(100).default(20).meta({ description: 'How many at most.' }),
  cursor: z.string().min(1).max(300).optional().meta({ description: 'The `nextCursor` of the page before.' }),
};

/** A page of a list. */
export const pageSchema = <S extends z.ZodType>(item: S) =>
  z.strictObject({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({ description: 'Asks for the next page; null on the last one.' }),
  });

export const currencySchema = currencyCode.meta({ description: 'An ISO 4217 code.' });
export const reasonText = z.string().trim().min(1).max(500);

/** A problem document (RFC 9457). */
export const problemSchema = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string().meta({ description: 'Stable; what programs should look at.' }),
    requestId: uuidSchema,
    errors: z
      .array(
        z.strictObject({
          in: z.enum(['body', 'query', 'path', 'header']),
          pointer: z.string().meta({ description: 'A JSON pointer into that part.' }),
          detail: z.string(),
        }),
      )
      .optional(),
    currentState: z.string().nullable().optional().meta({ description: 'Where the resource is, when that is why.' }),
    currentVersion: z.int().optional().meta({ description: 'The version that `If-Match` did not name.' }),
    details: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'What the rule that refused says about it.' }),
    allowedEvents: z.array(z.string()).optional().meta({ description: 'What that state takes.' }),
  })
  .meta({ id: 'Problem', description: 'Why a request failed (RFC 9457).' });
