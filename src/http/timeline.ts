import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import { uuids } from '../db/arrays.js';
import type { Database } from '../db/tables.js';
import type { JournalRow } from './journalRow.js';
import { instantSchema, uuidSchema } from './schemas.js';
import { causalOrder, relatedTo } from './timelineOrder.js';
import { sentenceOf } from './timelineSentences.js';

const entrySchema = z
  .strictObject({
    at: instantSchema,
    actor: z.strictObject({ type: z.string(), id: uuidSchema }).meta({ description: 'Who consumed the message.' }),
    message: z.strictObject({ id: uuidSchema, type: z.string() }),
    causationId: uuidSchema.nullable().meta({ description: 'The message that led to this one; null for a request.' }),
    correlationId: uuidSchema.meta({ description: 'The request that everything descends from.' }),
    from: z.string().nullable(),
    to: z.string().nullable(),
    outcome: z.string().meta({ description: '`applied`, `handled`, `settled`, `ignored` or `refused`.' }),
    reason: z.string().nullable(),
    sentence: z.string().meta({ description: 'The same for people.' }),
  })
  .meta({ id: 'TimelineEntry' });

/** The story of something, by the field that names it. */
export const timelineOf = (subject: 'orderId' | 'subscriptionId') =>
  z.strictObject({ [subject]: uuidSchema, entries: z.array(entrySchema) });

export type TimelineEntry = z.output<typeof entrySchema>;

/** More entries than any order's story has; a bound for requests that share one correlation id among thousands of orders. */
const maxRows = 10_000;

/** Tells the story of some actors: what everybody did in the requests that touched them, causes first. */
export async function readTimeline(db: Kysely<Database>, actorIds: readonly string[]): Promise<TimelineEntry[]> {
  const { rows } = await sql<JournalRow>`
    select seq::float8 as seq, recipient, actor_id as "actorId", message_id as "messageId", type, data,
      correlation_id as "correlationId", causation_id as "causationId", state_before as "from", state_after as "to",
      outcome, reason, at
    from runtime.journal
    where correlation_id in (select correlation_id from runtime.journal where actor_id = any(${uuids(actorIds)})) and outcome <> 'checkpoint'
    order by at desc, seq desc limit ${maxRows}`.execute(db);
  return causalOrder(relatedTo(rows.reverse(), new Set(actorIds))).map(toEntry);
}

const toEntry = (row: JournalRow): TimelineEntry => ({
  at: row.at.toISOString(),
  actor: { type: row.recipient, id: row.actorId },
  message: { id: row.messageId, type: row.type },
  causationId: row.causationId,
  correlationId: row.correlationId,
  from: row.from,
  to: row.to,
  outcome: row.outcome,
  reason: row.reason,
  sentence: sentenceOf(row),
});
