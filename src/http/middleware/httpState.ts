import type { Middleware, ParameterizedContext } from 'koa';

/** What the middleware knows about a request besides Koa's own. */
export interface HttpState {
  requestId: string;
  /** Ties together everything that follows from the request, in whichever service. */
  correlationId: string;
  /** `performance.now()` when the request's head had been read. */
  startedAt: number;
  /** The route's path with its parameter names; absent when no route matched. */
  route?: string;
}

export type HttpContext = ParameterizedContext<HttpState>;
export type HttpMiddleware = Middleware<HttpState>;
