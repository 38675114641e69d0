import Router from '@koa/router';
import type { Logger } from 'pino';
import {
  type IdempotencyKeys,
  idempotencyKey,
  type OnceRequest,
  requestHash,
  type StoredAnswer,
} from './idempotency.js';
import { newId } from './ids.js';
import { readJson } from './jsonBody.js';
import type { HttpContext, HttpState } from './middleware/httpState.js';
import { preferredWait } from './prefer.js';
import { authenticate, authorise } from './principal.js';
import { problem, problemBody } from './problem.js';
import type { Answer, Call, Route } from './route.js';
import { toProblem } from './toProblem.js';
import { validate } from './validate.js';

/** What serving a route needs besides the route. */
export interface ServeOptions {
  readonly keys: IdempotencyKeys;
  readonly log: Logger;
}

/** Puts routes on a router: who asks, may they, what do they say, was it said before, and then the route's own work. */
export function routerOf(routes: readonly Route[], options: ServeOptions): Router<HttpState> {
  const router = new Router<HttpState>();
  for (const route of routes) {
    const path = route.definition.path.replace(/\{(\w+)\}/g, ':$1');
    router[route.definition.method](path, (ctx) => {
      ctx.state.route = route.definition.path;
      return serve(route, ctx, options);
    });
  }
  return router;
}

async function serve(route: Route, ctx: HttpContext & { params: unknown }, options: ServeOptions): Promise<void> {
  const { definition } = route;
  const principal = await authenticate(ctx.req.headers);
  authorise(principal, definition.scope);

  const key =
    definition.method !== 'get' ? idempotencyKey(ctx.req.headers['idempotency-key'] as string | undefined) : null;
  const json = definition.body || key ? await readJson(ctx.req) : null;
  const [params, query, body] = validate([
    { in: 'path', schema: definition.params, value: ctx.params },
    { in: 'query', schema: definition.query, value: { ...ctx.query } },
    { in: 'body', schema: definition.body, value: json?.value },
  ]);
  const wait = definition.understands?.includes('Prefer') ? preferredWait(ctx.req.headers.prefer as string) : null;
  const hasPage = Object.values(definition.responses).some(({ page }) => page);
  if (hasPage) ctx.vary('Accept');
  const call = (resourceId: string, repeated: boolean): Call => ({
    params,
    query,
    body,
    principal,
    requestId: ctx.state.requestId,
    correlationId: ctx.state.correlationId,
    resourceId,
    repeated,
    ifMatch: ctx.req.headers['if-match'],
    wait,
    wantsPage: hasPage && ctx.accepts('json', 'html') === 'html',
    ip: ctx.ip,
    gone: () => goneSignal(ctx),
    startedAt: ctx.state.startedAt,
    isWaiting: false,
  });

  if (key === null || json === null) {
    send(ctx, await answerOf(route, call(newId(), false)));
    return;
  }
  const once = { principal: principal.id, key, hash: requestHash(ctx.method, ctx.path, json.bytes) };
  await serveOnce(ctx, once, options, (resourceId, repeated) => answerOf(route, call(resourceId, repeated)));
}

/** Does the work of a request under its idempotency key, or sends the answer that it had before. */
async function serveOnce(
  ctx: HttpContext,
  once: OnceRequest,
  { keys, log }: ServeOptions,
  work: (resourceId: string, repeated: boolean) => Promise<StoredAnswer>,
): Promise<void> {
  const claim = await keys.claim(once);
  if (claim.kind === 'inFlight') {
    const detail = 'The first request with this Idempotency-Key has no answer yet; send it again in a moment.';
    throw problem('IDEMPOTENCY_IN_FLIGHT', detail, {}, { 'Retry-After': '1' });
  }
  if (claim.kind === 'reused') {
    throw problem('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key came with another method, path or body before.');
  }
  if (claim.kind === 'answered') {
    ctx.set('Idempotency-Replayed', 'true');
    send(ctx, claim.answer);
    return;
  }
  let answer: StoredAnswer;
  try {
    answer = await work(claim.resourceId, claim.repeated);
  } catch (error) {
    const found = toProblem(error);
    if (found.status >= 500 || found.status === 429) {
      await keys.release(once).catch((err: unknown) => log.warn({ err }, 'idempotency claim not released'));
      throw error;
    }
    const body = problemBody(found, { requestId: ctx.state.requestId, path: ctx.path });
    const headers = { ...found.headers, 'Content-Type': 'application/problem+json' };
    answer = { status: found.status, headers, body: JSON.stringify(body) };
  }
  // Not stored is not lost: the repetition takes the claim over and comes to the same ids.
  await keys.answer(once, answer).catch((err: unknown) => log.warn({ err }, 'idempotent answer not stored'));
  send(ctx, answer);
}

async function answerOf(route: Route, call: Call): Promise<StoredAnswer> {
  const answer = await route.handle(call);
  return toStored(call.isWaiting ? { ...answer, status: 202 } : answer);
}

function toStored({ status, headers, body, page }: Answer): StoredAnswer {
  if (page !== undefined)
    return { status, headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers }, body: page };
  if (body === undefined) return { status, headers: { ...headers }, body: '' };
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body) };
}

function send(ctx: HttpContext, { status, headers, body }: StoredAnswer): void {
  ctx.status = status;
  ctx.set({ 'Cache-Control': 'no-store', ...headers });
  ctx.body = body === '' ? null : body;
}

function goneSignal(ctx: HttpContext): AbortSignal {
  const gone = new AbortController();
  ctx.res.once('close', () => {
    if (!ctx.res.writableFinished) gone.abort();
  });
  return gone.signal;
}
