import { BacklogFullError } from '../runtime/accept.js';
import { DomainError } from '../runtime/errors.js';
import { NewerVersionError } from '../runtime/lifecycle.js';
import { HttpProblem, problem, refusal } from './problem.js';
import type { ProblemCode } from './problemCodes.js';

const codeOfStatus: Readonly<Record<number, ProblemCode>> = {
  400: 'VALIDATION_ERROR',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  409: 'CONFLICT_ERROR',
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'UNPROCESSABLE',
  429: 'RATE_LIMITED',
};

/** What a client is told about an error: everything about its own mistakes, nothing about ours. */
export function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof DomainError) return refusal(error);
  if (error instanceof BacklogFullError) {
    const detail = 'FlowMart has enough to do right now; nothing of this request was done.';
    return problem('RATE_LIMITED', detail, {}, { 'Retry-After': String(error.retryAfterSeconds) });
  }
  if (error instanceof NewerVersionError) {
    const detail = 'A newer version of FlowMart works on this already; try again in a moment.';
    return problem('UNAVAILABLE', detail, {}, { 'Retry-After': '1' });
  }
  if (isUnavailable(error)) {
    const detail = 'A server that this needs cannot be reached; try again in a moment.';
    return problem('UNAVAILABLE', detail, {}, { 'Retry-After': '1' });
  }
  const { status, expose, message } = (error ?? {}) as { status?: unknown; expose?: unknown; message?: unknown };
  const code = typeof status === 'number' && expose === true ? codeOfStatus[status] : undefined;
  if (code) return problem(code, String(message));
  return problem('INTERNAL_ERROR', 'The request failed; the fault is ours. The request id finds it in our logs.');
}

const unavailableCodes = /^(08...|53300|57P0[123]|40001|40P01|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/;
const unavailableMessages = /^(Connection terminated|timeout exceeded when trying to connect)/;

/** Whether PostgreSQL was away, too busy or chose another transaction: the request may be sent again as it is. */
function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return (typeof code === 'string' && unavailableCodes.test(code)) || unavailableMessages.test(error.message);
}
