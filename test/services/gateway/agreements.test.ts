import { expect } from 'chai';
import { type StripeSandbox, startStripeSandbox } from '../../../scripts/stripeSandbox/server.js';
import { sandboxStripeKey } from '../../../src/config.js';
import type { EffectOutcome, EffectRun } from '../../../src/runtime/ports.js';
import { createAgreements } from '../../../src/services/gateway/agreements.js';
import { createStripeProvider } from '../../../src/services/gateway/providers/stripe.js';
import { at, id, message } from '../../machines/given.js';
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

describe('ending agreements at Stripe', () => {
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

  const post = async (path: string, form: Record<string, string>): Promise<string> => {
    const headers = { authorization: `Bearer ${sandboxStripeKey}` };
    const response = await fetch(`${sandbox.url}${path}`, { method: 'POST', headers, body: new URLSearchParams(form) });
    return ((await response.json()) as { id: string }).id;
  };
  const agree = async (ours: string) => {
    const customer = await post('/v1/customers', {});
    return post('/v1/subscriptions', { customer, 'metadata[subscriptionId]': ours });
  };
  const states = (agreementId: string) =>
    sandbox
      .ledger()
      .flatMap((entry) => ('agreement' in entry && entry.agreement?.id === agreementId ? [entry.agreement] : []))
      .map(({ status, cancelAtPeriodEnd }) => `${status}${cancelAtPeriodEnd ? ', ending' : ''}`);
  const end = (ours: string, atPeriodEnd: boolean) =>
    stripe.endAgreement({ idempotencyKey: `${ours} end`, subscriptionId: ours, atPeriodEnd });

  it('has nothing to end where there is none', async () => {
    expect(await end(id('nobody'), true)).to.deep.equal({ kind: 'ended', found: 0 });
  });

  it('ends one with its period, or at once, and nobody else’s', async () => {
    const [first, second, other] = [await agree(id('a')), await agree(id('b')), await agree(id('c'))];
    expect(await end(id('a'), true)).to.deep.equal({ kind: 'ended', found: 1 });
    expect(await end(id('b'), false)).to.deep.equal({ kind: 'ended', found: 1 });
    expect(states(first)).to.deep.equal(['active', 'active, ending']);
    expect(states(second)).to.deep.equal(['active', 'canceled']);
    expect(states(other)).to.deep.equal(['active']);
  });

  it('finds after a lost answer that it is done, and ends nothing twice', async () => {
    for (const [name, atPeriodEnd] of [['d', true] as const, ['e', false] as const]) {
      const agreement = await agree(id(name));
      // Cancelling is a DELETE, whose path only it has.
      sandbox.addFault({ match: { path: `/v1/subscriptions/${agreement}`, times: 1 }, fault: 'timeout_after_success' });
      expect(await end(id(name), atPeriodEnd)).to.include({ kind: 'unknown' });
      expect(await end(id(name), atPeriodEnd)).to.deep.equal({ kind: 'ended', found: 0 });
      expect(states(agreement)).to.have.length(2);
    }
  });

  it('does not know when Stripe does not answer', async () => {
    sandbox.addFault({ match: { times: 1 }, fault: 'error_500' });
    expect(await end(id('f'), true)).to.include({ kind: 'unknown', reason: 'server_error' });
  });
});
