import { expect } from 'chai';
import { sql } from 'kysely';
import { type StripeSandbox, startStripeSandbox } from '../../../scripts/stripeSandbox/server.js';
import type { PaymentProvider } from '../../../src/services/gateway/providers/provider.js';
import { providers } from '../../../src/services/gateway/providers/registry.js';
import { storeActor } from '../../db/storeActor.js';
import { id, message } from '../../machines/given.js';
import {
  captureCharge,
  GatewayDesk,
  keyOf,
  processPayment,
  reconcileCharge,
  refundCharge,
  usd,
  voidCharge,
} from './gatewayDesk.js';
import {
  approved,
  authorized,
  canceled,
  declined,
  letGo,
  nowhere,
  returned,
  ScriptedProvider,
  silence,
  taken,
} from './scriptedProvider.js';

describe('the payment gateway', () => {
  let desk: GatewayDesk;
  let stripe: ScriptedProvider;
  let paypal: ScriptedProvider;
  let clock: number;
  let paymentId: string;
  let story = 0;

  before(async () => {
    desk = await GatewayDesk.open();
  });
  after(() => desk.close());

  const start = () =>
    desk.start({ providers: [stripe, paypal], primary: 'stripe', fallback: 'paypal', now: () => clock });

  beforeEach(async () => {
    stripe = new ScriptedProvider('stripe');
    paypal = new ScriptedProvider('paypal');
    clock = Date.parse('2026-03-02T09:00:00.000Z');
    start();
    story += 1;
    paymentId = await desk.payment(`payment ${story}`);
  });

  const reference = () => `pi_${story}`;

  describe('when charging', () => {
    it('tells of a success, and logs it (P-08)', async () => {
      stripe.charges.push(approved(reference()));
      const { emitted } = await desk.settle(processPayment(paymentId));
      expect(emitted).to.deep.equal([
        {
          type: 'ChargeSucceeded',
          data: {
            paymentId,
            attempt: 1,
            idempotencyKey: keyOf(paymentId),
            gateway: 'stripe',
            gatewayReferenceId: reference(),
            amount: usd(13497),
            responseCode: 'succeeded',
            responseMessage: 'Approved.',
          },
        },
      ]);
      expect(stripe.calls).to.deep.equal([`charge ${keyOf(paymentId)}`]);
      expect(await desk.transactions(paymentId)).to.deep.equal([
        {
          type: 'Sale',
          gateway: 'stripe',
          gateway_reference_id: reference(),
          status: 'Success',
          amount_minor: '13497',
          response_code: 'succeeded',
        },
      ]);
    });

    it('tells of a decline with what the provider said, and logs it (P-10, P-11)', async () => {
      stripe.charges.push({ ...declined(false), gatewayReferenceId: reference() } as ReturnType<typeof declined>);
      const { emitted } = await desk.settle(processPayment(paymentId));
      expect(emitted[0]?.type).to.equal('ChargeFailed');
      expect(emitted[0]?.data).to.deep.include({ failureReason: 'expired_card', canRetry: false, attempt: 1 });
      expect((await desk.transactions(paymentId))[0]).to.include({ status: 'Failure', response_code: 'expired_card' });
    });

    it('looks the outcome up after a call without an answer, and takes it (P-13)', async () => {
      stripe.charges.push(silence);
      stripe.chargeLookUps.push(approved(reference()));
      const { emitted, pauses } = await desk.settle(processPayment(paymentId));
      expect(emitted[0]?.type).to.equal('ChargeSucceeded');
      expect(stripe.calls).to.deep.equal([`charge ${keyOf(paymentId)}`, `look up ${keyOf(paymentId)}`]);
      expect(pauses).to.deep.equal([1000]);
    });

    it('asks three times, a second and two apart, then leaves it unknown (P-13, R-22)', async () => {
      stripe.charges.push(silence, silence, silence);
      stripe.chargeLookUps.push(nowhere, nowhere);
      const { emitted, pauses } = await desk.settle(processPayment(paymentId));
      expect(pauses).to.deep.equal([1000, 2000]);
      expect(emitted[0]?.data).to.deep.include({
        failureReason: 'network_error',
        canRetry: true,
        gatewayReferenceId: null,
      });
      const key = keyOf(paymentId);
      const charge = `charge ${key}`;
      expect(stripe.calls).to.deep.equal([charge, `look up ${key}`, charge, `look up ${key}`, charge]);
      expect((await desk.transactions(paymentId))[0]).to.include({ status: 'Pending', gateway_reference_id: null });
    });

    it('does not ask again while it cannot look up (invariant 5)', async () => {
      stripe.charges.push(silence);
      stripe.chargeLookUps.push(silence, silence);
      const { emitted } = await desk.settle(processPayment(paymentId));
      expect(emitted[0]?.data).to.include({ failureReason: 'network_error' });
      expect(stripe.calls.filter((call) => call.startsWith('charge'))).to.have.length(1);
    });

    it('looks up first when an earlier attempt ended unknown, whoever made it (P-13)', async () => {
      stripe.chargeLookUps.push(approved(reference()));
      await desk.settle(processPayment(paymentId, { outcomeUnknown: true }));
      expect(stripe.calls).to.deep.equal([`look up ${keyOf(paymentId)}`]);
    });

    it('looks up first when a process died in the middle of a call (invariant 5)', async () => {
      stripe.chargeLookUps.push(nowhere);
      stripe.charges.push(approved(reference()));
      await desk.run([processPayment(paymentId)], { attempt: 2, lookUp: true });
      expect(stripe.calls).to.deep.equal([`look up ${keyOf(paymentId)}`, `charge ${keyOf(paymentId)}`]);
    });

    it('does not call when the claim has run out', async () => {
      const late = { expired: () => true };
      expect(await desk.run([processPayment(paymentId)], late)).to.deep.include.members([
        { kind: 'again', afterMs: 0, unknown: false, reason: 'The claim ran out before the call.' },
      ]);
      const [doubtful] = await desk.run([processPayment(paymentId)], { ...late, lookUp: true });
      expect(doubtful).to.include({ kind: 'again', unknown: true });
      expect(stripe.calls).to.be.empty;
    });

    it('passes on what repeating cannot mend', async () => {
      stripe.charges.push(new Error('Stripe refuses the API key.'));
      const failure = await desk.run([processPayment(paymentId)]).catch((error: Error) => error.message);
      expect(failure).to.equal('Stripe refuses the API key.');
    });
  });

  describe('without a stored approval (C-66)', () => {
    it('waits for it a moment, then charges', async () => {
      desk.approved.delete(paymentId);
      const [early] = await desk.run([processPayment(paymentId)]);
      expect(early).to.deep.include({ kind: 'again', afterMs: 500, unknown: false });
      desk.approved.add(paymentId);
      stripe.charges.push(approved(reference()));
      const [charged] = await desk.run([processPayment(paymentId)], { attempt: 2 });
      expect(charged?.kind).to.equal('done');
    });

    it('refuses for good after a few moments, and calls nobody', async () => {
      desk.approved.delete(paymentId);
      const { emitted, pauses } = await desk.settle(processPayment(paymentId));
      expect(pauses).to.deep.equal([500, 500, 500]);
      expect(emitted[0]?.data).to.deep.include({
        failureReason: 'fraud_suspected',
        failureCode: 'NOT_APPROVED',
        canRetry: false,
      });
      expect(stripe.calls).to.be.empty;
      expect(await desk.transactions(paymentId)).to.be.empty;
    });

    it('tells the approved from the others in one batch', async () => {
      const stranger = await desk.payment(`stranger ${story}`, false);
      stripe.charges.push(approved(reference()));
      const outcomes = await desk.run([processPayment(stranger), processPayment(paymentId)]);
      expect(outcomes.map((outcome) => outcome.kind)).to.deep.equal(['again', 'done']);
      expect(stripe.calls).to.deep.equal([`charge ${keyOf(paymentId)}`]);
      const routes = desk.db.selectFrom('payments.charge_routes').select('gateway');
      expect(await routes.where('payment_id', '=', stranger).execute()).to.be.empty;
      expect(await routes.where('payment_id', '=', paymentId).execute()).to.deep.equal([{ gateway: 'stripe' }]);
    });
  });

  describe('when reconciling', () => {
    const sent = async () => {
      stripe.charges.push(silence);
      await desk.run([processPayment(paymentId)], { attempt: 3 });
      stripe.calls.length = 0;
    };

    it('tells of a charge that took money after all', async () => {
      await sent();
      stripe.chargeLookUps.push(silence, approved(reference()));
      const { emitted } = await desk.settle(reconcileCharge(paymentId));
      expect(emitted.map((one) => one.type)).to.deep.equal(['ChargeSucceeded']);
      expect(stripe.calls).to.deep.equal([`look up ${keyOf(paymentId)}`, `look up ${keyOf(paymentId)}`]);
      expect((await desk.transactions(paymentId)).map((one) => one.status)).to.deep.equal(['Pending', 'Success']);
    });

    it('says nothing of one that was declined', async () => {
      await sent();
      stripe.chargeLookUps.push(declined());
      expect((await desk.settle(reconcileCharge(paymentId))).emitted).to.be.empty;
    });

    it('believes that there is none only after looking for ten minutes', async () => {
      await sent();
      stripe.chargeLookUps.push(nowhere, nowhere, nowhere, nowhere);
      const { emitted, pauses } = await desk.settle(reconcileCharge(paymentId));
      expect(emitted).to.be.empty;
      expect(pauses).to.deep.equal([5_000, 60_000, 600_000]);
    });

    it('keeps asking a provider that does not answer, at most an hour apart', async () => {
      await sent();
      stripe.chargeLookUps.push(silence);
      const [outcome] = await desk.run([reconcileCharge(paymentId)], { attempt: 40 });
      expect(outcome).to.include({ kind: 'again', afterMs: 3_600_000, unknown: true });
    });

    it('tells of a charge that holds money, so that it can be let go (P-18)', async () => {
      stripe.charges.push(silence);
      await desk.run([processPayment(paymentId, { captureImmediately: false })], { attempt: 3 });
      stripe.chargeLookUps.push(nowhere, authorized(reference()));
      const { emitted } = await desk.settle(reconcileCharge(paymentId, false));
      expect(emitted.map((one) => one.type)).to.deep.equal(['ChargeAuthorized']);
      expect(emitted[0]?.data).to.include({ idempotencyKey: keyOf(paymentId), gatewayReferenceId: reference() });
      expect(await desk.log(paymentId)).to.deep.equal(['Authorize Pending', 'Authorize Success']);
    });

    it('has nothing to ask about a charge that was never sent', async () => {
      expect((await desk.settle(reconcileCharge(paymentId))).emitted).to.be.empty;
      expect(stripe.calls).to.be.empty;
    });
  });

  describe('when only authorising (P-09)', () => {
    it('tells that the money is held, and logs it', async () => {
      stripe.charges.push(authorized(reference()));
      const { emitted } = await desk.settle(processPayment(paymentId, { captureImmediately: false }));
      expect(emitted).to.deep.equal([
        {
          type: 'ChargeAuthorized',
          data: {
            paymentId,
            attempt: 1,
            idempotencyKey: keyOf(paymentId),
            gateway: 'stripe',
            gatewayReferenceId: reference(),
            amount: usd(13497),
            responseCode: 'requires_capture',
            responseMessage: 'Held.',
          },
        },
      ]);
      expect(await desk.log(paymentId)).to.deep.equal(['Authorize Success']);
    });

    it('looks the outcome up after a call without an answer, and logs a decline as one', async () => {
      stripe.charges.push(silence);
      stripe.chargeLookUps.push(declined(false));
      const { emitted } = await desk.settle(processPayment(paymentId, { captureImmediately: false }));
      expect(emitted[0]?.type).to.equal('ChargeFailed');
      expect(await desk.log(paymentId)).to.deep.equal(['Authorize Failure']);
    });

    it('stops at a provider that holds money it was to take', async () => {
      stripe.charges.push(authorized(reference()));
      const failure = await desk.run([processPayment(paymentId)]).catch((error: Error) => error.message);
      expect(failure).to.equal(`stripe held ${reference()} without charging it`);
    });
  });

  describe('when capturing (P-15)', () => {
    const asked = () => `capture 13497 as ${keyOf(paymentId)}-capture`;
    const lookedUp = () => `look up ${keyOf(paymentId)} (${reference()})`;

    it('tells that the money was taken, and logs it', async () => {
      stripe.captures.push(taken(reference()));
      const { emitted } = await desk.settle(captureCharge(paymentId, reference()));
      expect(emitted.map((one) => one.type)).to.deep.equal(['ChargeSucceeded']);
      expect(emitted[0]?.data).to.deep.include({
        idempotencyKey: keyOf(paymentId),
        gatewayReferenceId: reference(),
        amount: usd(13497),
      });
      expect(stripe.calls).to.deep.equal([asked()]);
      expect(await desk.log(paymentId)).to.deep.equal(['Capture Success']);
    });

    it('looks the charge up before it asks again, and never gives up (invariant 5)', async () => {
      stripe.captures.push(silence, silence);
      stripe.chargeLookUps.push(silence, authorized(reference()), approved(reference()));
      const { emitted, pauses } = await desk.settle(captureCharge(paymentId, reference()));
      expect(emitted.map((one) => one.type)).to.deep.equal(['ChargeSucceeded']);
      expect(stripe.calls).to.deep.equal([asked(), lookedUp(), lookedUp(), asked(), lookedUp()]);
      expect(pauses).to.deep.equal([1000, 2000, 4000]);
      const [late] = await desk.run([captureCharge(paymentId, reference())], { expired: () => true });
      expect(late).to.include({ kind: 'again', unknown: false });
    });

    it('tells when the provider refuses, or let the money go', async () => {
      stripe.captures.push({ kind: 'refused', failureCode: 'charge_expired', failureMessage: 'expired' });
      const { emitted } = await desk.settle(captureCharge(paymentId, reference()));
      expect(emitted[0]?.type).to.equal('ChargeFailed');
      expect(emitted[0]?.data).to.include({ failureReason: 'other', failureCode: 'charge_expired', canRetry: false });
      expect(await desk.log(paymentId)).to.deep.equal(['Capture Failure']);
      stripe.captures.push(silence);
      stripe.chargeLookUps.push(canceled);
      const lost = await desk.settle(captureCharge(paymentId, reference()));
      expect(lost.emitted[0]?.data).to.include({ failureCode: 'canceled' });
    });
  });

  describe('when voiding (P-18, R-27)', () => {
    const asked = () => `void as ${keyOf(paymentId)}-void`;
    const lookedUp = () => `look up ${keyOf(paymentId)} (${reference()})`;
    const refused = { kind: 'refused', failureCode: 'unexpected_state', failureMessage: 'It was captured.' } as const;

    it('lets the money go, and logs it', async () => {
      stripe.voids.push(letGo(reference()));
      const { emitted } = await desk.settle(voidCharge(paymentId, reference()));
      expect(emitted).to.deep.equal([
        {
          type: 'ChargeVoided',
          data: { paymentId, gateway: 'stripe', gatewayReferenceId: reference(), amount: usd(13497) },
        },
      ]);
      expect(stripe.calls).to.deep.equal([asked()]);
      expect(await desk.log(paymentId)).to.deep.equal(['Void Success']);
    });

    it('looks the charge up before it asks again, and never gives up (invariant 5)', async () => {
      stripe.voids.push(silence, silence);
      stripe.chargeLookUps.push(silence, authorized(reference()), canceled);
      const { emitted, pauses } = await desk.settle(voidCharge(paymentId, reference()));
      expect(emitted.map((one) => one.type)).to.deep.equal(['ChargeVoided']);
      expect(stripe.calls).to.deep.equal([asked(), lookedUp(), lookedUp(), asked(), lookedUp()]);
      expect(pauses).to.deep.equal([1000, 2000, 4000]);
    });

    it('tells of money that was taken after all, for it has to go back', async () => {
      stripe.voids.push(refused);
      stripe.chargeLookUps.push(silence, approved(reference()));
      const { emitted } = await desk.settle(voidCharge(paymentId, reference()));
      expect(emitted.map((one) => one.type)).to.deep.equal(['ChargeSucceeded']);
      expect(stripe.calls).to.deep.equal([asked(), lookedUp(), lookedUp()]);
      expect(await desk.log(paymentId)).to.deep.equal(['Capture Success']);
    });

    it('leaves it to a person when the provider goes on holding the money', async () => {
      stripe.voids.push(refused);
      stripe.chargeLookUps.push(authorized(reference()));
      const failure = await desk
        .run([voidCharge(paymentId, reference())])
        .catch((error: { code?: string }) => error.code);
      expect(failure).to.equal('VOID_REFUSED');
    });
  });

  describe('when refunding', () => {
    it('returns the money under the id of the refund, and logs it (P-19, P-20)', async () => {
      stripe.refunds.push({ ...returned, gatewayRefundId: `re_${story}` } as typeof returned);
      const { emitted } = await desk.settle(refundCharge(paymentId, 'stripe', 'pi_9', 3497));
      const refundId = id(`refund of ${paymentId}`);
      expect(emitted).to.deep.equal([
        {
          type: 'RefundSucceeded',
          data: { paymentId, refundId, gateway: 'stripe', gatewayRefundId: `re_${story}`, amount: usd(3497) },
        },
      ]);
      expect(stripe.calls).to.deep.equal([`refund 3497 as ${refundId}`]);
      expect((await desk.transactions(paymentId))[0]).to.include({ type: 'Refund', status: 'Success' });
    });

    it('goes to the provider that charged', async () => {
      paypal.refunds.push(returned);
      await desk.settle(refundCharge(paymentId, 'paypal', 'pi_9'));
      expect(stripe.calls).to.be.empty;
      expect(paypal.calls).to.have.length(1);
    });

    it('looks the refund up before it asks again, and never gives up', async () => {
      stripe.refunds.push(silence, silence);
      stripe.refundLookUps.push(silence, nowhere, silence, silence, returned);
      const { emitted, pauses } = await desk.settle(refundCharge(paymentId, 'stripe', 'pi_9'));
      expect(emitted.map((one) => one.type)).to.deep.equal(['RefundSucceeded']);
      expect(stripe.calls.filter((call) => call.startsWith('refund'))).to.have.length(2);
      expect(pauses).to.deep.equal([1000, 2000, 4000, 8000, 16000]);
    });

    it('waits for a refund that the provider is still working on', async () => {
      const pending = { ...returned, kind: 'pending' } as typeof returned;
      stripe.refunds.push(pending);
      stripe.refundLookUps.push(pending, returned);
      const { emitted, pauses } = await desk.settle(refundCharge(paymentId, 'stripe', 'pi_9'));
      expect(emitted.map((one) => one.type)).to.deep.equal(['RefundSucceeded']);
      expect(pauses).to.deep.equal([60_000, 120_000]);
    });

    it('tells when the provider refuses', async () => {
      stripe.refunds.push({ kind: 'refused', failureCode: 'charge_disputed', failureMessage: 'disputed' });
      const { emitted } = await desk.settle(refundCharge(paymentId, 'stripe', 'pi_9'));
      expect(emitted[0]).to.deep.include({ type: 'RefundRejected' });
      expect((await desk.transactions(paymentId))[0]).to.include({
        status: 'Failure',
        response_code: 'charge_disputed',
      });
    });
  });

  describe('with two providers (R-05, 8.8)', () => {
    /** Sixty charges, of which so many get no answer. */
    const traffic = async (silent: number) => {
      const busy: string[] = [];
      for (let i = 0; i < 60; i++) busy.push(await desk.payment(`traffic ${crowd} ${i}`));
      crowd += 1;
      stripe.charges.push(...busy.map((_, i) => (i < silent ? silence : declined())));
      await desk.run(busy.map((one) => processPayment(one)));
    };
    let crowd = 0;

    it('sends new charges to the fallback while more than 5 % of the calls get no answer', async () => {
      await traffic(4);
      paypal.charges.push(approved(reference()));
      const { emitted } = await desk.settle(processPayment(paymentId));
      expect(emitted[0]?.data).to.include({ gateway: 'paypal' });
    });

    it('stays with the primary while it is merely degraded', async () => {
      await traffic(3);
      stripe.charges.push(approved(reference()));
      const { emitted } = await desk.settle(processPayment(paymentId));
      expect(emitted[0]?.data).to.include({ gateway: 'stripe' });
    });

    it('returns to the primary when a probe finds it back, or five minutes have passed (R-25)', async () => {
      await traffic(60);
      stripe.isHealthy = false;
      paypal.charges.push(declined(), declined(), approved(reference()));
      await desk.run([processPayment(paymentId)]);
      clock += 31_000;
      stripe.isHealthy = true;
      await desk.run([processPayment(paymentId, { chargeNumber: 2 })]);
      stripe.charges.push(approved(reference()));
      await desk.run([processPayment(paymentId, { chargeNumber: 3 })]);
      expect(paypal.calls).to.deep.equal([`charge ${keyOf(paymentId)}`, `charge ${keyOf(paymentId, 2)}`]);
      expect(stripe.calls.filter((call) => call === 'probe')).to.have.length(2);
      expect(stripe.calls.at(-1)).to.equal(`charge ${keyOf(paymentId, 3)}`);
      await traffic(60);
      clock += 301_000;
      stripe.charges.push(approved(`later ${reference()}`));
      const { emitted } = await desk.settle(processPayment(await desk.payment(`later ${story}`)));
      expect(emitted[0]?.data).to.include({ gateway: 'stripe' });
    });

    it('stays with the fallback, and probes twice a minute, until the primary answers', async () => {
      await traffic(60);
      stripe.isHealthy = false;
      paypal.charges.push(declined(), declined(), declined());
      await desk.run([processPayment(paymentId)]);
      clock += 29_000;
      await desk.run([processPayment(paymentId, { chargeNumber: 2 })]);
      expect(stripe.calls.filter((call) => call === 'probe')).to.have.length(1);
      clock += 301_000;
      await desk.run([processPayment(paymentId, { chargeNumber: 3 })]);
      expect(stripe.calls.filter((call) => call === 'probe')).to.have.length(2);
      expect(paypal.calls).to.have.length(3);
    });

    it('never moves a charge of unknown outcome, even when another process takes over (invariant 5)', async () => {
      stripe.charges.push(silence);
      await desk.run([processPayment(paymentId)], { attempt: 3 });
      desk.start({ providers: [stripe, paypal], primary: 'paypal', now: () => clock });
      stripe.chargeLookUps.push(approved(reference()));
      const { emitted } = await desk.settle(processPayment(paymentId, { outcomeUnknown: true }));
      expect(emitted[0]?.data).to.include({ gateway: 'stripe' });
      expect(paypal.calls).to.be.empty;
    });

    it('does not start with a provider that it does not have', () => {
      expect(() => desk.start({ providers: [stripe], primary: 'adyen' })).to.throw('no payment provider called adyen');
    });
  });

  describe('against the local Stripe', () => {
    it('takes the money once, whatever gets lost on the way (invariant 5)', async () => {
      const sandbox = await startStripeSandbox({ searchLagMs: 0 });
      const provider = providers.stripe({
        apiKey: 'sk_test_gateway',
        webhookSecret: 'whsec_x',
        apiBase: sandbox.url,
        timeoutMs: 300,
      });
      try {
        desk.start({ providers: [provider], primary: 'stripe' });
        const lost = ['timeout_after_success', 'cut_connection_after_success', 'error_500_after_success'] as const;
        for (const fault of [...lost, 'cut_connection', 'rate_limit_429'] as const) {
          const unlucky = await desk.payment(`${fault} ${story}`);
          sandbox.addFault({ match: { method: 'POST', times: 1 }, fault });
          const { emitted } = await desk.settle(processPayment(unlucky));
          expect(emitted[0]?.type, fault).to.equal('ChargeSucceeded');
          const charges = sandbox
            .ledger()
            .filter((entry) => entry.type === 'charged' && entry.intent?.metadata.paymentId === unlucky);
          expect(charges, fault).to.have.length(1);
        }
        expect(sandbox.chargedByOrder()).to.deep.equal({ [id('order')]: 5 * 13497 });
        const refused = await desk.settle(
          processPayment(paymentId, { token: 'pm_card_chargeDeclinedInsufficientFunds' }),
        );
        expect(refused.emitted[0]?.data).to.include({ failureReason: 'insufficient_funds', canRetry: true });
      } finally {
        provider.close();
        await sandbox.close();
      }
    });
  });

  describe('against the local Stripe, authorising first (P-09, P-15, P-18)', () => {
    let sandbox: StripeSandbox;
    let provider: PaymentProvider;

    beforeEach(async () => {
      sandbox = await startStripeSandbox({ searchLagMs: 0 });
      const settings = { apiKey: 'sk_test_gateway', webhookSecret: 'whsec_x', apiBase: sandbox.url, timeoutMs: 300 };
      provider = providers.stripe(settings);
      desk.start({ providers: [provider], primary: 'stripe' });
    });
    afterEach(async () => {
      provider.close();
      await sandbox.close();
    });

    const faults = [
      'timeout_after_success',
      'cut_connection_after_success',
      'error_500_after_success',
      'cut_connection',
      'rate_limit_429',
    ] as const;
    const loseNextAnswer = (fault: (typeof faults)[number]) =>
      sandbox.addFault({ match: { method: 'POST', times: 1 }, fault });
    const hold = async (payment: string): Promise<string> => {
      const { emitted } = await desk.settle(processPayment(payment, { captureImmediately: false }));
      const [told] = emitted;
      if (told?.type !== 'ChargeAuthorized') throw new Error(`not authorised: ${told?.type}`);
      return told.data.gatewayReferenceId;
    };
    const booked = (payment: string) =>
      sandbox
        .ledger()
        .flatMap((entry) =>
          entry.type !== 'reset' && entry.intent?.metadata.paymentId === payment ? [entry.type] : [],
        );

    for (const fault of faults) {
      it(`holds the money once, and takes it once, in spite of ${fault}`, async () => {
        loseNextAnswer(fault);
        const intent = await hold(paymentId);
        expect(sandbox.chargedByOrder(), 'held, not taken').to.deep.equal({ [id('order')]: 0 });
        loseNextAnswer(fault);
        const { emitted } = await desk.settle(captureCharge(paymentId, intent));
        expect(emitted[0]?.type).to.equal('ChargeSucceeded');
        expect(sandbox.chargedByOrder()).to.deep.equal({ [id('order')]: 13497 });
        expect(booked(paymentId)).to.deep.equal(['authorized', 'captured']);
        expect(await desk.log(paymentId)).to.deep.equal(['Authorize Success', 'Capture Success']);
        const { emitted: late } = await desk.settle(voidCharge(paymentId, intent));
        expect(late[0]?.type, 'a void that comes too late').to.equal('ChargeSucceeded');
      });

      it(`lets the money go in spite of ${fault}`, async () => {
        const intent = await hold(paymentId);
        loseNextAnswer(fault);
        const { emitted } = await desk.settle(voidCharge(paymentId, intent));
        expect(emitted[0]?.type).to.equal('ChargeVoided');
        expect(sandbox.chargedByOrder()).to.deep.equal({ [id('order')]: 0 });
        expect(booked(paymentId)).to.deep.equal(['authorized', 'canceled']);
        expect(await desk.log(paymentId)).to.deep.equal(['Authorize Success', 'Void Success']);
        const { emitted: late } = await desk.settle(captureCharge(paymentId, intent));
        expect(late[0]?.type, 'a capture that comes too late').to.equal('ChargeFailed');
      });
    }

    describe('that fails by itself, and answers so for a day when it is asked under the same key', () => {
      const failThrice = () => sandbox.addFault({ match: { method: 'POST', times: 3 }, fault: 'error_500' });

      it('captures, and gives back, once', async () => {
        const intent = await hold(paymentId);
        failThrice();
        const captured = await desk.settle(captureCharge(paymentId, intent));
        expect(captured.emitted[0]?.type).to.equal('ChargeSucceeded');
        failThrice();
        const returned = await desk.settle(refundCharge(paymentId, 'stripe', intent, 13_497));
        expect(returned.emitted[0]?.type).to.equal('RefundSucceeded');
        expect(returned.pauses, 'soon').to.deep.equal([1000, 2000]);
        expect(booked(paymentId)).to.deep.equal(['authorized', 'captured', 'refunded']);
      });

      it('lets go', async () => {
        const intent = await hold(paymentId);
        failThrice();
        const { emitted } = await desk.settle(voidCharge(paymentId, intent));
        expect(emitted[0]?.type).to.equal('ChargeVoided');
        expect(booked(paymentId)).to.deep.equal(['authorized', 'canceled']);
      });

      it('gives back once, though it failed only after it had done so', async () => {
        const intent = await hold(paymentId);
        await desk.settle(captureCharge(paymentId, intent));
        failThrice();
        sandbox.addFault({ match: { method: 'POST', times: 1 }, fault: 'error_500_after_success' });
        const { emitted } = await desk.settle(refundCharge(paymentId, 'stripe', intent, 5_000));
        expect(emitted[0]?.type).to.equal('RefundSucceeded');
        expect(booked(paymentId)).to.deep.equal(['authorized', 'captured', 'refunded']);
      });
    });
  });

  describe('its tables', () => {
    const rejected = (statement: Promise<unknown>) =>
      statement.then(
        () => 'accepted',
        (error: Error) => error.message,
      );
    const change = async (value: object) => {
      const { rows } = await sql<{ context: object }>`
        select snapshot -> 'context' as context from payments.payments where id = ${paymentId}`.execute(desk.db);
      const context = { ...rows[0]?.context, ...value };
      return rejected(storeActor(desk.db, 'payments.payments', paymentId, { state: 'authorizing', context }));
    };

    it('show people a payment as its snapshot has it', async () => {
      const row = await desk.db
        .selectFrom('payments.payments')
        .select(['order_id', 'customer_id', 'amount_minor', 'currency', 'captured_minor', 'refunded_minor'])
        .where('id', '=', paymentId)
        .executeTakeFirst();
      expect(row).to.deep.equal({
        order_id: id('order'),
        customer_id: id('customer'),
        amount_minor: '13497',
        currency: 'USD',
        captured_minor: null,
        refunded_minor: '0',
      });
    });

    it('refuse an amount of nothing, and more refunded than captured (R-28, R-32)', async () => {
      expect(await change({ amount: usd(0) })).to.match(/violates check constraint/);
      expect(await change({ refunded: 1 })).to.match(/violates check constraint/);
      expect(await change({ charge: { amount: 100 } })).to.equal('accepted');
      expect(await change({ refunded: 100 })).to.equal('accepted');
      expect(await change({ refunded: 101 })).to.match(/violates check constraint/);
    });

    it('keep the log of answers as it was written', async () => {
      stripe.charges.push(approved(reference()));
      await desk.settle(processPayment(paymentId));
      const change = desk.db.updateTable('payments.transactions').set({ status: 'Failure' }).execute();
      expect(await rejected(change)).to.match(/only added/);
      expect(await rejected(desk.db.deleteFrom('payments.transactions').execute())).to.match(/only added/);
    });

    it('log one answer once, however often it is settled', async () => {
      const twice = message('ProcessPayment', processPayment(paymentId).data);
      stripe.charges.push(approved(reference()), approved(reference()));
      await desk.run([twice]);
      await desk.run([twice]);
      expect(await desk.transactions(paymentId)).to.have.length(1);
    });
  });
});
