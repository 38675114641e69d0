import { z } from 'zod';
import { command, event } from '../shared/message.js';
import { address, countryCode, currencyCode, instant, uuid } from '../shared/values.js';

/** Messages about customers (domain.md 2.5 and 5.1); registration itself is outside FlowMart. */
export const customerMessages = {
  RegisterCustomer: command(
    '1.0.0',
    'Store a customer.',
    z.strictObject({
      customerId: uuid,
      firstName: z.string().min(1).max(100),
      lastName: z.string().min(1).max(100),
      email: z.email().max(254),
      phone: z
        .string()
        .regex(/^[+]?[0-9]{10,15}$/)
        .optional(),
      locale: z.string().max(35).optional(),
      preferredCurrency: currencyCode.optional(),
      address: address.optional(),
      clockId: uuid.optional().describe('The test clock that the customer and everything theirs live by.'),
    }),
  ),
  SetAccountLock: command(
    '1.0.0',
    'Lock the account of a customer until our people have spoken to them, or unlock it (S-23).',
    z.strictObject({ customerId: uuid, isLocked: z.boolean() }),
  ),
  UserSignedUp: event(
    '1.0.0',
    'A customer exists; carries no personal data beyond ids (C-56, invariant 10).',
    z.strictObject({
      userId: uuid,
      customerId: uuid,
      locale: z.string().nullable(),
      country: countryCode.nullable(),
      timestamp: instant,
    }),
  ),
};
