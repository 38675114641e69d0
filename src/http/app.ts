import Koa, { type Middleware } from 'koa';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Database } from '../db/tables.js';
import type { Acceptor } from '../runtime/accept.js';
import { addDepthMetrics, type QueueDepths } from './depthMetrics.js';
import { docsRouter } from './docs.js';
import { healthRouter, type ReadinessCheck } from './health.js';
import { createIdempotencyKeys } from './idempotency.js';
import { createMetrics } from './metrics.js';
import { adminPages } from './middleware/adminPages.js';
import type { HttpState } from './middleware/httpState.js';
import { problems } from './middleware/problems.js';
import { requestId } from './middleware/requestId.js';
import { requestLog } from './middleware/requestLog.js';
import { securityHeaders } from './middleware/securityHeaders.js';
import { singleHeaders } from './middleware/singleHeaders.js';
import { openApiDocument } from './openapi.js';
import { allRoutes } from './routes.js';
import { routerOf } from './serve.js';
import { addSlaMetrics } from './slaMetrics.js';
import type { Waiter } from './waiters.js';
import { type ParseWebhook, webhooksRouter } from './webhooks.js';

export interface AppOptions {
  readonly production: boolean;
  readonly db: Kysely<Database>;
  readonly acceptor: Acceptor;
  readonly waiter: Waiter;
  /** Whether test clocks may be made and moved. */
  readonly testClocks: boolean;
  readonly log: Logger;
  /** What `/health/ready` asks, by the name it shows. */
  readonly readiness: Readonly<Record<string, ReadinessCheck>>;
  readonly parseWebhook: ParseWebhook;
  readonly queueDepths?: QueueDepths;
  /** The pages at /admin/queues, and the password in front of them; without one there are no such pages. */
  readonly admin?: { readonly pages: Middleware; readonly password: string };
}

/** FlowMart's web application. */
export function createApp(options: AppOptions): Koa<HttpState> {
  const { db, acceptor, waiter, testClocks, log } = options;
  const metrics = createMetrics();
  addDepthMetrics(metrics, db, options.queueDepths);
  addSlaMetrics(metrics, db);
  const routes = allRoutes({ db, acceptor, waiter, testClocks, orderCreation: metrics.orderCreation });

  const app = new Koa<HttpState>();
  // What goes wrong once the answer is on its way, such as a client that hangs up; everything else is a problem by then.
  app.on('error', (error: Error) => log.debug({ err: error }, 'an answer was not delivered'));
  app.use(requestId);
  app.use(requestLog(log));
  app.use(metrics.requests);
  app.use(problems(log));
  app.use(securityHeaders(options.production));
  app.use(singleHeaders);
  if (options.admin) app.use(adminPages('/admin/queues', options.admin.password, options.admin.pages));

  const routers = [
    healthRouter(options.readiness),
    metrics.router,
    docsRouter(openApiDocument(routes)),
    webhooksRouter({ db, acceptor, parseWebhook: options.parseWebhook, log }),
    routerOf(routes, { keys: createIdempotencyKeys(db), log }),
  ];
  for (const router of routers) app.use(router.routes()).use(router.allowedMethods());
  return app;
}
