import type { FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import type { Effect, EffectOutcome, EffectRun } from '../../runtime/ports.js';
import type { AgreementOutcome, PaymentProvider, ResumptionOutcome } from './providers/provider.js';
import { again, backoff, outOfTime } from './runs.js';

type Wish = FlowmartReceived<MessagesFor<'agreements'>>;
type Outcome = AgreementOutcome | ResumptionOutcome;

/** Runs without an answer before it is given to a person (S-22, S-25). */
const MAX_RUNS = 4;

/**
 * Has every payment provider end what it agreed with a subscription's customer (S-20…S-22), or let it go on (S-25), and says
 * whether they all did. A provider is always asked what stands before it is asked to change it, so a run after a crash does
 * nothing twice (invariant 5).
 */
export function createAgreements({
  providers,
}: {
  readonly providers: readonly PaymentProvider[];
}): Effect<MessagesFor<'agreements'>> {
  return {
    kind: 'effect',
    leaseMs: 10_000,
    run: (message: Wish, run: EffectRun) => askAll(message, run, providers),
  };
}

async function askAll(wish: Wish, run: EffectRun, providers: readonly PaymentProvider[]): Promise<EffectOutcome> {
  for (const provider of providers) {
    if (run.expired()) return outOfTime(true);
    const outcome = await ask(provider, wish);
    if (outcome.kind === 'ended' || outcome.kind === 'resumed') continue;
    if (outcome.kind === 'unknown' && run.attempt < MAX_RUNS) return again(backoff(run), outcome.message, true);
    return answer(wish, outcome.kind === 'refused' ? outcome.failureMessage : outcome.message);
  }
  return answer(wish, null);
}

function ask(provider: PaymentProvider, { type, data }: Wish): Promise<Outcome> {
  const { subscriptionId } = data;
  if (type === 'ResumeAgreement') {
    return provider.resumeAgreement({ idempotencyKey: data.reactivationId, subscriptionId });
  }
  const atPeriodEnd = data.mode === 'period_end';
  return provider.endAgreement({ idempotencyKey: data.cancellationId, subscriptionId, atPeriodEnd });
}

/** @param failureMessage null once every provider has done it */
function answer({ type, data }: Wish, failureMessage: string | null): EffectOutcome {
  const why = failureMessage === null ? {} : { failureMessage };
  if (type === 'ResumeAgreement')
    return done(failureMessage === null ? 'AgreementResumed' : 'AgreementNotResumed', { ...data, ...why });
  const { subscriptionId, cancellationId } = data;
  return done(failureMessage === null ? 'CancellationConfirmed' : 'CancellationRejected', {
    subscriptionId,
    cancellationId,
    ...why,
  });
}

const done = (type: string, data: object): EffectOutcome => ({ kind: 'done', emit: [{ type, data }] });
