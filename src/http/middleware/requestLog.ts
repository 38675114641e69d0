import type { Logger } from 'pino';
import type { HttpMiddleware } from './httpState.js';

/** Routes that machines ask every few seconds. */
const quiet = /^\/(health|metrics)(\/|$)/;

/** Writes one line per answered request: what was asked, how it ended, how long it took; no bodies, no query, no addresses. */
export function requestLog(log: Logger): HttpMiddleware {
  return async (ctx, next) => {
    try {
      await next();
    } finally {
      const line = {
        requestId: ctx.state.requestId,
        correlationId: ctx.state.correlationId,
        method: ctx.method,
        path: ctx.path.slice(0, 200),
        route: ctx.state.route,
        status: ctx.status,
        ms: Math.round((performance.now() - ctx.state.startedAt) * 10) / 10,
      };
      if (quiet.test(ctx.path) && ctx.status < 500) log.debug(line, 'request');
      else log.info(line, 'request');
    }
  };
}
