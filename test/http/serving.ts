import Router from '@koa/router';
import Koa from 'koa';
import { type Logger, pino } from 'pino';
import supertest from 'supertest';
import type { HttpMiddleware, HttpState } from '../../src/http/middleware/httpState.js';
import { problems } from '../../src/http/middleware/problems.js';
import { requestId } from '../../src/http/middleware/requestId.js';

export const silent = pino({ level: 'silent' });

type Served = HttpMiddleware | Router<HttpState>;

/** Serves middleware and routers behind the middleware that every request passes first. */
export function serving(...middleware: readonly Served[]) {
  return servingWith(silent, ...middleware);
}

export function servingWith(log: Logger, ...middleware: readonly Served[]) {
  const app = new Koa<HttpState>();
  app.use(requestId);
  app.use(problems(log));
  for (const one of middleware) {
    if (one instanceof Router) app.use(one.routes()).use(one.allowedMethods());
    else app.use(one);
  }
  return supertest(app.callback());
}

/** A logger, and the lines it has written. */
export function recordingLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  return { log, lines };
}
