import type { DomainError } from '../runtime/errors.js';
import type { ProblemCode } from './problemCodes.js';
import { problemCodes } from './problemCodes.js';

/** One thing that is wrong with a request: where, and what. */
export interface RequestError {
  readonly in: 'body' | 'query' | 'path' | 'header';
  /** JSON pointer (RFC 6901) into that part; a header's name for headers. */
  readonly pointer: string;
  readonly detail: string;
}

/** What a problem may say beyond its code and detail. */
export interface ProblemExtras {
  readonly errors?: readonly RequestError[];
  readonly currentState?: string | null;
  readonly allowedEvents?: readonly string[];
  readonly currentVersion?: number;
  /** What the rule that refused has to say about it. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An answer with an error status, on its way out as `application/problem+json` (RFC 9457). */
export class HttpProblem extends Error {
  readonly status: number;
  readonly title: string;

  constructor(
    /** Stable, for programs; one of ours, or that of a domain rule. */
    readonly code: string,
    /** For people. */
    readonly detail: string,
    readonly extras: ProblemExtras = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.name = 'HttpProblem';
    const known = Object.hasOwn(problemCodes, code) ? problemCodes[code as ProblemCode] : undefined;
    this.status = known?.status ?? 409;
    this.title = known?.title ?? 'The request was refused';
  }
}

/** A problem of ours: `throw problem('NOT_FOUND', 'There is no such order.')`. */
export function problem(
  code: ProblemCode,
  detail: string,
  extras?: ProblemExtras,
  headers?: Readonly<Record<string, string>>,
): HttpProblem {
  return new HttpProblem(code, detail, extras, headers);
}

/** The problem that a domain rule's refusal is to a client. */
export function refusal({ code, message, details }: DomainError, extras: ProblemExtras = {}): HttpProblem {
  return new HttpProblem(code, message, Object.keys(details).length > 0 ? { details, ...extras } : extras);
}

/** The body of a problem answer. */
export function problemBody(
  thrown: HttpProblem,
  request: { requestId: string; path: string },
): Record<string, unknown> {
  return {
    type: `urn:flowmart:problem:${thrown.code.toLowerCase().replaceAll('_', '-')}`,
    title: thrown.title,
    status: thrown.status,
    detail: thrown.detail,
    instance: request.path,
    code: thrown.code,
    requestId: request.requestId,
    ...thrown.extras,
  };
}
