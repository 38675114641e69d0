import { expect } from 'chai';
import Stripe from 'stripe';
import { failureReason } from '../../../machines/payment/payment.messages.js';
import { type StripeSandbox, startStripeSandbox } from '../../../scripts/stripeSandbox/server.js';
import { retryability } from '../../../src/services/gateway/providers/retryability.js';
import { createStripeProvider } from '../../../src/services/gateway/providers/stripe.js';
import { fromStripeAmount, toStripeAmount } from '../../../src/services/gateway/providers/stripeAmount.js';
import { failureReasonOf, failureReasons } from '../../../src/services/gateway/providers/stripeDeclines.js';
import { failedLookUp } from '../../../src/services/gateway/providers/stripeFailures.js';
import { declined } from '../../../src/services/gateway/providers/stripeOutcomes.js';
import { startWebhookReceiver } from './webhookReceiver.js';

describe("Stripe's amounts", () => {
  it('are our minor units, zero-decimal JPY included', () => {
    expect(toStripeAmount(13_497, 'USD')).to.equal(13_497);
    expect(toStripeAmount(500, 'JPY')).to.equal(500);
  });

  it('count ISK and UGX in hundredths and MGA in wholes', () => {
    expect(toStripeAmount(5, 'ISK')).to.equal(500);
    expect(toStripeAmount(5, 'UGX')).to.equal(500);
    expect(toStripeAmount(500, 'MGA')).to.equal(5);
    expect(toStripeAmount(501, 'MGA')).to.equal(null);
  });

  it('want the last digit of three-decimal currencies to be 0, and are never rounded', () => {
    expect(toStripeAmount(5_120, 'BHD')).to.equal(5_120);
    expect(toStripeAmount(5_124, 'BHD')).to.equal(null);
    expect(toStripeAmount(5_124, 'KWD')).to.equal(null);
  });

  it('come back as they went', () => {
    for (const currency of ['USD', 'JPY', 'ISK', 'UGX', 'MGA', 'BHD']) {
      const there = toStripeAmount(7_000, currency);
      expect(there, currency).to.be.a('number');
      expect(fromStripeAmount(there ?? 0, currency), currency).to.equal(7_000);
    }
  });
});

describe("Stripe's declines", () => {
  it('each have a reason of the catalog, and a reason each has its retryability', () => {
    for (const reason of Object.values(failureReasons)) expect(failureReason.options).to.include(reason);
    expect(Object.keys(retryability)).to.have.members(failureReason.options);
  });

  it('are never network errors, which stand for an unknown outcome (P-13)', () => {
    expect(Object.values(failureReasons)).to.not.include('network_error');
  });

  it('are read by the decline code first, then by the error code', () => {
    expect(failureReasonOf('insufficient_funds', 'card_declined')).to.equal('insufficient_funds');
    expect(failureReasonOf('a_code_of_tomorrow', 'card_declined')).to.equal('card_declined');
    expect(failureReasonOf('', 'expired_card')).to.equal('expired_card');
    expect(failureReasonOf(undefined, 'a_code_of_tomorrow')).to.equal('other');
  });

  it('are not retried when the issuer advises against it, whatever the reason', () => {
    const refusal = { code: 'card_declined', decline_code: 'generic_decline', message: 'No.' };
    expect(declined(null, refusal)).to.have.property('canRetry', true);
    expect(declined(null, { ...refusal, advice_code: 'do_not_try_again' })).to.have.property('canRetry', false);
  });
});

describe('the Stripe adapter', () => {
  let sandbox: StripeSandbox;
  beforeEach(async () => {
    sandbox = await startStripeSandbox({ searchLagMs: 60_000 });
  });
  afterEach(async () => {
    for (const close of opened.splice(0)) await close();
    await sandbox.close();
  });
  const opened: (() => void | Promise<void>)[] = [];

  const provider = (changes: { timeoutMs?: number; apiBase?: string } = {}) => {
    const stripe = createStripeProvider({
      apiKey: 'sk_test_x',
      webhookSecret: 'whsec_x',
      apiBase: sandbox.url,
      ...changes,
    });
    opened.push(stripe.close);
    return stripe;
  };
  const charge = {
    effectId: 'effect-1',
    idempotencyKey: 'key-1',
    amount: 4_999,
    currency: 'USD',
    paymentMethod: { type: 'card' as const, token: 'pm_card_visa' },
    captureImmediately: true,
    metadata: { orderId: 'order-1' },
  };

  it('gives up on an answer after its time-out', async () => {
    sandbox.addFault({ fault: 'latency', ms: 3_000 });
    const stripe = provider({ timeoutMs: 100 });
    const startedAt = Date.now();
    expect(await stripe.charge(charge)).to.include({ kind: 'unknown', reason: 'network_error' });
    expect(Date.now() - startedAt).to.be.below(1_500);
  });

  it('makes one request and no more when the connection is cut', async () => {
    sandbox.addFault({ fault: 'cut_connection_after_success', match: { times: 1 } });
    const stripe = provider();
    expect(await stripe.charge(charge)).to.include({ kind: 'unknown', reason: 'network_error' });
    expect(sandbox.ledger()).to.have.lengthOf(1);
  });

  it('calls an outcome unknown while the first request of its key is still running', async () => {
    sandbox.addFault({ fault: 'latency', ms: 300, match: { times: 1 } });
    const stripe = provider();
    const [first, second] = await Promise.all([stripe.charge(charge), stripe.charge(charge)]);
    expect([first.kind, second.kind]).to.have.members(['succeeded', 'unknown']);
    expect(sandbox.chargedByOrder()).to.deep.equal({ 'order-1': 4_999 });
  });

  it('charges once although search has not seen the first charge yet: the same key answers for it', async () => {
    sandbox.addFault({ fault: 'timeout_after_success', match: { times: 1 } });
    const stripe = provider({ timeoutMs: 100 });
    expect(await stripe.charge(charge)).to.include({ kind: 'unknown' });
    expect(await stripe.lookUpCharge({ effectId: 'effect-1', gatewayReferenceId: null })).to.include({
      kind: 'notFound',
    });
    expect(await stripe.charge(charge)).to.include({ kind: 'succeeded' });
    expect(sandbox.chargedByOrder()).to.deep.equal({ 'order-1': 4_999 });
  });

  it('does not take trouble with the look-up for proof that nothing happened', async () => {
    sandbox.addFault({ match: { method: 'GET' }, fault: 'error_500' });
    const stripe = provider();
    const found = await stripe.lookUpCharge({ effectId: 'effect-1', gatewayReferenceId: null });
    expect(found).to.include({ kind: 'unknown', reason: 'server_error' });
  });

  it('takes only the word that there is no such thing for proof of it', () => {
    const refusal = { type: 'invalid_request_error' as const, message: 'No.' };
    const missing = new Stripe.errors.StripeInvalidRequestError({ ...refusal, code: 'resource_missing' });
    expect(failedLookUp(missing)).to.deep.equal({ kind: 'notFound' });
    const unsearchable = new Stripe.errors.StripeInvalidRequestError({ ...refusal, code: 'parameter_invalid' });
    expect(failedLookUp(unsearchable)).to.include({ kind: 'unknown' });
  });

  it('finds, of several charges for one effect, the one that took money', async () => {
    const declinedCard = { type: 'card' as const, token: 'pm_card_chargeDeclined' };
    await sandbox.close();
    sandbox = await startStripeSandbox();
    const stripe = provider();
    for (const [index, paymentMethod] of [declinedCard, charge.paymentMethod, declinedCard].entries()) {
      await stripe.charge({ ...charge, idempotencyKey: `key-${index}`, paymentMethod });
    }
    expect(await stripe.lookUpCharge({ effectId: 'effect-1', gatewayReferenceId: null })).to.include({
      kind: 'succeeded',
    });
  });

  it("tells amounts in our minor units where Stripe's differ", async () => {
    const receiver = await startWebhookReceiver();
    opened.push(receiver.close);
    sandbox.setWebhookEndpoint({ url: receiver.url, secret: 'whsec_x' });
    const stripe = provider();
    expect(await stripe.charge({ ...charge, amount: 500, currency: 'ISK' })).to.include({ kind: 'succeeded' });
    expect(sandbox.chargedByOrder()).to.deep.equal({ 'order-1': 50_000 });
    await sandbox.webhooksSettled();
    for (const { rawBody, signature } of receiver.received) {
      expect(stripe.parseWebhook(rawBody, signature)).to.include({ kind: 'charge', amount: 500, currency: 'ISK' });
    }
    expect(receiver.received).to.not.be.empty;
  });

  it('declines what Stripe cannot charge exactly, without asking it', async () => {
    const stripe = provider();
    const outcome = await stripe.charge({ ...charge, amount: 5_124, currency: 'BHD' });
    expect(outcome).to.include({ kind: 'declined', failureCode: 'amount_not_representable', canRetry: false });
    expect(sandbox.ledger()).to.have.lengthOf(0);
  });

  it('declines for good what Stripe refuses as too small', async () => {
    const stripe = provider();
    const outcome = await stripe.charge({ ...charge, amount: 1 });
    expect(outcome).to.include({
      kind: 'declined',
      failureReason: 'other',
      failureCode: 'amount_too_small',
      canRetry: false,
    });
  });

  it('says that a provider that is not there is not healthy', async () => {
    const stripe = provider({ apiBase: 'http://127.0.0.1:9' });
    expect(await stripe.probe()).to.have.property('healthy', false);
    expect(await stripe.charge(charge)).to.include({ kind: 'unknown', reason: 'network_error' });
  });

  it('knows a pending refund from a settled one', async () => {
    const stripe = provider();
    const charged = await stripe.charge({ ...charge, paymentMethod: { type: 'card', token: 'pm_card_pendingRefund' } });
    if (charged.kind !== 'succeeded') throw new Error(charged.kind);
    const { gatewayReferenceId } = charged;
    const refund = {
      effectId: 'refund-1',
      idempotencyKey: 'refund-1',
      gatewayReferenceId,
      amount: 4_999,
      currency: 'USD',
      metadata: {},
    };
    expect(await stripe.refund(refund)).to.include({ kind: 'pending' });
    expect(await stripe.lookUpRefund(refund)).to.include({ kind: 'pending' });
  });
});
