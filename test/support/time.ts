import { type Kysely, sql } from 'kysely';
import type { Database } from '../../src/db/tables.js';
import { eventually } from './eventually.js';

/**
 * Makes one timer of an actor due now; waits for it to be armed. A timer is a row and the row decides (invariant 6), so this is
 * how a test lets minutes or days pass: nothing sleeps and no clock is faked.
 * @param timer the delay's name in the machine, such as `nextRetry`
 * @param until what the timer does; until then it is made due again should it be armed anew
 */
export async function makeDue(
  db: Kysely<Database>,
  actorId: string,
  timer: string,
  until?: () => Promise<boolean>,
): Promise<void> {
  await eventually(`${timer} of ${actorId} is due`, async () => {
    const { numAffectedRows } = await sql`
      update runtime.timers set due_at = clock_timestamp()
      where actor_id = ${actorId} and split_part(name, '.', 3) = ${timer}`.execute(db);
    return until ? until() : numAffectedRows === 1n;
  });
}

/** Lets the pause pass after which an effect would ask again, such as about a refund that takes days; longer ones than any lease. */
export async function wake(db: Kysely<Database>, actorId: string, type: string): Promise<void> {
  await eventually(`${type} of ${actorId} pauses`, async () => {
    const { numAffectedRows } = await sql`
      update runtime.mailbox set wake_at = clock_timestamp(), lease_until = clock_timestamp()
      where actor_id = ${actorId} and type = ${type} and lease_until > clock_timestamp() + interval '30 seconds'`.execute(
      db,
    );
    return numAffectedRows === 1n;
  });
}
