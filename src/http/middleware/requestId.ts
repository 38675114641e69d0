import { isUuid, newId } from '../ids.js';
import type { HttpMiddleware } from './httpState.js';

/**
 * Gives each request an id of its own and a correlation id: the client's `X-Correlation-Id` when that is a UUID, otherwise
 * the request id. Both go back in headers.
 */
export const requestId: HttpMiddleware = (ctx, next) => {
  const given = ctx.get('X-Correlation-Id');
  ctx.state.startedAt = performance.now();
  ctx.state.requestId = newId();
  ctx.state.correlationId = isUuid(given) ? given.toLowerCase() : ctx.state.requestId;
  ctx.set('X-Request-Id', ctx.state.requestId);
  ctx.set('X-Correlation-Id', ctx.state.correlationId);
  return next();
};
