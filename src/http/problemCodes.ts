interface KnownProblem {
  readonly status: number;
  readonly title: string;
}

/** Every code that an answer may carry: those of the HTTP edge, and the refusals of the domain; documented from here. */
export const problemCodes = {
  VALIDATION_ERROR: { status: 400, title: 'The request is not valid' },
  MALFORMED_BODY: { status: 400, title: 'The body is not the JSON it should be' },
  DUPLICATE_HEADER: { status: 400, title: 'A header was sent more than once' },
  INVALID_SIGNATURE: { status: 400, title: 'The signature does not match' },
  UNAUTHORIZED: { status: 401, title: 'Credentials are missing or wrong' },
  FORBIDDEN: { status: 403, title: 'Not allowed' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'The resource does not support this method' },
  CONFLICT_ERROR: { status: 409, title: 'The current state does not allow this' },
  IDEMPOTENCY_IN_FLIGHT: { status: 409, title: 'The first request with this key is still being handled' },
  PRECONDITION_FAILED: { status: 412, title: 'The resource has changed meanwhile' },
  BODY_TOO_LARGE: { status: 413, title: 'The body is too large' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'The body is of an unsupported kind' },
  UNPROCESSABLE: { status: 422, title: 'The request cannot be carried out' },
  PRICE_MISMATCH: { status: 422, title: 'A price differs from ours' },
  UNKNOWN_PRODUCT: { status: 422, title: 'A product is not for sale' },
  UNKNOWN_CUSTOMER: { status: 422, title: 'There is no such customer' },
  UNSUPPORTED_CURRENCY: { status: 422, title: 'We do not sell in this currency' },
  UNSUPPORTED_COUNTRY: { status: 422, title: 'We do not deliver to this country' },
  ORDER_TOO_LARGE: { status: 422, title: 'The order is too large' },
  IDEMPOTENCY_KEY_REUSED: { status: 422, title: 'The idempotency key belongs to another request' },
  TEST_CLOCKS_OFF: { status: 404, title: 'There are no test clocks here' },
  UNKNOWN_CLOCK: { status: 422, title: 'There is no such clock' },
  CLOCK_PAST: { status: 409, title: 'A clock goes forwards only' },
  EMAIL_TAKEN: { status: 409, title: 'The e-mail address belongs to another customer' },
  NO_FRAUD_CASE: { status: 409, title: 'Nobody is asked to decide this payment' },
  FRAUD_CASE_CLOSED: { status: 409, title: 'The case is decided' },
  UNKNOWN_STOCK_ITEM: { status: 404, title: 'There is no such stock item' },
  UNKNOWN_WAREHOUSE: { status: 422, title: 'There is no such warehouse' },
  PRODUCT_MISMATCH: { status: 422, title: 'The stock item is of another product or warehouse' },
  REASON_NOT_MANUAL: { status: 422, title: 'Only orders change stock for this reason' },
  WAREHOUSE_INACTIVE: { status: 409, title: 'The warehouse is closed' },
  WAREHOUSE_FULL: { status: 409, title: 'The warehouse has no room' },
  STOCK_ITEM_DISCONTINUED: { status: 409, title: 'The stock item is discontinued' },
  INSUFFICIENT_STOCK: { status: 409, title: 'There is not that much' },
  RESERVATIONS_OPEN: { status: 409, title: 'Orders wait for this stock' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  INTERNAL_ERROR: { status: 500, title: 'Something went wrong on our side' },
  UNAVAILABLE: { status: 503, title: 'Temporarily unavailable' },
} as const satisfies Record<string, KnownProblem>;

export type ProblemCode = keyof typeof problemCodes;
