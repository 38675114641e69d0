import { expect } from 'chai';
import { type StripeSandbox, startStripeSandbox } from '../../../scripts/stripeSandbox/server.js';
import { sandboxStripeKey } from '../../../src/config.js';
import type { EffectOutcome, EffectRun } from '../../../src/runtime/ports.js';
import { createAgreements } from '../../../src/services/gateway/agreements.js';
import { createStripeProvider } from '../../../src/services/gateway/providers/stripe.js';
import { at, id, message } from '../../machines/given.js';
import { agreeAtStripe, agreementsAtStripe } from '../../support/agreements.js';
import { ScriptedProvider, silence } from './scriptedProvider.js';

const subscriptionId = id('subscription');
const cancellationId = id('cancellation');
const confirm = (mode: 'period_end' | 'immediate' = 'period_end') =>
  message('ConfirmCancellation', { subscriptionId, customerId: id('customer'), cancellationId, mode });
const nth = (attempt: number, expired = false): EffectRun => ({
  attempt,
  lookUp: attempt > 1,
  expired: () => expired,
  now: () => at(),
});
const saidBy = (outcome: EffectOutcome) =>
  outcome.kind === 'done' ? outcome.emit.map(({ type }) => type) : outcome.kind;

describe('ending what a provider has agreed with a subscriber', () => {
  let stripe: ScriptedProvider;
  let paypal: ScriptedProvider;
  beforeEach(() => {
    stripe = new ScriptedProvider('stripe');
    paypal = new ScriptedProvider('paypal');
  });
  const run = (how: EffectRun = nth(1), mode?: 'period_end' | 'immediate') =>
    createAgreements({ providers: [stripe, paypal] }).run(confirm(mode), how, undefined);

  it('asks every provider, and is confirmed once all have said so (S-20)', async () => {
    stripe.agreements.push({ kind: 'ended', found: 1 });
    paypal.agreements.push({ kind: 'ended', found: 0 });
    expect(await run()).to.deep.equal({
      kind: 'done',
      emit: [{ type: 'CancellationConfirmed', data: { subscriptionId, cancellationId } }],
    });
    expect(stripe.calls).to.deep.equal([`end agreement of ${subscriptionId} with its period`]);
    expect(paypal.calls).to.have.length(1);
  });

  it('is rejected when one refuses, in its words (S-22)', async () => {
    stripe.agreements.push({ kind: 'refused', failureCode: 'locked', failureMessage: 'Under review.' });
    expect(await run(nth(1), 'immediate')).to.deep.equal({
      kind: 'done',
      emit: [
        { type: 'CancellationRejected', data: { subscriptionId, cancellationId, failureMessage: 'Under review.' } },
      ],
    });
    expect(stripe.calls).to.deep.equal([`end agreement of ${subscriptionId} at once`]);
  });

  it('asks again a few times when nobody answers, with growing pauses, and then gives it to a person (S-22)', async () => {
    stripe.agreements.push(silence, silence, silence, silence);
    const pauses: number[] = [];
    for (const attempt of [1, 2, 3]) {
      const outcome = await run(nth(attempt));
      expect(outcome).to.include({ kind: 'again', unknown: true });
      if (outcome.kind === 'again') pauses.push(outcome.afterMs);
    }
    expect(pauses).to.deep.equal([1_000, 2_000, 4_000]);
    expect(saidBy(await run(nth(4)))).to.deep.equal(['CancellationRejected']);
  });

  it('asks nobody once its claim has run out', async () => {
    expect(saidBy(await run(nth(1, true)))).to.equal('again');
    expect(stripe.calls).to.deep.equal([]);
  });
});

describe('resuming what a provider was told to end', () => {
  const reactivationId = id('reactivation');
  const wish = message('ResumeAgreement', { subscriptionId, customerId: id('customer'), reactivationId });
  const about = { subscriptionId, customerId: id('customer'), reactivationId };
  let stripe: ScriptedProvider;
  beforeEach(() => {
    stripe = new ScriptedProvider('stripe');
  });
  const run = (attempt: number) => createAgreements({ providers: [stripe] }).run(wish, nth(attempt), undefined);

  it('asks under the id of the wish, and says that it is done (S-25)', async () => {
    stripe.resumptions.push({ kind: 'resumed', found: 1 });
    expect(await run(1)).to.deep.equal({ kind: 'done', emit: [{ type: 'AgreementResumed', data: about }] });
    expect(stripe.calls).to.deep.equal([`resume agreement of ${subscriptionId} as ${reactivationId}`]);
  });

  it('is given to a person when the provider refuses, or does not answer four times (S-25)', async () => {
    const no = (failureMessage: string) => ({
      kind: 'done',
      emit: [{ type: 'AgreementNotResumed', data: { ...about, failureMessage } }],
    });
    stripe.resumptions.push({ kind: 'refused', failureCode: 'locked', failureMessage: 'Under review.' }, silence);
    expect(await run(1)).to.deep.equal(no('Under review.'));
    expect(saidBy(await run(3))).to.equal('again');
    stripe.resumptions.push(silence);
    expect(await run(4)).to.deep.equal(no(silence.message));
  });
});

describe('agreements at Stripe', () => {
  let sandbox: StripeSandbox;
  let stripe: ReturnType<typeof createStripeProvider>;
  before(async () => {
    sandbox = await startStripeSandbox({});
    const options = { apiKey: sandboxStripeKey, apiBase: sandbox.url, timeoutMs: 300, webhookSecret: 'whsec_x' };
    stripe = createStripeProvider(options);
  });
  beforeEach(() => sandbox.clearFaults());
  after(async () => {
    stripe.close();
    await sandbox.close();
  });

  const agree = (ours: string) => agreeAtStripe(sandbox, ours);
  const states = (ours: string) => agreementsAtStripe(sandbox, ours);
  const end = (ours: string, atPeriodEnd: boolean) =>
    stripe.endAgreement({ idempotencyKey: `${ours} end`, subscriptionId: ours, atPeriodEnd });

  const resume = (ours: string) => stripe.resumeAgreement({ idempotencyKey: `${ours} resume`, subscriptionId: ours });

  it('has nothing to end where there is none', async () => {
    expect(await end(id('nobody'), true)).to.deep.equal({ kind: 'ended', found: 0 });
  });

  it('ends one with its period, or at once, and nobody else’s', async () => {
    for (const name of ['a', 'b', 'c']) await agree(id(name));
    expect(await end(id('a'), true)).to.deep.equal({ kind: 'ended', found: 1 });
    expect(await end(id('b'), false)).to.deep.equal({ kind: 'ended', found: 1 });
    expect(states(id('a'))).to.deep.equal(['active', 'active, ending']);
    expect(states(id('b'))).to.deep.equal(['active', 'canceled']);
    expect(states(id('c'))).to.deep.equal(['active']);
  });

  it('finds after a lost answer that it is done, and ends nothing twice', async () => {
    for (const [name, atPeriodEnd] of [['d', true] as const, ['e', false] as const]) {
      const agreement = await agree(id(name));
      const match = { method: atPeriodEnd ? ('POST' as const) : ('DELETE' as const), times: 1 };
      sandbox.addFault({ match: { ...match, path: `/v1/subscriptions/${agreement}` }, fault: 'timeout_after_success' });
      expect(await end(id(name), atPeriodEnd)).to.include({ kind: 'unknown' });
      expect(await end(id(name), atPeriodEnd)).to.deep.equal({ kind: 'ended', found: 0 });
      expect(states(id(name))).to.have.length(2);
    }
  });

  it('resumes one that ends with its period, and nobody else’s, nor one that is over (S-25)', async () => {
    for (const name of ['g', 'h', 'i']) await agree(id(name));
    await end(id('g'), true);
    await end(id('h'), false);
    await end(id('i'), true);
    expect(await resume(id('g'))).to.deep.equal({ kind: 'resumed', found: 1 });
    expect(await resume(id('h'))).to.deep.equal({ kind: 'resumed', found: 0 });
    expect(states(id('g'))).to.deep.equal(['active', 'active, ending', 'active']);
    expect(states(id('h'))).to.deep.equal(['active', 'canceled']);
    expect(states(id('i'))).to.deep.equal(['active', 'active, ending']);
  });

  it('finds after a lost answer that it goes on, and resumes nothing twice (S-25)', async () => {
    const agreement = await agree(id('j'));
    await end(id('j'), true);
    const match = { method: 'POST' as const, path: `/v1/subscriptions/${agreement}`, times: 1 };
    sandbox.addFault({ match, fault: 'timeout_after_success' });
    expect(await resume(id('j'))).to.include({ kind: 'unknown' });
    expect(await resume(id('j'))).to.deep.equal({ kind: 'resumed', found: 0 });
    expect(states(id('j'))).to.deep.equal(['active', 'active, ending', 'active']);
  });

  it('does not know when Stripe does not answer', async () => {
    sandbox.addFault({ match: { times: 1 }, fault: 'error_500' });
    expect(await end(id('f'), true)).to.include({ kind: 'unknown', reason: 'server_error' });
  });
});
