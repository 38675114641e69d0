import { sql } from 'kysely';
import { backoffMs, describeError, type Engine, maxAttempts } from './drain.js';
import { FatalError } from './errors.js';
import { buryMessages, type Kept, type Key, keepMessages, lockActors, readMessages } from './store.js';

/** Sequence numbers of the messages in a mailbox, in the order in which they were sent. */
export async function waitingIn(engine: Engine, key: Key): Promise<string[]> {
  const { rows } = await sql<{ seq: string }>`
    select seq from runtime.mailbox where actor_id = ${key.actorId} and recipient = ${key.recipient} order by seq`.execute(
    engine.db,
  );
  return rows.map((row) => row.seq);
}

/**
 * Finds the one message because of which a mailbox cannot be drained (invariant 8), by halving: what stands before it is drained
 * on the way. Answers its sequence number and its error, or null when everything could be drained after all.
 * @param drainUpTo drains the mailbox up to and with a sequence number
 */
export async function findCulprit(
  seqs: readonly string[],
  drainUpTo: (seq: string) => Promise<unknown>,
): Promise<{ seq: string; error: unknown } | null> {
  let suspects = seqs;
  let last: { seq: string; error: unknown } | null = null;
  while (suspects.length > 0) {
    const half = (suspects.length + 1) >> 1;
    const seq = suspects[half - 1] as string;
    try {
      await drainUpTo(seq);
      suspects = suspects.slice(half);
    } catch (error) {
      last = { seq, error };
      suspects = suspects.slice(0, half - 1);
    }
  }
  return last;
}

/** Sets a message aside: backoff, or dead letters after {@link maxAttempts}. Answers whether it was parked for good. */
export async function setAside(engine: Engine, key: Key, seq: string, error: unknown): Promise<boolean> {
  return engine.db.transaction().execute(async (trx) => {
    await lockActors(trx, [key]);
    const { now, taken } = await readMessages(trx, [key]);
    const culprit = taken.find((one) => one.seq === seq);
    const attempts = (culprit?.attempts ?? 0) + 1;
    const parked = error instanceof FatalError || attempts >= maxAttempts;
    const wakeAt = parked ? null : new Date(now.getTime() + backoffMs(attempts));
    const kept: Kept[] = taken
      .filter((one) => one !== culprit)
      .map((one) => ({
        taken: one,
        deferred: one.deferred,
        attempts: one.attempts,
        error: one.lastError,
        wakeAt: one.heldUntil ?? wakeAt,
        held: one.heldUntil !== null,
      }));
    if (culprit) {
      const text = describeError(error);
      if (parked) await buryMessages(trx, [{ taken: culprit, attempts, error: text }]);
      else kept.push({ taken: culprit, deferred: false, attempts, error: text, wakeAt, held: true });
    }
    await keepMessages(trx, kept);
    return parked;
  });
}
