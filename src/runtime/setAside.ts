import { describeError } from './describeError.js';
import { FatalError } from './errors.js';
import { NewerVersionError } from './lifecycle.js';
import type { Taken } from './store.js';
import type { Kept } from './writes.js';

/** How often a message may throw before it is parked, and how long it waits in between (ms): 0.2, 0.8, 3.2, 12.8 s. */
export const maxAttempts = 5;
export const backoffMs = (attempts: number): number => 50 * 4 ** attempts;

/** The messages of one drain that are not consumed: they stay in their mailbox, or go to dead letters. */
export class SetAside {
  readonly kept: Kept[] = [];
  readonly buried: { taken: Taken; attempts: number; error: string }[] = [];

  /** Leaves a message where it is, with what is said of it changed. */
  keep(taken: Taken, change: Partial<Omit<Kept, 'taken'>> = {}): void {
    this.kept.push({
      taken,
      deferred: taken.deferred,
      attempts: taken.attempts,
      error: taken.lastError,
      wakeAt: taken.heldUntil,
      held: taken.heldUntil !== null,
      ...change,
    });
  }

  /** Sets a message aside that threw: back with backoff, whose end it answers, or to dead letters for good (invariant 8). */
  fail(taken: Taken, error: unknown, now: string): Date | null {
    // A process of the newer version takes it, however long the deployment lasts: no reason to give up, nor to wait longer and longer.
    const attempts = error instanceof NewerVersionError ? 1 : taken.attempts + 1;
    const text = describeError(error);
    if (error instanceof FatalError || attempts >= maxAttempts) {
      this.buried.push({ taken, attempts, error: text });
      return null;
    }
    const wakeAt = new Date(Date.parse(now) + backoffMs(attempts));
    this.keep(taken, { deferred: false, attempts, error: text, wakeAt, held: true });
    return wakeAt;
  }
}
