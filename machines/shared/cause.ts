/** What every machine may know of the message that moves it: its identity and its instant. */
export interface Cause {
  /** UUIDv7 of the message; `deriveId(cause(event).id, 'purpose')` names what follows from it. */
  readonly id: string;
  /** UTC ISO 8601. */
  readonly at: string;
  readonly correlationId: string;
}

/**
 * Returns the message behind an XState event: the message itself, the creating message of an actor's first step, or the
 * timer message of an `after`, whose XState type has no payload although the runtime always gives one.
 */
export function cause(event: { readonly type: string }): Cause {
  const { input } = event as { readonly input?: Cause };
  return input ?? (event as unknown as Cause);
}
