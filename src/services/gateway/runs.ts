import type { EffectOutcome } from '../../runtime/ports.js';

/** Ask again later; `unknown` when the call may have happened. */
export const again = (afterMs: number, reason: string, unknown: boolean): EffectOutcome => ({
  kind: 'again',
  afterMs,
  unknown,
  reason,
});

/** Not a call any more: somebody else may hold the claim by the time it would arrive. */
export const outOfTime = (unknown: boolean): EffectOutcome => again(0, 'The claim ran out before the call.', unknown);
