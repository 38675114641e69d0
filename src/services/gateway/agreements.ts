import type { FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import type { Effect, EffectOutcome, EffectRun } from '../../runtime/ports.js';
import type { AgreementOutcome, PaymentProvider } from './providers/provider.js';
import { again, backoff, outOfTime } from './runs.js';

type ConfirmCancellation = FlowmartReceived<MessagesFor<'agreements'>>;

/** Runs without an answer before the cancellation is given back to a person (S-22). */
const MAX_RUNS = 4;

/**
 * Has every payment provider end what it agreed with a subscription's customer, and says whether they all did (S-20…S-22). A
 * provider is always asked what stands before it is asked to end it, so a run after a crash does nothing twice (invariant 5).
 */
export function createAgreements({
  providers,
}: {
  readonly providers: readonly PaymentProvider[];
}): Effect<MessagesFor<'agreements'>> {
  return {
    kind: 'effect',
    leaseMs: 10_000,
    run: (message: ConfirmCancellation, run: EffectRun) => end(message, run, providers),
  };
}

async function end(
  { data: { subscriptionId, cancellationId, mode } }: ConfirmCancellation,
  run: EffectRun,
  providers: readonly PaymentProvider[],
): Promise<EffectOutcome> {
  for (const provider of providers) {
    if (run.expired()) return outOfTime(true);
    const request = { idempotencyKey: cancellationId, subscriptionId, atPeriodEnd: mode === 'period_end' };
    const outcome = await provider.endAgreement(request);
    if (outcome.kind === 'ended') continue;
    if (outcome.kind === 'unknown' && run.attempt < MAX_RUNS) return again(backoff(run), outcome.message, true);
    return done('CancellationRejected', { subscriptionId, cancellationId, failureMessage: messageOf(outcome) });
  }
  return done('CancellationConfirmed', { subscriptionId, cancellationId });
}

const messageOf = (outcome: Exclude<AgreementOutcome, { kind: 'ended' }>): string =>
  outcome.kind === 'refused' ? outcome.failureMessage : outcome.message;

const done = (type: string, data: object): EffectOutcome => ({ kind: 'done', emit: [{ type, data }] });
