import type { EffectOutcome, EffectRun } from '../../runtime/ports.js';
import type { Unknown } from './providers/provider.js';

const BACKOFF_MS = 1_000;
const BACKOFF_MAX_MS = 60_000;

/** The pause after a run of something that is asked for until the provider has answered (ms). */
export const backoff = ({ attempt }: EffectRun): number => Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (attempt - 1));

/** Ask again later; `unknown` when the call may have happened. */
export const again = (afterMs: number, reason: string, unknown: boolean): EffectOutcome => ({
  kind: 'again',
  afterMs,
  unknown,
  reason,
});

/** Not a call any more: somebody else may hold the claim by the time it would arrive. */
export const outOfTime = (unknown: boolean): EffectOutcome => again(0, 'The claim ran out before the call.', unknown);

/** The claim ran out before a call: `inDoubt` when an earlier one may have happened. */
export interface Late {
  readonly kind: 'late';
  readonly inDoubt: boolean;
}

/** How many keys the nth run may come to: one more in each of the first eight, then one more whenever their number has doubled. */
const keysOf = ({ attempt }: EffectRun): number => (attempt <= 8 ? attempt : 8 + Math.floor(Math.log2(attempt / 8)));

/**
 * Asks for something that a look-up can find, and looks first whenever an earlier call may have gone through (invariant 5).
 * A failure of the provider's own is what its key answers from then on, so once a look-up shows that nothing has happened under it,
 * the next key is tried. The keys follow from the first one: whoever takes over goes through the same ones, and no two calls that
 * may both happen have different ones.
 * @param lookUp answers null when nothing has happened
 */
export async function askUntilAnswered<O extends { readonly kind: string }>(
  run: EffectRun,
  key: string,
  { ask, lookUp }: { ask(key: string): Promise<O | Unknown>; lookUp(): Promise<O | Unknown | null> },
): Promise<O | Unknown | Late> {
  let inDoubt = run.lookUp;
  for (let number = 1; ; number++) {
    if (run.expired()) return { kind: 'late', inDoubt };
    const found = inDoubt ? await lookUp() : null;
    if (found) return found;
    if (run.expired()) return { kind: 'late', inDoubt };
    const outcome = await ask(number === 1 ? key : `${key}-${number}`);
    if (outcome.kind !== 'unknown' || !('keyIsSpent' in outcome) || number >= keysOf(run)) return outcome;
    inDoubt = true;
  }
}
