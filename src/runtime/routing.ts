/** One receiver of a message. */
export interface Delivery {
  readonly recipient: string;
  readonly actorId: string;
  /** The queue that wakes the receiver; null when it is served inside the same transaction. */
  readonly queue: string | null;
}

/** Where a message goes, and how it looks to the outside. */
export interface Route {
  readonly deliveries: readonly Delivery[];
  /** The channel whose stream a public event is appended to. */
  readonly channel: string | null;
  /** Semantic version of the payload. */
  readonly version: string;
}

/** What the engine needs to know about messages; `queues/routing.ts` derives it from the topology. */
export interface Routing {
  /**
   * Checks a payload against the message's schema.
   * @throws {FatalError} UNKNOWN_MESSAGE or INVALID_PAYLOAD
   */
  check(type: string, data: unknown): void;
  route(type: string, data: unknown): Route;
  /** What the world outside may see of a public event's payload (invariant 10). */
  publicData(type: string, data: unknown): unknown;
  /** The queue that brings messages of this type to this recipient (for what is put back by hand or by the sweeper). */
  queueOf(type: string, recipient: string): string;
}

/** What a packet says about one waiting message: enough to find it, nothing personal (invariant 10). */
export interface Ref {
  readonly id: string;
  readonly type: string;
  readonly recipient: string;
  readonly actorId: string;
  readonly queue: string;
}
