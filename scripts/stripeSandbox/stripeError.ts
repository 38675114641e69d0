/** The `error` object of a Stripe response. */
export interface StripeErrorBody {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  charge?: string;
  doc_url?: string;
  payment_intent?: object;
  payment_method?: object;
}

/**
 * A refusal, answered with Stripe's status and error object.
 * `stored` ones happened after the endpoint began to execute, so Stripe replays them for their idempotency key.
 */
export class StripeError extends Error {
  readonly status: number;
  readonly body: StripeErrorBody;
  readonly stored: boolean;

  constructor(status: number, body: StripeErrorBody, stored = false) {
    super(body.message);
    this.name = 'StripeError';
    this.status = status;
    this.body = body;
    this.stored = stored;
  }
}

const docUrl = (code: string): string => `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}`;

export const invalidRequest = (message: string, param?: string, code?: string): StripeError =>
  new StripeError(400, {
    ...(code ? { code, doc_url: docUrl(code) } : {}),
    message,
    ...(param ? { param } : {}),
    type: 'invalid_request_error',
  });

/** The request was sound, but the object is in a state that does not allow it. */
export const wrongState = (message: string, code?: string, details: Partial<StripeErrorBody> = {}): StripeError =>
  new StripeError(
    400,
    { ...(code ? { code, doc_url: docUrl(code) } : {}), message, ...details, type: 'invalid_request_error' },
    true,
  );

/** Stripe answers 404 for an id in the path and 400 for one in a parameter. */
export const missingResource = (kind: string, id: string, param: string, status: 400 | 404 = 404): StripeError =>
  new StripeError(status, {
    code: 'resource_missing',
    doc_url: docUrl('resource_missing'),
    message: `No such ${kind}: '${id}'`,
    param,
    type: 'invalid_request_error',
  });

export const unauthorized = (message: string): StripeError =>
  new StripeError(401, { message, type: 'invalid_request_error' });

export const rateLimited = (): StripeError =>
  new StripeError(429, {
    code: 'rate_limit',
    doc_url: docUrl('rate_limit'),
    message: 'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
    type: 'invalid_request_error',
  });

export const apiFailure = (): StripeErrorBody => ({
  message: 'Sorry! There was an error while talking to one of our backends. Support has been notified.',
  type: 'api_error',
});

export const keyInUse = (key: string): StripeError =>
  new StripeError(409, {
    code: 'idempotency_key_in_use',
    doc_url: docUrl('idempotency_key_in_use'),
    message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
    type: 'idempotency_error',
  });

export const keyMismatch = (key: string): StripeError =>
  new StripeError(400, {
    message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
    type: 'idempotency_error',
  });
