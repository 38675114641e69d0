import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { FailureReason } from '../../../machines/payment/payment.messages.js';
import type { PaymentMethod } from '../../../machines/shared/values.js';
import {
  type ChargeRequest,
  type PaymentProvider,
  ProviderError,
  WebhookSignatureError,
} from '../../../src/services/gateway/providers/provider.js';

export interface SignedWebhook {
  rawBody: Buffer;
  signature: string;
}

/** What the contract needs to know about a provider's test environment. */
export interface ProviderHarness {
  provider: PaymentProvider;
  /** The same provider with credentials that are refused. */
  impostor: PaymentProvider;
  goodMethod: PaymentMethod;
  declines: readonly { method: PaymentMethod; failureCode: string; failureReason: FailureReason; canRetry: boolean }[];
  /** The next call that moves money gets no usable answer; `happened` says whether it takes effect all the same. */
  loseNextAnswer(how: 'silence' | 'cut' | 'serverError', happened: boolean): void;
  /** The next call is told to slow down, and does nothing. */
  throttleNextCall(): void;
  /** What was really taken, minus what went back, under an effect id or for a charge's refunds: the provider's own books. */
  taken(gatewayReferenceId: string): number;
  /** How many times money was really taken for an effect. */
  chargesOf(effectId: string): number;
  /** Every webhook sent so far, once all have arrived. */
  webhooks(): Promise<SignedWebhook[]>;
  /** The bytes signed with our secret at an instant in the past, and with a wrong secret. */
  signedAt(rawBody: Buffer, secondsAgo: number): SignedWebhook;
  signedByStranger(rawBody: Buffer): SignedWebhook;
  close(): Promise<void>;
}

/** Every provider of the registry must do all of this. */
export function describeProviderContract(name: string, start: () => Promise<ProviderHarness>): void {
  describe(`the payment provider ${name}`, () => {
    let harness: ProviderHarness;
    let provider: PaymentProvider;

    before(async () => {
      harness = await start();
      provider = harness.provider;
    });
    after(() => harness.close());

    const request = (changes: Partial<ChargeRequest> = {}): ChargeRequest => ({
      effectId: randomUUID(),
      idempotencyKey: randomUUID(),
      amount: 13_497,
      currency: 'USD',
      paymentMethod: harness.goodMethod,
      captureImmediately: true,
      metadata: { orderId: randomUUID() },
      ...changes,
    });

    const charged = async (changes: Partial<ChargeRequest> = {}): Promise<string> => {
      const outcome = await provider.charge(request(changes));
      if (outcome.kind !== 'succeeded' && outcome.kind !== 'authorized')
        throw new Error(`not charged: ${outcome.kind}`);
      return outcome.gatewayReferenceId;
    };

    const refund = (gatewayReferenceId: string, amount: number, effectId: string = randomUUID()) => ({
      effectId,
      idempotencyKey: `${effectId}:refund`,
      gatewayReferenceId,
      amount,
      currency: 'USD',
      metadata: {},
    });

    describe('charging', () => {
      it('takes exactly the amount, once', async () => {
        const asked = request();
        const outcome = await provider.charge(asked);
        expect(outcome).to.include({ kind: 'succeeded' });
        if (outcome.kind !== 'succeeded') return;
        expect(outcome.responseCode).to.not.equal('');
        expect(harness.taken(outcome.gatewayReferenceId)).to.equal(13_497);
        expect(harness.chargesOf(asked.effectId)).to.equal(1);
      });

      it('answers the same key with the same charge and takes nothing more (R-23)', async () => {
        const asked = request();
        const first = await provider.charge(asked);
        expect(await provider.charge(asked)).to.deep.equal(first);
        expect(harness.chargesOf(asked.effectId)).to.equal(1);
      });

      it('refuses a key that was used for another amount, as a fault of ours', async () => {
        const asked = request();
        await provider.charge(asked);
        const error = await provider.charge({ ...asked, amount: 1 + asked.amount }).catch((thrown: unknown) => thrown);
        expect(error).to.be.instanceOf(ProviderError).with.property('code', 'PROVIDER_KEY_REUSED');
        expect(harness.chargesOf(asked.effectId)).to.equal(1);
      });

      it('tells of refused credentials as a fault of ours, not as a decline', async () => {
        const error = await harness.impostor.charge(request()).catch((thrown: unknown) => thrown);
        expect(error).to.be.instanceOf(ProviderError).with.property('code', 'PROVIDER_CREDENTIALS_REFUSED');
      });

      it('puts every decline in our words and says whether the method may pass later (domain.md 2.7)', async () => {
        for (const { method, failureCode, failureReason, canRetry } of harness.declines) {
          const asked = request({ paymentMethod: method });
          const outcome = await provider.charge(asked);
          expect(outcome, method.token).to.include({ kind: 'declined', failureReason, failureCode, canRetry });
          expect(outcome.kind === 'declined' && outcome.failureMessage, method.token).to.be.a('string').that.is.not
            .empty;
          expect(harness.chargesOf(asked.effectId), method.token).to.equal(0);
        }
      });

      it('declines a kind of payment method that it does not serve', async () => {
        const outcome = await provider.charge(request({ paymentMethod: { type: 'bank_transfer', token: 'ba_1' } }));
        expect(outcome).to.include({ kind: 'declined', failureReason: 'invalid_payment_method', canRetry: false });
      });
    });

    describe('when the answer does not come', () => {
      for (const how of ['silence', 'cut', 'serverError'] as const) {
        it(`(${how}) does not ask again by itself, and the look-up finds the charge that happened`, async () => {
          harness.loseNextAnswer(how, true);
          const asked = request();
          const reason = how === 'serverError' ? 'server_error' : 'network_error';
          expect(await provider.charge(asked)).to.include({ kind: 'unknown', reason });
          const found = await provider.lookUpCharge({ effectId: asked.effectId, gatewayReferenceId: null });
          expect(found).to.include({ kind: 'succeeded' });
          expect(harness.chargesOf(asked.effectId)).to.equal(1);
        });

        it(`(${how}) the look-up finds nothing when nothing happened`, async () => {
          harness.loseNextAnswer(how, false);
          const asked = request();
          expect(await provider.charge(asked)).to.include({ kind: 'unknown' });
          const found = await provider.lookUpCharge({ effectId: asked.effectId, gatewayReferenceId: null });
          expect(found).to.deep.equal({ kind: 'notFound' });
          expect(harness.chargesOf(asked.effectId)).to.equal(0);
        });
      }

      it('asking again under the same key gives the charge that happened, not a second one (R-23)', async () => {
        harness.loseNextAnswer('silence', true);
        const asked = request();
        expect(await provider.charge(asked)).to.include({ kind: 'unknown' });
        expect(await provider.charge(asked)).to.include({ kind: 'succeeded' });
        expect(harness.chargesOf(asked.effectId)).to.equal(1);
      });

      it('says so when it is told to slow down', async () => {
        harness.throttleNextCall();
        expect(await provider.charge(request())).to.include({ kind: 'unknown', reason: 'rate_limited' });
      });

      it('finds a decline whose answer was lost', async () => {
        const [decline] = harness.declines;
        if (!decline) return;
        harness.loseNextAnswer('silence', true);
        const asked = request({ paymentMethod: decline.method });
        expect(await provider.charge(asked)).to.include({ kind: 'unknown' });
        const found = await provider.lookUpCharge({ effectId: asked.effectId, gatewayReferenceId: null });
        expect(found).to.include({ kind: 'declined', failureCode: decline.failureCode });
      });
    });

    describe('authorising', () => {
      it('holds the money, and takes it at the capture, which may be repeated', async () => {
        const effectId = randomUUID();
        const gatewayReferenceId = await charged({ effectId, captureImmediately: false });
        expect(harness.taken(gatewayReferenceId)).to.equal(0);
        expect(await provider.lookUpCharge({ effectId, gatewayReferenceId })).to.include({ kind: 'authorized' });
        const capture = { effectId, idempotencyKey: randomUUID(), gatewayReferenceId, amount: 10_000, currency: 'USD' };
        expect(await provider.capture(capture)).to.include({ kind: 'captured', gatewayReferenceId });
        expect(await provider.capture({ ...capture, idempotencyKey: randomUUID() })).to.include({ kind: 'captured' });
        expect(harness.taken(gatewayReferenceId)).to.equal(10_000);
        expect(await provider.lookUpCharge({ effectId, gatewayReferenceId })).to.include({ kind: 'succeeded' });
      });

      it('lets it go when voided, which may be repeated, and then captures no more', async () => {
        const effectId = randomUUID();
        const gatewayReferenceId = await charged({ effectId, captureImmediately: false });
        const voiding = { effectId, idempotencyKey: randomUUID(), gatewayReferenceId };
        expect(await provider.void(voiding)).to.include({ kind: 'voided' });
        expect(await provider.void({ ...voiding, idempotencyKey: randomUUID() })).to.include({ kind: 'voided' });
        const capture = { ...voiding, idempotencyKey: randomUUID(), amount: 13_497, currency: 'USD' };
        expect(await provider.capture(capture)).to.include({ kind: 'refused' });
        expect(await provider.lookUpCharge({ effectId, gatewayReferenceId })).to.include({
          kind: 'declined',
          canRetry: false,
        });
        expect(harness.taken(gatewayReferenceId)).to.equal(0);
      });

      it('refuses to void what has been taken', async () => {
        const gatewayReferenceId = await charged();
        const voiding = { effectId: randomUUID(), idempotencyKey: randomUUID(), gatewayReferenceId };
        expect(await provider.void(voiding)).to.include({ kind: 'refused' });
      });
    });

    describe('refunding', () => {
      it('returns a part, then the rest, and then refuses (R-32)', async () => {
        const gatewayReferenceId = await charged();
        expect(await provider.refund(refund(gatewayReferenceId, 3_497))).to.include({ kind: 'refunded' });
        expect(harness.taken(gatewayReferenceId)).to.equal(10_000);
        expect(await provider.refund(refund(gatewayReferenceId, 10_001))).to.include({ kind: 'refused' });
        expect(await provider.refund(refund(gatewayReferenceId, 10_000))).to.include({ kind: 'refunded' });
        expect(await provider.refund(refund(gatewayReferenceId, 1))).to.include({ kind: 'refused' });
        expect(harness.taken(gatewayReferenceId)).to.equal(0);
      });

      it('gives the same refund for the same key', async () => {
        const gatewayReferenceId = await charged();
        const asked = refund(gatewayReferenceId, 497);
        const first = await provider.refund(asked);
        expect(await provider.refund(asked)).to.deep.equal(first);
        expect(harness.taken(gatewayReferenceId)).to.equal(13_000);
      });

      it('finds a refund whose answer was lost, and none that did not happen', async () => {
        const gatewayReferenceId = await charged();
        const lost = refund(gatewayReferenceId, 13_497);
        harness.loseNextAnswer('silence', true);
        expect(await provider.refund(lost)).to.include({ kind: 'unknown', reason: 'network_error' });
        expect(await provider.lookUpRefund(lost)).to.include({ kind: 'refunded' });
        expect(await provider.lookUpRefund({ ...lost, effectId: randomUUID() })).to.deep.equal({ kind: 'notFound' });
        expect(harness.taken(gatewayReferenceId)).to.equal(0);
      });

      it('refuses for a charge that nobody made', async () => {
        expect(await provider.refund(refund('pi_nobody', 1))).to.include({ kind: 'refused' });
      });
    });

    describe('webhooks', () => {
      it('tell of the charge that was made, with its metadata', async () => {
        const asked = request();
        const outcome = await provider.charge(asked);
        const told = (await harness.webhooks())
          .map(({ rawBody, signature }) => provider.parseWebhook(rawBody, signature))
          .filter((event) => event.kind === 'charge')
          .filter((event) => event.effectId === asked.effectId);
        expect(told).to.not.be.empty;
        for (const event of told) {
          expect(event).to.include({ amount: 13_497, currency: 'USD' });
          expect(event.metadata).to.include(asked.metadata);
          expect(event.outcome).to.deep.equal(outcome);
          expect(Date.parse(event.occurredAt)).to.be.closeTo(Date.now(), 5000);
        }
      });

      it('tell of a decline as the answer did', async () => {
        for (const { method, failureCode, failureReason, canRetry } of harness.declines) {
          const asked = request({ paymentMethod: method });
          const outcome = await provider.charge(asked);
          const gatewayReferenceId = outcome.kind === 'declined' ? outcome.gatewayReferenceId : null;
          // What was refused before it became a charge is not told of.
          if (gatewayReferenceId === null) continue;
          const told = (await harness.webhooks())
            .map(({ rawBody, signature }) => provider.parseWebhook(rawBody, signature))
            .filter((event) => event.kind === 'charge')
            .filter((event) => event.effectId === asked.effectId);
          expect(told, method.token).to.not.be.empty;
          for (const { outcome: declined } of told) {
            expect(declined, method.token).to.include({
              kind: 'declined',
              gatewayReferenceId,
              failureReason,
              canRetry,
            });
            expect(declined.kind === 'declined' && declined.failureCode, method.token).to.equal(failureCode);
          }
        }
      });

      it('tell of a refund', async () => {
        const gatewayReferenceId = await charged();
        const asked = refund(gatewayReferenceId, 1_000);
        await provider.refund(asked);
        const told = (await harness.webhooks())
          .map(({ rawBody, signature }) => provider.parseWebhook(rawBody, signature))
          .filter((event) => event.kind === 'refund')
          .filter((event) => event.effectId === asked.effectId);
        expect(told).to.not.be.empty;
        for (const event of told) {
          expect(event).to.include({ gatewayReferenceId, amount: 1_000 });
          expect(event.outcome).to.include({ kind: 'refunded' });
        }
      });

      it('are not believed when a stranger signed them, when changed on the way, when stale, or when not signed', async () => {
        await charged();
        const [webhook] = await harness.webhooks();
        if (!webhook) throw new Error('no webhook came');
        const { rawBody, signature } = webhook;
        const stale = harness.signedAt(rawBody, 301);
        const recent = harness.signedAt(rawBody, 290);
        const forged = harness.signedByStranger(rawBody);
        const changed = Buffer.from(rawBody.toString('utf8').replace('13497', '1'));
        expect(provider.parseWebhook(recent.rawBody, recent.signature)).to.have.property('providerEventId');
        for (const [bytes, signed] of [
          [stale.rawBody, stale.signature],
          [forged.rawBody, forged.signature],
          [changed, signature],
          [rawBody, ''],
          [rawBody, 'nonsense'],
        ] as const) {
          expect(() => provider.parseWebhook(bytes, signed), signed).to.throw(WebhookSignatureError);
        }
      });
    });

    it('answers a probe, and fails it without throwing when it does not answer', async () => {
      const probe = await provider.probe();
      expect(probe).to.have.property('healthy', true);
      expect(probe.latencyMs).to.be.within(0, 5000);
      expect(await harness.impostor.probe()).to.have.property('healthy', false);
    });
  });
}
