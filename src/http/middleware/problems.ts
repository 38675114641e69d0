import type { Logger } from 'pino';
import { type HttpProblem, problem, problemBody } from '../problem.js';
import { toProblem } from '../toProblem.js';
import type { HttpContext, HttpMiddleware } from './httpState.js';

/** Turns every error, and every answer without a body that has an error status, into a problem document (RFC 9457). */
export function problems(log: Logger): HttpMiddleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const found = toProblem(error);
      if (found.status >= 500)
        log.error({ err: error, requestId: ctx.state.requestId, route: ctx.state.route }, 'failed');
      sendProblem(ctx, found);
      return;
    }
    const unanswered = ctx.status >= 400 && (ctx.body === undefined || ctx.body === null || ctx.body === '');
    if (unanswered) sendProblem(ctx, ofStatus(ctx));
  };
}

/** Writes a problem as the answer. */
export function sendProblem(ctx: HttpContext, found: HttpProblem): void {
  ctx.status = found.status;
  ctx.set({ 'Cache-Control': 'no-store', 'Content-Type': 'application/problem+json', ...found.headers });
  ctx.body = JSON.stringify(problemBody(found, { requestId: ctx.state.requestId, path: ctx.path }));
}

function ofStatus(ctx: HttpContext): HttpProblem {
  const allow = ctx.response.get('Allow');
  if (allow) return problem('METHOD_NOT_ALLOWED', `This address takes ${allow}.`);
  return problem('NOT_FOUND', 'There is nothing at this address.');
}
