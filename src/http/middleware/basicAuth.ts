import { createHash, timingSafeEqual } from 'node:crypto';
import { problem } from '../problem.js';
import type { HttpMiddleware } from './httpState.js';

/** Lets in who knows the password, whatever name they give (HTTP Basic); compares in constant time. */
export function basicAuth(password: string, realm: string): HttpMiddleware {
  const wanted = digest(password);
  return (ctx, next) => {
    const given = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(ctx.get('Authorization'))?.[1];
    const text = Buffer.from(given ?? '', 'base64').toString('utf8');
    const known = timingSafeEqual(digest(text.slice(text.indexOf(':') + 1)), wanted);
    if (given === undefined || !known) {
      const challenge = { 'WWW-Authenticate': `Basic realm="${realm}", charset="UTF-8"` };
      throw problem('UNAUTHORIZED', 'This needs the password.', {}, challenge);
    }
    return next();
  };
}

// Digests have one length, so that not even the password's length shows in the time it takes.
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
