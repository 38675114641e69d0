import type { EffectOutcome, EffectRun } from '../../runtime/ports.js';

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
