import { randomBytes } from 'node:crypto';

/** A new object id in Stripe's manner: a prefix and 24 characters. */
export const newId = (prefix: string): string => prefix + randomBytes(12).toString('hex');

/** Stripe's instants are whole seconds. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000);
