import { type Kysely, sql } from 'kysely';
import type { Database } from '../db/tables.js';

/** Which dead letters: all of them, or those of one message id, type or recipient. */
export interface DeadLetterFilter {
  readonly id?: string;
  readonly type?: string;
  readonly recipient?: string;
}

export interface DeadLetter {
  readonly id: string;
  readonly type: string;
  readonly recipient: string;
  readonly actorId: string;
  readonly attempts: number;
  readonly error: string;
  readonly diedAt: Date;
}

/** Lists parked messages, the oldest first. */
export async function listDeadLetters(
  db: Kysely<Database>,
  filter: DeadLetterFilter,
  limit: number,
): Promise<DeadLetter[]> {
  let query = db.selectFrom('runtime.dead_letters').selectAll().orderBy('seq').limit(limit);
  if (filter.id) query = query.where('id', '=', filter.id);
  if (filter.type) query = query.where('type', '=', filter.type);
  if (filter.recipient) query = query.where('recipient', '=', filter.recipient);
  const rows = await query.execute();
  return rows.map((row) => ({
    id: row.id,
    type: row.type,
    recipient: row.recipient,
    actorId: row.actor_id,
    attempts: row.attempts,
    error: row.error,
    diedAt: row.died_at,
  }));
}

/**
 * Puts parked messages back into their mailboxes under their old sequence numbers; the sweeper wakes them. Answers how many.
 * They are in doubt: an effect may have reached the outside before it was parked, so it is looked up first (invariant 5).
 */
export async function redrive(db: Kysely<Database>, filter: DeadLetterFilter): Promise<number> {
  const { rows } = await sql`
    with revived as (
      delete from runtime.dead_letters
      where (${filter.id ?? null}::uuid is null or id = ${filter.id ?? null}::uuid)
        and (${filter.type ?? null}::text is null or type = ${filter.type ?? null}::text)
        and (${filter.recipient ?? null}::text is null or recipient = ${filter.recipient ?? null}::text)
      returning *)
    insert into runtime.mailbox (seq, id, recipient, actor_id, type, data, source, correlation_id, causation_id, clock_id, queue, sent_at, wake_at, in_doubt)
    overriding system value
    select seq, id, recipient, actor_id, type, data, source, correlation_id, causation_id, clock_id, queue, sent_at, clock_timestamp(), true
    from revived returning seq`.execute(db);
  return rows.length;
}
