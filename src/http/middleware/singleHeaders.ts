import { problem } from '../problem.js';
import type { HttpMiddleware } from './httpState.js';

const single = [
  'authorization',
  'content-length',
  'content-type',
  'host',
  'idempotency-key',
  'if-match',
  'stripe-signature',
  'x-correlation-id',
] as const;

/** Refuses a request that says the same thing twice: which of the two would be meant is a guess that attackers live on. */
export const singleHeaders: HttpMiddleware = (ctx, next) => {
  for (const name of single) {
    const values = ctx.req.headersDistinct[name];
    if (values && values.length > 1) {
      throw problem('DUPLICATE_HEADER', `The header ${name} may be sent once.`, {
        errors: [{ in: 'header', pointer: name, detail: 'sent more than once' }],
      });
    }
  }
  return next();
};
