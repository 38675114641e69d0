import type { z } from 'zod';
import type { Principal, Scope } from './principal.js';
import type { ProblemCode } from './problemCodes.js';

/** The part of the API that a route belongs to, as its documentation is grouped. */
export type Tag =
  | 'Orders'
  | 'Payments'
  | 'Fraud'
  | 'Inventory'
  | 'Shipments'
  | 'Notifications'
  | 'Products'
  | 'Customers'
  | 'Plans'
  | 'Subscriptions'
  | 'Billing'
  | 'Clocks';

/** A request header or preference that a route understands beyond those that all do. */
export type Understood = 'If-Match' | 'Prefer';

/** One answer that a route may give when all went well. */
export interface ResponseDefinition {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Whether people may have it as a page (`Accept: text/html`). */
  readonly page?: true;
  /** Names of headers that the answer carries. */
  readonly headers?: readonly ('Location' | 'ETag')[];
}

/** What a route is: validation and documentation are both made from this, so that they cannot differ. */
export interface RouteDefinition<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With parameters in braces: `/v1/orders/{orderId}`. */
  readonly path: `/v1/${string}`;
  readonly operationId: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly scope: Scope;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** An example body, for people. */
  readonly example?: z.input<B>;
  readonly understands?: readonly Understood[];
  readonly responses: Readonly<Record<number, ResponseDefinition>>;
  /** The problems it may answer beyond those that every route may. */
  readonly problems?: readonly ProblemCode[];
}

/** A validated request. */
export interface Call<P = unknown, Q = unknown, B = unknown> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly principal: Principal;
  readonly requestId: string;
  readonly correlationId: string;
  /**
   * The id (UUIDv7) of what the request creates and of the message that does it. A request that is repeated under its
   * idempotency key gets the id of the first, so that what that one did is not done again.
   */
  readonly resourceId: string;
  /** True when an earlier request with the same idempotency key may have done the work without its answer being stored. */
  readonly repeated: boolean;
  readonly ifMatch: string | undefined;
  /** Seconds that the client would wait for a settled result (`Prefer: wait`). */
  readonly wait: number | null;
  /** Whether the client would rather have a page than JSON (`Accept: text/html`). */
  readonly wantsPage: boolean;
  readonly ip: string;
  /** A signal that is aborted when the client goes away. */
  gone(): AbortSignal;
  /** `performance.now()` when the request came in. */
  readonly startedAt: number;
  /** Set once a command of the request is stored but not done, since its receiver is still busy with an earlier message: the answer is a 202 then. */
  isWaiting: boolean;
}

/** What is sent back. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** A page (HTML) in the place of a body. */
  readonly page?: string;
}

export type AnyRouteDefinition = RouteDefinition<z.ZodType, z.ZodType, z.ZodType>;

/** A route with its handler. */
export interface Route {
  readonly definition: AnyRouteDefinition;
  handle(call: Call): Promise<Answer>;
}

/** Declares a route; the handler's call is typed by the schemas of the definition. */
export function route<
  P extends z.ZodType = z.ZodNever,
  Q extends z.ZodType = z.ZodNever,
  B extends z.ZodType = z.ZodNever,
>(
  definition: RouteDefinition<P, Q, B>,
  handler: (call: Call<z.output<P>, z.output<Q>, z.output<B>>) => Promise<Answer>,
): Route {
  return { definition, handle: (call) => handler(call as Call<z.output<P>, z.output<Q>, z.output<B>>) };
}
