import Router from '@koa/router';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { HttpMiddleware, HttpState } from './middleware/httpState.js';

/** Reads something and puts it into the metrics; called when they are asked for, not more often than every few seconds. */
export type Collector = () => Promise<void>;

/** What is measured in this process, and what it reads for those who ask. */
export interface Metrics {
  readonly registry: Registry;
  /** from the request to the answer that says the order is accepted, waiting that the client asked for not counted. */
  readonly orderCreation: Histogram;
  /** Measures every request. */
  readonly requests: HttpMiddleware;
  /** Adds what is read when somebody asks. */
  collect(collector: Collector, everyMs: number): void;
  /** `/metrics` in Prometheus' text format. */
  readonly router: Router<HttpState>;
}

/** Builds the metrics of one process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const orderCreation = new Histogram({
    name: 'order_creation_latency_seconds',
    help: 'From the request to its answer with the accepted order (promise: below 2 s).',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Requests by route and how they ended.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  const failures = new Counter({
    name: 'metrics_collection_failures_total',
    help: 'Times that something could not be read for these metrics; what it would have shown is old.',
    registers: [registry],
  });
  const collectors: Collector[] = [];
  const router = new Router<HttpState>();
  router.get('/metrics', async (ctx) => {
    await Promise.all(collectors.map((collect) => collect().catch(() => failures.inc())));
    ctx.body = await registry.metrics();
    ctx.set({ 'Content-Type': registry.contentType, 'Cache-Control': 'no-store' });
  });
  return {
    registry,
    orderCreation,
    router,
    requests: async (ctx, next) => {
      try {
        await next();
      } finally {
        const labels = { method: ctx.method, route: ctx.state.route ?? 'other', status: String(ctx.status) };
        durations.observe(labels, (performance.now() - ctx.state.startedAt) / 1000);
      }
    },
    collect: (collector, everyMs) => collectors.push(atMostEvery(everyMs, collector)),
  };
}

/** Several Prometheus servers, or a hasty one, cost no more than one. */
function atMostEvery(ms: number, collector: Collector): Collector {
  let last: { at: number; run: Promise<void> } | undefined;
  return () => {
    const now = performance.now();
    if (!last || now - last.at >= ms) last = { at: now, run: collector() };
    return last.run;
  };
}

/** A gauge of which each collection sets the labels that now exist. */
export function gauge(registry: Registry, name: string, help: string, labelNames: readonly string[]): Gauge {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}
