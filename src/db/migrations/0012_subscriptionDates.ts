import { type Kysely, sql } from 'kysely';
import { contextText } from '../actorTable.js';

/** Shows since when a subscription gives access, and when the access ended or will end; null while it goes on. */
export async function up(db: Kysely<never>): Promise<void> {
  const cancelled = contextText('cancellation', 'effectiveAt');
  const unpaidFrom = contextText('period', 'end');
  await sql`
    alter table subscriptions.subscriptions
      add column started_at text generated always as (${sql.raw(contextText('startedAt'))}) stored,
      add column ends_at text generated always as (
        coalesce(${sql.raw(cancelled)}, case when state in ('suspended', 'expired') then ${sql.raw(unpaidFrom)} end)) stored`.execute(
    db,
  );
}
