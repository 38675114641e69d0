import type { Kysely } from 'kysely';
import type { Database } from '../db/tables.js';
import type { Participant } from './ports.js';
import type { Routing } from './routing.js';

/** What a drain works with. */
export interface Engine {
  readonly db: Kysely<Database>;
  readonly participants: Readonly<Record<string, Participant>>;
  readonly routing: Routing;
  /** ms after which the sweeper wakes a message that nobody fetched. */
  readonly wakeAfterMs: number;
  /**
   * Whom this process serves: what is sent to them is handled in the transaction that sends it, without a mailbox or a queue in
   * between. Nobody, when it is left out.
   */
  readonly serves?: (recipient: string) => boolean;
}
