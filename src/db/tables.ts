import type { ColumnType, Generated } from 'kysely';

type Json = ColumnType<unknown, string, string>;
type Instant = ColumnType<Date, Date | string, Date | string>;
type Bigint = ColumnType<string, string | number | bigint, string | number | bigint>;

/** One row per message and receiver, from the commit that sent it to the commit that consumed it (invariant 3). */
export interface MailboxTable {
  seq: Generated<string>;
  id: string;
  recipient: string;
  actor_id: string;
  type: string;
  data: Json;
  source: string;
  correlation_id: string;
  causation_id: string | null;
  clock_id: string | null;
  queue: string;
  sent_at: Instant;
  wake_at: Instant;
  deferred: Generated<boolean>;
  attempts: Generated<number>;
  lease_until: Instant | null;
  in_doubt: Generated<boolean>;
  last_error: string | null;
}

/** Why every actor is where it is: one row per consumed message (invariant 7). */
export interface JournalTable {
  seq: Generated<string>;
  recipient: string;
  actor_id: string;
  version: number | null;
  machine_version: number | null;
  message_id: string;
  type: string;
  data: Json;
  correlation_id: string;
  causation_id: string | null;
  state_before: string | null;
  state_after: string | null;
  outcome: string;
  reason: string | null;
  at: Instant;
}

export interface TimersTable {
  recipient: string;
  actor_id: string;
  name: string;
  visit: number;
  due_at: Instant;
  clock_id: string | null;
  correlation_id: string;
  causation_id: string;
}

export interface DeadLettersTable {
  seq: string;
  id: string;
  recipient: string;
  actor_id: string;
  type: string;
  data: Json;
  source: string;
  correlation_id: string;
  causation_id: string | null;
  clock_id: string | null;
  queue: string;
  sent_at: Instant;
  attempts: number;
  error: string;
  died_at: Instant;
}

export interface EventLogTable {
  seq: Generated<string>;
  xid: Generated<string>;
  id: string;
  channel: string;
  type: string;
  version: string;
  source: string;
  subject: string;
  data: Json;
  correlation_id: string;
  causation_id: string | null;
  time: Instant;
}

export interface PublisherTable {
  id: number;
  xid: string;
  seq: Bigint;
  positions: Json;
}

/** Test clocks: `target` is where one is going, null while it stands still. */
export interface ClocksTable {
  id: string;
  name: string | null;
  now: Instant;
  target: Instant | null;
  created_at: Generated<Date>;
}

/** The columns that every actor table has; the rest follow from state and snapshot, by the runtime or by PostgreSQL. */
export interface ActorRow {
  id: string;
  version: number;
  machine_version: number;
  state: string;
  snapshot: Json;
  clock_id: string | null;
  correlation_id: string;
  created_at: Generated<Date>;
  updated_at: Instant;
}

export interface IdempotencyTable {
  principal: string;
  key: string;
  request_hash: string;
  resource_id: string;
  status: number | null;
  headers: Json | null;
  body: string | null;
  claimed_at: Generated<Date>;
}

/** Tables of the runtime; services add theirs by declaration merging in `src/db/tables/*.ts`. */
export interface Database {
  'runtime.mailbox': MailboxTable;
  'runtime.journal': JournalTable;
  'runtime.timers': TimersTable;
  'runtime.dead_letters': DeadLettersTable;
  'runtime.event_log': EventLogTable;
  'runtime.publisher': PublisherTable;
  'runtime.clocks': ClocksTable;
  'runtime.idempotency_keys': IdempotencyTable;
}
