import type { Kysely } from 'kysely';
import type { Database } from '../db/tables.js';
import type { Lane } from './lane.js';
import { backlog } from './lane.js';
import type { Routing } from './routing.js';
import type { DirectResult } from './work.js';

/** A command as it comes from a request. */
export interface AcceptRequest {
  readonly type: string;
  readonly data: unknown;
  /** UUIDv7 of the message; a request that is repeated under the same idempotency key repeats it. */
  readonly id: string;
  readonly correlationId: string;
  readonly clockId?: string | null;
}

/** What the command did, once its transaction is committed. */
export type Accepted = DirectResult;

export interface Acceptor {
  /**
   * Gives a command to its actor or handler in one transaction and answers what it did.
   * @throws {BacklogFullError} when more messages wait than FlowMart wants to hold
   * @throws {FatalError} UNKNOWN_MESSAGE, INVALID_PAYLOAD
   */
  accept(request: AcceptRequest): Promise<Accepted>;
}

/** FlowMart has enough to do; come back in `retryAfterSeconds`. */
export class BacklogFullError extends Error {
  constructor(readonly retryAfterSeconds: number) {
    super('more work is waiting than can be taken on now');
    this.name = 'BacklogFullError';
  }
}

/** Keeps an eye on the backlog: counts at most once a second, however many requests ask. */
export class BacklogGauge {
  readonly #db: Kysely<Database>;
  readonly #limit: number;
  #count = 0;
  #countedAt = Number.NEGATIVE_INFINITY;
  #counting: Promise<void> | null = null;

  constructor(db: Kysely<Database>, limit: number) {
    this.#db = db;
    this.#limit = limit;
  }

  /** The last count; at most `limit + 1`. */
  get count(): number {
    this.#refresh();
    return this.#count;
  }

  get full(): boolean {
    return this.count > this.#limit;
  }

  #refresh(): void {
    if (this.#counting || performance.now() - this.#countedAt < 1000) return;
    this.#counting = backlog({ db: this.#db }, this.#limit)
      .then((count) => {
        this.#count = count;
      })
      // An unreachable database shows itself in the request that follows.
      .catch(() => undefined)
      .finally(() => {
        this.#countedAt = performance.now();
        this.#counting = null;
      });
  }
}

/** Builds the acceptor of a process on its lane. */
export function createAcceptor(options: { lane: Lane; routing: Routing; gauge: BacklogGauge }): Acceptor {
  return {
    async accept(request) {
      if (options.gauge.full) throw new BacklogFullError(2);
      options.routing.check(request.type, request.data);
      const [delivery] = options.routing.route(request.type, request.data).deliveries;
      if (!delivery) throw new Error(`nobody receives ${request.type}`);
      const result = await options.lane.submit({
        recipient: delivery.recipient,
        actorId: delivery.actorId,
        direct: {
          type: request.type,
          data: request.data,
          id: request.id,
          source: '/http',
          correlationId: request.correlationId,
          causationId: null,
          clockId: request.clockId ?? null,
        },
      });
      if (!result) throw new Error(`${request.type} was drained without an answer`);
      return result;
    },
  };
}
