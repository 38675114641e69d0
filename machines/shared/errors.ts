/** A rule of the domain said no; `code` is stable and meant for programs, the message for people. Only the HTTP edge knows status codes. */
export class DomainError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'DomainError';
  }
}

/** No retry can mend this: a payload against its schema, a snapshot of an unknown state. The message goes to dead letters at once. */
export class FatalError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'FatalError';
  }
}
