import { sql } from 'kysely';
import { describeError } from './describeError.js';
import type { Engine } from './engine.js';
import { FatalError } from './errors.js';
import { isTransient } from './outage.js';
import { backoffMs, maxAttempts } from './setAside.js';
import { type Key, lockActors, readMessages, type Taken } from './store.js';
import type { Range } from './work.js';
import { buryMessages, type Kept, keepMessages } from './writes.js';

/** How often a mailbox is looked through, at most, before it is left to the next drain. */
const maxRounds = 100;

/** None of the messages in a mailbox. */
export const nothing: Range = { from: 1n << 62n, upTo: 0n };

/** How one mailbox is drained, and who hears of a message that cannot be. */
interface Mailbox {
  /** Handles only these messages; @throws when the transaction fails. */
  readonly drain: (range: Range) => Promise<unknown>;
  readonly onPoison: (error: unknown) => void;
}

/**
 * Drains a mailbox that cannot be drained as a whole, and sets the messages at fault aside (invariant 8). Answers whether there
 * was anything in it. Others may drain it meanwhile: nobody is blamed for a failure that he was not alone in.
 * @throws the database's error when it is out of reach
 */
export async function isolate(engine: Engine, key: Key, { drain, onPoison }: Mailbox): Promise<boolean> {
  for (let round = 0; round < maxRounds; round++) {
    const seqs = await waitingIn(engine, key);
    const failure = await findFailure(seqs, drain);
    if (!failure) return round > 0 || seqs.length > 0;
    const { culprit, older, error } = failure;
    // Gone meanwhile, or somebody's backoff has just ended: begin anew.
    if (!culprit || older.some(({ deferred }) => !deferred)) continue;
    const seq = BigInt(culprit.seq);
    // One of those that were deferred may throw, once this one has brought its state about.
    if (older.length > 0 && !(await failureOf({ from: seq, upTo: seq }, drain))) continue;
    onPoison(error);
    const parked = await setAside(engine, key, culprit.seq, error);
    // In backoff it holds up what was sent after it.
    if (!parked) return true;
  }
  return true;
}

/** Sequence numbers of the messages in a mailbox, in the order in which they were sent. */
async function waitingIn(engine: Engine, key: Key): Promise<bigint[]> {
  const { rows } = await sql<{ seq: string }>`
    select seq from runtime.mailbox where actor_id = ${key.actorId} and recipient = ${key.recipient} order by seq`.execute(
    engine.db,
  );
  return rows.map((row) => BigInt(row.seq));
}

interface Failure {
  /** The message up to which the mailbox could not be drained, if it still was there. */
  readonly culprit: Taken | undefined;
  /** Those before it that were still waiting. */
  readonly older: readonly Taken[];
  readonly error: unknown;
}

/** Finds the first message that a mailbox cannot be drained up to, by halving: what stands before it is drained on the way. */
async function findFailure(seqs: readonly bigint[], drain: Mailbox['drain']): Promise<Failure | null> {
  let suspects = seqs;
  let last: Failure | null = null;
  while (suspects.length > 0) {
    const half = (suspects.length + 1) >> 1;
    const failure = await failureOf({ from: 0n, upTo: suspects[half - 1] as bigint }, drain);
    last = failure ?? last;
    suspects = failure ? suspects.slice(0, half - 1) : suspects.slice(half);
  }
  return last;
}

async function failureOf(range: Range, drain: Mailbox['drain']): Promise<Failure | null> {
  let chosen: readonly Taken[] = [];
  try {
    await drain({
      ...range,
      saw: (taken) => {
        chosen = taken;
      },
    });
    return null;
  } catch (error) {
    if (isTransient(error)) throw error;
    const culprit = chosen.find(({ seq }) => BigInt(seq) === range.upTo);
    return { culprit, older: chosen.filter((one) => one !== culprit), error };
  }
}

/** Sets a message aside: backoff, or dead letters after {@link maxAttempts}. Answers whether it was parked for good. */
async function setAside(engine: Engine, key: Key, seq: string, error: unknown): Promise<boolean> {
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
