import Router from '@koa/router';
import type { HttpState } from './middleware/httpState.js';

/** Checks one thing that FlowMart cannot work without; rejects, with a reason for people, when it is not well. */
export type ReadinessCheck = () => Promise<unknown>;

/** How long a check may take, ms. */
const patience = 2_000;

/**
 * `/health/live`: this process answers. `/health/ready`: everything it needs does, too; otherwise 503 and which part does not.
 */
export function healthRouter(checks: Readonly<Record<string, ReadinessCheck>>): Router<HttpState> {
  const router = new Router<HttpState>();
  router.get('/health/live', (ctx) => {
    ctx.body = { status: 'ok' };
  });
  router.get('/health/ready', async (ctx) => {
    const parts = Object.fromEntries(
      await Promise.all(Object.entries(checks).map(async ([name, check]) => [name, await examine(check)] as const)),
    );
    const ready = Object.values(parts).every(({ status }) => status === 'ok');
    ctx.status = ready ? 200 : 503;
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { status: ready ? 'ok' : 'unavailable', parts };
  });
  return router;
}

interface Examined {
  readonly status: 'ok' | 'failing';
  readonly ms: number;
  readonly reason?: string;
}

async function examine(check: ReadinessCheck): Promise<Examined> {
  const startedAt = performance.now();
  const ms = () => Math.round(performance.now() - startedAt);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patience} ms`)), patience);
  });
  try {
    await Promise.race([check(), late]);
    return { status: 'ok', ms: ms() };
  } catch (error) {
    return { status: 'failing', ms: ms(), reason: reasonOf(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** A connection's failure tells hosts and ports, which are nobody's business here. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string') return code;
  return typeof message === 'string' ? message.slice(0, 200) : 'failed';
}
