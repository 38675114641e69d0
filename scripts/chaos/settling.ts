import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../src/db/tables.js';
import { everyActorRests } from './check/orders.js';

const lookEveryMs = 250;

/** Waits until nothing moves any more. Answers when that was (ms since the epoch), or null when it was not within `patienceMs`. */
export async function settle(db: Kysely<Database>, patienceMs: number, signal: AbortSignal): Promise<number | null> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; ) {
    if (await isSettled(db)) return Date.now();
    await sleep(lookEveryMs, undefined, { signal });
  }
  return null;
}

/** Whether no message is on its way, no timer is due, every public event is published, and every actor rests. */
async function isSettled(db: Kysely<Database>): Promise<boolean> {
  // A charge that may have been made is looked for again minutes later in the end; everything else that has a time is soon.
  const { rows } = await sql<{ moving: boolean }>`
    select exists (select from runtime.mailbox
        where not deferred and not (type = 'ReconcileCharge' and coalesce(lease_until > clock_timestamp() + interval '15 seconds', false)))
      or exists (select from runtime.timers where clock_id is null and due_at <= clock_timestamp())
      or exists (select from runtime.event_log e, runtime.publisher p where (e.xid, e.seq) > (p.xid, p.seq)) as moving`.execute(
    db,
  );
  return !rows[0]?.moving && (await everyActorRests({ db })).length === 0;
}
