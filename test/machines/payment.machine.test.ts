import { expect } from 'chai';
import fc from 'fast-check';
import type { MessageData } from '../../machines/index.js';
import { paymentMachine } from '../../machines/payment/payment.machine.js';
import { isMethodUsable, processingFee } from '../../machines/payment/payment.rules.js';
import { viewPayment } from '../../machines/payment/payment.view.js';
import { at, given, id, message } from './given.js';

const paymentId = id('payment');
const orderId = id('order');
const customerId = id('customer');
const amount = { amount: 13497, currency: 'USD' };
const visa = { type: 'card' as const, token: 'pm_card_visa' };
const amex = { type: 'card' as const, token: 'pm_card_amex' };
const stock = [{ productId: id('mug'), stockItemId: id('mugs'), warehouseId: id('leeds'), quantity: 2 }];
const purpose = { orderId, subscriptionId: null, invoiceId: null };
const subject = { paymentId, transactionId: id('transaction'), orderId, customerId };

const opening = (change: Partial<MessageData<'OpenPayment'>> = {}) =>
  message('OpenPayment', {
    paymentId,
    ...purpose,
    customerId,
    amount,
    paymentMethod: visa,
    profile: 'order',
    risk: { previousOrders: 2, customerSince: at(), shippingAddress: null, billingAddress: null },
    captureImmediately: true,
    ...change,
  });

/** The payment's own announcement, which it subscribes to (S-046). */
const initiated = (change: Partial<MessageData<'OpenPayment'>> = {}) => {
  const { captureImmediately: _, ...data } = opening(change).data;
  return message('PaymentInitiated', {
    ...data,
    userId: customerId,
    transactionId: id('transaction'),
    initiatedAt: at(),
  });
};

const decided = (decision: MessageData<'FraudCheckCompleted'>['decision'], reviewDueAt: string | null = null) =>
  message('FraudCheckCompleted', {
    ...subject,
    riskScore: 52,
    decision,
    reasons: [],
    signals: [],
    confidence: 0.9,
    reviewDueAt,
    timestamp: at(),
  });

const overridden = (decision: 'APPROVED' | 'DECLINED') =>
  message('FraudDecisionOverridden', { ...subject, decision, reviewer: 'grace', timestamp: at() });

const cancel = () => message('CancelPayment', { paymentId, reason: 'order cancelled' });
const retryWith = (paymentMethod = amex, when = at()) => message('RetryPayment', { paymentId, paymentMethod }, when);

const key = (chargeNumber: number) => `${paymentId}-${chargeNumber}`;

const succeeded = (chargeNumber = 1, attempt: number | null = chargeNumber, when = at()) =>
  message(
    'ChargeSucceeded',
    {
      paymentId,
      attempt,
      idempotencyKey: key(chargeNumber),
      gateway: 'stripe',
      gatewayReferenceId: `pi_${chargeNumber}`,
      amount,
      responseCode: 'succeeded',
      responseMessage: 'Approved.',
    },
    when,
  );

const held = (chargeNumber = 1, when = at()) => {
  const { data } = succeeded(chargeNumber);
  return message('ChargeAuthorized', { ...data, responseCode: 'requires_capture' }, when);
};
const voided = (when = at(), reference = 'pi_1') =>
  message('ChargeVoided', { paymentId, gateway: 'stripe', gatewayReferenceId: reference, amount }, when);
const capture = () => message('CapturePayment', { paymentId });

const charges = {
  insufficient_funds: true,
  card_declined: true,
  network_error: true,
  expired_card: false,
  invalid_payment_method: false,
  authentication_required: false,
  fraud_suspected: false,
  other: false,
} as const;

const declined = (reason: keyof typeof charges, chargeNumber = 1, attempt: number | null = chargeNumber, when = at()) =>
  message(
    'ChargeFailed',
    {
      paymentId,
      attempt,
      idempotencyKey: key(chargeNumber),
      gateway: 'stripe',
      gatewayReferenceId: null,
      failureReason: reason,
      failureCode: reason,
      failureMessage: 'Your card was declined.',
      canRetry: charges[reason],
    },
    when,
  );

const committed = () => message('StockCommitted', { orderId, paymentId, allocations: stock });
const receipt = () => message('ReceiptQueued', { paymentId, notificationId: id('receipt') });
const refund = (name: string, minor: number) =>
  message('RefundPayment', {
    paymentId,
    refundId: id(name),
    amount: { ...amount, amount: minor },
    reason: 'changed my mind',
    requestedBy: 'customer',
  });
const refunded = (refundId: string, minor: number) =>
  message('RefundSucceeded', {
    paymentId,
    refundId,
    gateway: 'stripe',
    gatewayRefundId: `re_${refundId}`,
    amount: { ...amount, amount: minor },
  });
const refused = (refundId: string) =>
  message('RefundRejected', { paymentId, refundId, gateway: 'stripe', failureMessage: 'charge disputed' });

const riskCheck = () => given(paymentMachine, opening(), initiated());
const onHold = () => riskCheck().when(decided('MANUAL_REVIEW', at(24 * 60)));
const authorizing = () => riskCheck().when(decided('APPROVED'));
const retryWait = (reason: keyof typeof charges = 'insufficient_funds') => authorizing().when(declined(reason));
const captured = () => authorizing().when(succeeded());
const completed = () => captured().when(committed(), receipt());
/** A payment that is to be captured later, asked for at the provider. */
const authorizingFirst = () =>
  given(paymentMachine, opening({ captureImmediately: false }), initiated()).when(decided('APPROVED'));
const authorized = () => authorizingFirst().when(held());
const capturing = () => authorized().when(capture());
const theHold = {
  paymentId,
  attempt: 1,
  idempotencyKey: key(1),
  gateway: 'stripe',
  gatewayReferenceId: 'pi_1',
  amount,
};
const cancelling = () => authorizing().when(cancel());

describe('the payment machine', () => {
  describe('when initiated', () => {
    it('announces itself with the amount and what fraud detection may know (P-01)', () => {
      const payment = given(paymentMachine, opening());
      expect(payment.state).to.equal('initiated');
      expect(payment.sentTypes).to.deep.equal(['PaymentInitiated']);
      const [announced] = payment.sent('PaymentInitiated');
      expect(announced).to.deep.include({
        paymentId,
        orderId,
        customerId,
        userId: customerId,
        amount,
        initiatedAt: at(),
      });
      expect(announced?.transactionId).to.equal(payment.context.transactionId);
      expect(announced?.risk.previousOrders).to.equal(2);
    });

    it('returns to the existing payment when it is opened again (P-01b)', () => {
      const again = given(paymentMachine, opening()).when(opening() as never);
      expect(again).to.deep.include({ state: 'initiated', emitted: [], ignored: ['OpenPayment'] });
    });

    it('starts the risk check when its own announcement arrives, once (P-02)', () => {
      const payment = given(paymentMachine, opening()).when(initiated());
      expect(payment.state).to.equal('riskCheck');
      expect(payment.when(initiated())).to.deep.include({ state: 'riskCheck', ignored: ['PaymentInitiated'] });
    });

    it('keeps a fraud decision that overtakes the announcement (P-02, P-03)', () => {
      const early = given(paymentMachine, opening()).when(decided('APPROVED'));
      expect(early.state).to.equal('initiated');
      expect(early.deferred).to.have.length(1);
      expect(early.when(initiated()).state).to.equal('authorizing');
      const reviewed = early.when(overridden('DECLINED'));
      expect(reviewed.deferred).to.have.length(2);
    });

    it('keeps an override that overtakes the decision it overrides (P-06)', () => {
      const early = given(paymentMachine, opening()).when(overridden('APPROVED'), initiated());
      expect(early).to.deep.include({ state: 'riskCheck', ignored: [] });
      expect(early.when(decided('MANUAL_REVIEW', at(60))).state).to.equal('authorizing');
    });
  });

  describe('when riskCheck', () => {
    it('asks the gateway to charge once approved (P-03)', () => {
      const payment = authorizing();
      expect(payment.state).to.equal('authorizing');
      expect(payment.sent('ProcessPayment')).to.deep.equal([
        {
          paymentId,
          attempt: 1,
          idempotencyKey: key(1),
          amount,
          paymentMethod: visa,
          captureImmediately: true,
          outcomeUnknown: false,
          metadata: { paymentId, orderId, customerId, idempotencyKey: key(1) },
        },
      ]);
      expect(payment.timers).to.be.empty;
    });

    it('is held until the review deadline when a person must decide (P-04)', () => {
      const payment = onHold();
      expect(payment.state).to.equal('onHold');
      expect(payment.emitted).to.be.empty;
      expect(payment.timers[0]?.dueAt).to.equal(at(24 * 60));
    });

    it('fails for good when declined (P-05)', () => {
      const payment = riskCheck().when(decided('DECLINED'));
      expect(payment.state).to.equal('failed');
      expect(payment.sentTypes).to.deep.equal(['PaymentFailed']);
      expect(payment.sent('PaymentFailed')[0]).to.include({
        failureReason: 'fraud_suspected',
        canRetry: false,
        methodUsable: true,
        attemptNumber: 0,
        nextRetryAt: null,
      });
    });

    it('is held when no decision comes within 3 s (P-02)', () => {
      const payment = riskCheck();
      expect(payment.timers[0]?.dueAt).to.equal(at(3 / 60));
      expect(payment.whenTimerFires().state).to.equal('onHold');
    });
  });

  describe('when onHold', () => {
    it('charges when a reviewer approves (P-06)', () => {
      const payment = onHold().when(overridden('APPROVED'));
      expect(payment.state).to.equal('authorizing');
      expect(payment.sentTypes).to.deep.equal(['ProcessPayment']);
      expect(payment.timers).to.be.empty;
      expect(payment.when(overridden('DECLINED')).ignored).to.deep.equal(['FraudDecisionOverridden']);
    });

    it('fails when a reviewer declines (P-07)', () => {
      const payment = onHold().when(overridden('DECLINED'));
      expect(payment.state).to.equal('failed');
      expect(payment.sent('PaymentFailed')[0]?.failureReason).to.equal('fraud_suspected');
    });

    it('fails when nobody decides in time (P-07)', () => {
      const payment = onHold().whenTimerFires();
      expect(payment.state).to.equal('failed');
      expect(payment.sent('PaymentFailed')[0]).to.include({
        failureReason: 'fraud_suspected',
        timestamp: at(24 * 60),
      });
    });

    it('waits 24 h when fraud detection named no deadline (P-07)', () => {
      const nameless = riskCheck().when(decided('MANUAL_REVIEW'));
      expect(nameless.timers[0]?.dueAt).to.equal(at(24 * 60));
      expect(riskCheck().whenTimerFires().timers[0]?.dueAt).to.equal(at(24 * 60 + 3 / 60));
    });

    it('takes the decision that the risk check did not wait for, once (P-02)', () => {
      const late = () => riskCheck().whenTimerFires();
      expect(late().when(decided('APPROVED')).state).to.equal('authorizing');
      expect(late().when(decided('DECLINED')).sentTypes).to.deep.equal(['PaymentFailed']);
      const reviewed = late().when(decided('MANUAL_REVIEW', at(120)));
      expect(reviewed.state).to.equal('onHold');
      expect(reviewed.timers.map((timer) => timer.dueAt)).to.deep.equal([at(120)]);
      expect(reviewed.when(decided('APPROVED'), decided('MANUAL_REVIEW', at(180)))).to.deep.include({
        state: 'onHold',
        ignored: ['FraudCheckCompleted', 'FraudCheckCompleted'],
      });
    });
  });

  describe('when authorizing', () => {
    it('is captured by a successful charge and says so once (P-08)', () => {
      const payment = captured();
      expect(payment.state).to.equal('captured');
      expect(payment.sentTypes).to.deep.equal(['PaymentProcessed']);
      expect(payment.sent('PaymentProcessed')[0]).to.deep.include({
        amount,
        currency: 'USD',
        paymentMethod: 'CreditCard',
        status: 'confirmed',
        confirmationDetails: { gatewayResponse: 'Approved.', transactionId: 'pi_1' },
      });
      const twice = payment.when(succeeded(), succeeded(1, null));
      expect(twice).to.deep.include({ emitted: [], ignored: ['ChargeSucceeded', 'ChargeSucceeded'] });
    });

    it('waits ten minutes after a decline that may pass later (P-10)', () => {
      const payment = retryWait();
      expect(payment.state).to.equal('retryWait');
      expect(payment.sent('PaymentFailed')).to.have.length(1);
      expect(payment.sent('PaymentFailed')[0]).to.include({
        failureReason: 'insufficient_funds',
        attemptNumber: 1,
        maxAttempts: 3,
        canRetry: true,
        methodUsable: true,
        nextRetryAt: at(10),
      });
      expect(payment.timers[0]?.dueAt).to.equal(at(10));
    });

    for (const reason of ['expired_card', 'invalid_payment_method', 'authentication_required'] as const) {
      it(`fails after ${reason}, and the method is of no more use (P-11, O-16)`, () => {
        const payment = authorizing().when(declined(reason));
        expect(payment.state).to.equal('failed');
        expect(payment.sentTypes).to.deep.equal(['PaymentFailed']);
        expect(payment.sent('PaymentFailed')[0]).to.include({
          canRetry: false,
          methodUsable: false,
          nextRetryAt: null,
        });
      });
    }

    it('fails after the third charge (P-11)', () => {
      const third = retryWait().whenTimerFires().when(declined('card_declined', 2)).whenTimerFires();
      expect(third.sent('ProcessPayment')[0]).to.include({ attempt: 3, idempotencyKey: key(3) });
      const payment = third.when(declined('card_declined', 3));
      expect(payment.state).to.equal('failed');
      expect(payment.sent('PaymentFailed')[0]).to.include({ attemptNumber: 3, canRetry: false, methodUsable: true });
      expect(payment.timers).to.be.empty;
    });

    it('leaves the retries of a renewal to dunning (P-12)', () => {
      const renewal = { profile: 'renewal' as const, orderId: null, subscriptionId: id('subscription') };
      const payment = given(paymentMachine, opening(renewal), initiated(renewal), decided('APPROVED')).when(
        declined('insufficient_funds'),
      );
      expect(payment.state).to.equal('failed');
      expect(payment.sent('PaymentFailed')[0]).to.include({
        subscriptionId: id('subscription'),
        canRetry: false,
        methodUsable: true,
      });
    });

    it('asks again under the same key while the outcome is unknown (P-13)', () => {
      const again = retryWait('network_error').whenTimerFires();
      expect(again.sent('ProcessPayment')[0]).to.include({ attempt: 2, idempotencyKey: key(1), outcomeUnknown: true });
      expect(again.sent('ProcessPayment')[0]?.metadata).to.deep.equal(
        authorizing().sent('ProcessPayment')[0]?.metadata,
      );
      const known = again.when(declined('insufficient_funds', 1, 2)).whenTimerFires();
      expect(known.sent('ProcessPayment')[0]).to.include({ attempt: 3, idempotencyKey: key(2), outcomeUnknown: false });
    });

    it('is captured by a webhook about an earlier attempt under the same key (P-13)', () => {
      const again = retryWait('network_error').whenTimerFires();
      const payment = again.when(succeeded(1, 1));
      expect(payment.state).to.equal('captured');
      expect(payment.context.outcomeUnknown).to.equal(false);
    });

    it('ignores the failure of an earlier attempt, and of an earlier key', () => {
      const unknown = retryWait('network_error').whenTimerFires();
      expect(unknown.when(declined('network_error', 1, 1))).to.deep.include({
        state: 'authorizing',
        ignored: ['ChargeFailed'],
      });
      const second = retryWait().whenTimerFires();
      expect(second.when(declined('insufficient_funds', 1), succeeded(1))).to.deep.include({
        state: 'authorizing',
        emitted: [],
        ignored: ['ChargeFailed', 'ChargeSucceeded'],
      });
    });

    it('finds out what became of the charge when it gives up without knowing (P-11, P-13)', () => {
      const third = retryWait('network_error')
        .whenTimerFires()
        .when(declined('network_error', 1, 2))
        .whenTimerFires()
        .when(declined('network_error', 1, 3));
      expect(third.state).to.equal('failed');
      expect(third.sentTypes).to.deep.equal(['PaymentFailed', 'ReconcileCharge']);
      expect(third.sent('ReconcileCharge')[0]).to.include({ idempotencyKey: key(1), attempt: 3 });
    });
  });

  describe('when retryWait', () => {
    it('charges again after ten minutes under a new key (P-14)', () => {
      const payment = retryWait().whenTimerFires();
      expect(payment.state).to.equal('authorizing');
      expect(payment.sent('ProcessPayment')[0]).to.deep.include({
        attempt: 2,
        idempotencyKey: key(2),
        outcomeUnknown: false,
        paymentMethod: visa,
      });
    });

    it('charges another method at once (P-14)', () => {
      const payment = retryWait().when(retryWith(amex));
      expect(payment.state).to.equal('authorizing');
      expect(payment.sent('ProcessPayment')[0]).to.deep.include({ idempotencyKey: key(2), paymentMethod: amex });
      expect(payment.timers).to.be.empty;
    });

    it('settles an unknown charge before it takes another method (P-13, P-14)', () => {
      const asking = retryWait('network_error').when(retryWith(amex));
      expect(asking.sent('ProcessPayment')[0]).to.deep.include({
        idempotencyKey: key(1),
        outcomeUnknown: true,
        paymentMethod: visa,
      });
      expect(asking.when(succeeded(1, 2)).state).to.equal('captured');
      const other = asking.when(declined('expired_card', 1, 2));
      expect(other.sentTypes).to.deep.equal(['ProcessPayment']);
      expect(other.sent('ProcessPayment')[0]).to.deep.include({
        attempt: 3,
        idempotencyKey: key(2),
        outcomeUnknown: false,
        paymentMethod: amex,
      });
    });

    it('has a charge of unknown outcome looked for before the next attempt, so that its money is told of at once (P-08)', () => {
      const unknown = retryWait('network_error');
      expect(unknown.sentTypes).to.deep.equal(['PaymentFailed', 'ReconcileCharge']);
      expect(unknown.sent('ReconcileCharge')[0]).to.include({ idempotencyKey: key(1), attempt: 1 });
      expect(retryWait().sent('ReconcileCharge'), 'nothing is unknown').to.be.empty;
    });

    it('takes what a webhook tells about an unknown charge (P-08, P-10, P-11)', () => {
      const waiting = () => retryWait('network_error');
      expect(waiting().when(succeeded(1, null)).sentTypes).to.deep.equal(['PaymentProcessed']);
      const declinedLater = waiting().when(declined('card_declined', 1, null));
      expect(declinedLater).to.deep.include({ state: 'retryWait', emitted: [] });
      expect(declinedLater.timers[0]?.dueAt).to.equal(at(10));
      expect(declinedLater.whenTimerFires().sent('ProcessPayment')[0]).to.include({ idempotencyKey: key(2) });
      expect(
        waiting()
          .when(declined('expired_card', 1, null))
          .sent('PaymentFailed')[0],
      ).to.include({
        canRetry: false,
        methodUsable: false,
      });
      const replaced = waiting()
        .when(retryWith(amex), declined('network_error', 1, 2))
        .when(declined('expired_card', 1, null));
      expect(replaced.sent('ProcessPayment')[0]).to.deep.include({ idempotencyKey: key(2), paymentMethod: amex });
    });

    it('ignores a second telling of the decline', () => {
      const payment = retryWait().when(declined('insufficient_funds', 1, null));
      expect(payment).to.deep.include({ state: 'retryWait', emitted: [], ignored: ['ChargeFailed'] });
      expect(payment.context.chargeNumber).to.equal(2);
      const unknown = retryWait('network_error').when(declined('network_error'));
      expect(unknown).to.deep.include({ state: 'retryWait', emitted: [], ignored: ['ChargeFailed'] });
    });
  });

  describe('when opened to be captured later', () => {
    it('asks the gateway only to authorise, and holds the money for seven days (P-09)', () => {
      expect(authorizingFirst().sent('ProcessPayment')[0]).to.include({ attempt: 1, captureImmediately: false });
      const payment = authorized();
      expect(payment).to.deep.include({ state: 'authorized', emitted: [] });
      expect(payment.timers.map((timer) => timer.dueAt)).to.deep.equal([at(7 * 24 * 60)]);
      expect(payment.context.authorization).to.include({ gatewayReferenceId: 'pi_1', authorizedAt: at() });
      expect(payment.context.charge).to.equal(null);
      expect(payment.when(held()).ignored, 'told twice').to.deep.equal(['ChargeAuthorized']);
    });

    it('is authorised by what becomes known of an unknown charge, and by no earlier key (P-09)', () => {
      const unknown = authorizingFirst().when(declined('network_error'));
      expect(unknown.when(held()).state).to.equal('authorized');
      const again = unknown.whenTimerFires();
      expect(again.sent('ProcessPayment')[0]).to.include({ captureImmediately: false, outcomeUnknown: true });
      const payment = again.when(held());
      expect(payment.state).to.equal('authorized');
      expect(payment.context.outcomeUnknown).to.equal(false);
      expect(payment.when(cancel()).sent('ReconcileCharge'), 'nothing is unknown any more').to.be.empty;
      const second = authorizingFirst().when(declined('insufficient_funds')).whenTimerFires();
      expect(second.when(held(1)).ignored).to.deep.equal(['ChargeAuthorized']);
      expect(second.when(held(2)).state).to.equal('authorized');
    });

    it('fails, waits and tries again like any other charge (P-10, P-11)', () => {
      expect(authorizingFirst().when(declined('insufficient_funds')).state).to.equal('retryWait');
      expect(authorizingFirst().when(declined('expired_card')).state).to.equal('failed');
    });

    it('lets the money go when nobody captures it in seven days (P-09, R-27)', () => {
      const payment = authorized().whenTimerFires();
      expect(payment).to.deep.include({ state: 'cancelled', timers: [] });
      expect(payment.sentTypes).to.deep.equal(['VoidCharge', 'PaymentCancelled']);
      expect(payment.sent('VoidCharge')).to.deep.equal([theHold]);
      const over = payment.when(voided(at(7 * 24 * 60 + 1)));
      expect(over).to.deep.include({ state: 'cancelled', emitted: [], ignored: [] });
      expect(over.context.authorization?.voidedAt).to.equal(at(7 * 24 * 60 + 1));
      expect(over.when(voided(), held(), cancel(), capture()).ignored).to.have.length(4);
    });

    it('takes the money when it is told to, and says so once (P-15)', () => {
      const payment = capturing();
      expect(payment).to.deep.include({ state: 'capturing', timers: [] });
      expect(payment.sent('CaptureCharge')).to.deep.equal([theHold]);
      expect(payment.when(capture()).ignored).to.deep.equal(['CapturePayment']);
      const done = payment.when(succeeded());
      expect(done.state).to.equal('captured');
      expect(done.sentTypes).to.deep.equal(['PaymentProcessed']);
      expect(done.sent('PaymentProcessed')[0]).to.deep.include({ amount, status: 'confirmed' });
      expect(done.when(succeeded(1, null), capture()).ignored).to.deep.equal(['ChargeSucceeded', 'CapturePayment']);
      expect(done.when(committed(), receipt()).state).to.equal('completed');
      expect(done.when(refund('all', amount.amount)).sentTypes).to.deep.equal(['RefundCharge']);
    });

    it('keeps the command to capture until the money is held (P-15)', () => {
      const stories = {
        initiated: given(paymentMachine, opening({ captureImmediately: false }))
          .when(capture())
          .when(initiated()),
        riskCheck: given(paymentMachine, opening({ captureImmediately: false }), initiated()).when(capture()),
      };
      for (const [state, early] of Object.entries(stories)) {
        expect(early.when(decided('APPROVED')).when(held()).state, state).to.equal('capturing');
      }
      const reviewed = stories.riskCheck.when(decided('MANUAL_REVIEW', at(60)));
      expect(reviewed.deferred).to.have.length(1);
      expect(reviewed.when(overridden('APPROVED'), held()).sentTypes).to.include('CaptureCharge');
      const waiting = authorizingFirst().when(capture(), declined('insufficient_funds'));
      expect(waiting.whenTimerFires().when(held(2)).state).to.equal('capturing');
      const atOnce = authorizing().when(capture(), succeeded());
      expect(atOnce).to.deep.include({ state: 'captured', deferred: [], ignored: ['CapturePayment'] });
    });

    it('is captured when somebody did it at the provider, and cancelled when they let it go (P-15, P-18)', () => {
      const taken = authorized().when(succeeded(1, null));
      expect(taken).to.deep.include({ state: 'captured', timers: [] });
      const gone = authorized().when(voided());
      expect(gone.state).to.equal('cancelled');
      expect(gone.sentTypes).to.deep.equal(['PaymentCancelled']);
      expect(authorized().when(voided(at(), 'pi_other')).ignored).to.deep.equal(['ChargeVoided']);
    });

    it('fails when the money cannot be captured, and holds on to none of it (P-15, P-11)', () => {
      const payment = capturing().when(declined('other'));
      expect(payment.state).to.equal('failed');
      expect(payment.sentTypes).to.deep.equal(['VoidCharge', 'PaymentFailed']);
      expect(payment.sent('VoidCharge')).to.deep.equal([theHold]);
      expect(payment.sent('PaymentFailed')[0]).to.include({ canRetry: false, nextRetryAt: null });
      expect(payment.when(voided()).context.authorization?.voidedAt).to.equal(at());
      const lost = capturing().when(voided());
      expect(lost.state).to.equal('failed');
      expect(lost.sentTypes).to.deep.equal(['PaymentFailed']);
      expect(lost.sent('PaymentFailed')[0]).to.include({ failureCode: 'authorization_voided', methodUsable: true });
      expect(capturing().when(declined('network_error')).ignored, 'the gateway asks on').to.deep.equal([
        'ChargeFailed',
      ]);
    });
  });

  describe('when the order is cancelled', () => {
    it('lets the money go that is held (P-18)', () => {
      const payment = authorized().when(cancel());
      expect(payment).to.deep.include({ state: 'cancelled', timers: [] });
      expect(payment.sentTypes).to.deep.equal(['VoidCharge', 'PaymentCancelled']);
      expect(payment.sent('VoidCharge')).to.deep.equal([theHold]);
      const taken = payment.when(succeeded());
      expect(taken.state, 'it had been captured').to.equal('cancelled');
      expect(taken.sent('RefundCharge')[0]?.amount).to.deep.equal(amount);
    });

    it('lets the money go that turns out to be held (P-18b)', () => {
      const payment = authorizingFirst().when(cancel()).when(held());
      expect(payment.state).to.equal('cancelled');
      expect(payment.sentTypes).to.deep.equal(['VoidCharge', 'PaymentCancelled']);
    });

    it('waits for the capture in flight and refunds it in full at once (P-18b)', () => {
      const payment = capturing().when(cancel());
      expect(payment).to.deep.include({ state: 'capturing', emitted: [] });
      expect(payment.when(cancel()).ignored).to.deep.equal(['CancelPayment']);
      const late = payment.when(succeeded());
      expect(late.state).to.equal('captured');
      expect(late.sentTypes).to.have.members(['PaymentProcessed', 'RefundCharge']);
      expect(late.sent('RefundCharge')[0]).to.deep.include({ amount, gatewayReferenceId: 'pi_1' });
    });

    it('is cancelled when the capture in flight fails, whatever for (P-18b)', () => {
      const refusedLate = capturing().when(cancel()).when(declined('other'));
      expect(refusedLate.state).to.equal('cancelled');
      expect(refusedLate.sentTypes).to.deep.equal(['VoidCharge', 'PaymentCancelled']);
      const gone = capturing().when(cancel()).when(voided());
      expect(gone.state).to.equal('cancelled');
      expect(gone.sentTypes).to.deep.equal(['PaymentCancelled']);
    });

    const stories = {
      initiated: () => given(paymentMachine, opening()),
      riskCheck,
      onHold,
      retryWait: () => retryWait(),
    };
    for (const [state, story] of Object.entries(stories)) {
      it(`stops at once in ${state} (P-18)`, () => {
        const payment = story().when(cancel());
        expect(payment).to.deep.include({ state: 'cancelled', timers: [] });
        expect(payment.sentTypes).to.deep.equal(['PaymentCancelled']);
        expect(payment.sent('PaymentCancelled')[0]).to.include({ paymentId, orderId });
        expect(payment.when(cancel()).ignored).to.deep.equal(['CancelPayment']);
      });
    }

    it('is called off when its session of 15 minutes runs out before it has begun (P-01, P-18)', () => {
      const opened = given(paymentMachine, opening());
      expect(opened.timers[0]?.dueAt).to.equal(at(15));
      const payment = opened.whenTimerFires();
      expect(payment).to.deep.include({ state: 'cancelled', timers: [] });
      expect(payment.sentTypes).to.deep.equal(['PaymentCancelled']);
      expect(opened.when(initiated()).timers.map(({ dueAt }) => dueAt)).to.not.include(at(15));
    });

    it('finds out what became of an unknown charge (P-18)', () => {
      const payment = retryWait('network_error').when(cancel());
      expect(payment.state).to.equal('cancelled');
      expect(payment.sentTypes).to.deep.equal(['PaymentCancelled', 'ReconcileCharge']);
    });

    it('waits for the charge in flight and refunds it in full at once (P-18b)', () => {
      const payment = cancelling();
      expect(payment).to.deep.include({ state: 'authorizing', emitted: [] });
      expect(payment.when(cancel(), retryWith()).ignored).to.deep.equal(['CancelPayment', 'RetryPayment']);
      const late = payment.when(succeeded());
      expect(late.state).to.equal('captured');
      expect(late.sentTypes).to.have.members(['PaymentProcessed', 'RefundCharge']);
      expect(late.sent('RefundCharge')[0]).to.deep.include({ amount, gateway: 'stripe', gatewayReferenceId: 'pi_1' });
      const refundOfOrder = late.when(refund('of the order', amount.amount));
      expect(refundOfOrder).to.deep.include({ emitted: [], ignored: ['RefundPayment'] });
      const over = late.when(committed(), receipt(), refunded(late.context.refunds[0]?.refundId ?? '', amount.amount));
      expect(over.state).to.equal('refunded');
      expect(over.sentTypes).to.deep.equal(['RefundCompleted']);
    });

    it('is cancelled when the charge in flight fails, whatever for (P-18b)', () => {
      const declinedLate = cancelling().when(declined('insufficient_funds'));
      expect(declinedLate.state).to.equal('cancelled');
      expect(declinedLate.sentTypes).to.deep.equal(['PaymentCancelled']);
      const unknown = cancelling().when(declined('network_error'));
      expect(unknown.sentTypes).to.deep.equal(['PaymentCancelled', 'ReconcileCharge']);
    });

    it('stays captured: completed payments cannot be cancelled (P-22)', () => {
      for (const payment of [captured(), completed()]) {
        const after = payment.when(cancel());
        expect(after).to.deep.include({ state: payment.state, emitted: [], ignored: ['CancelPayment'] });
      }
    });
  });

  describe('when money arrives after the end', () => {
    const ends = {
      failed: () => authorizing().when(declined('expired_card')),
      cancelled: () => retryWait('network_error').when(cancel()),
    };
    for (const [state, end] of Object.entries(ends)) {
      it(`goes back at once and the payment stays ${state}`, () => {
        const late = end().when(succeeded(1, null));
        expect(late.state).to.equal(state);
        expect(late.sentTypes).to.deep.equal(['RefundCharge']);
        expect(late.sent('RefundCharge')[0]?.amount).to.deep.equal(amount);
        expect(late.when(succeeded(1, 1))).to.deep.include({ emitted: [], ignored: ['ChargeSucceeded'] });
        const refundId = late.context.refunds[0]?.refundId ?? '';
        const back = late.when(refunded(refundId, amount.amount));
        expect(back.state).to.equal(state);
        expect(back.sent('RefundCompleted')[0]).to.include({ fullyRefunded: true });
        const stuck = late.when(refused(refundId));
        expect(stuck.state).to.equal(state);
        expect(stuck.sentTypes).to.deep.equal(['RefundFailed']);
      });
    }
  });

  describe('when money turns out to be held after the end', () => {
    const ends = {
      failed: () =>
        authorizingFirst()
          .when(declined('network_error'))
          .whenTimerFires()
          .when(declined('network_error', 1, 2))
          .whenTimerFires()
          .when(declined('network_error', 1, 3)),
      cancelled: () => authorizingFirst().when(declined('network_error')).when(cancel()),
    };
    for (const [state, end] of Object.entries(ends)) {
      it(`is let go at once and the payment stays ${state} (P-18)`, () => {
        expect(end().sent('ReconcileCharge')[0]).to.include({ idempotencyKey: key(1), captureImmediately: false });
        const late = end().when(held());
        expect(late.state).to.equal(state);
        expect(late.sentTypes).to.deep.equal(['VoidCharge']);
        expect(late.sent('VoidCharge')[0]).to.include({ gatewayReferenceId: 'pi_1', idempotencyKey: key(1) });
        expect(late.when(held())).to.deep.include({ emitted: [], ignored: ['ChargeAuthorized'] });
        const over = late.when(voided());
        expect(over).to.deep.include({ state, emitted: [] });
        expect(over.context.authorization?.voidedAt).to.equal(at());
      });
    }
  });

  describe('when captured', () => {
    it('is complete once stock is committed and the receipt queued, in either order (P-16)', () => {
      for (const [first, second] of [
        [committed(), receipt()],
        [receipt(), committed()],
      ] as const) {
        const half = captured().when(first);
        expect(half).to.deep.include({ state: 'captured', emitted: [] });
        const payment = half.when(second);
        expect(payment.state).to.equal('completed');
        expect(payment.sent('PaymentComplete')).to.deep.equal([
          {
            paymentId,
            ...purpose,
            customerId,
            amount,
            transactionId: payment.context.transactionId,
            status: 'completed',
            processingFee: { amount: 421, currency: 'USD' },
            netAmount: { amount: 13076, currency: 'USD' },
            allocations: stock,
            completedAt: at(),
          },
        ]);
        expect(payment.when(committed(), receipt()).ignored).to.deep.equal(['StockCommitted', 'ReceiptQueued']);
      }
    });

    it('needs only the receipt when it is not for an order (P-16)', () => {
      const invoice = { orderId: null, invoiceId: id('invoice') };
      const payment = given(paymentMachine, opening(invoice), initiated(invoice), decided('APPROVED'), succeeded());
      expect(payment.when(receipt()).state).to.equal('completed');
    });

    it('is not completed once all of it was asked back (P-16, P-19)', () => {
      const payment = captured().when(committed(), refund('all', amount.amount));
      expect(payment.when(receipt())).to.deep.include({ state: 'captured', emitted: [] });
      const kept = payment.when(refused(id('all')), receipt());
      expect(kept.state).to.equal('captured');
      expect(kept.sentTypes).to.deep.equal(['RefundFailed']);
    });
  });

  describe('when refunding', () => {
    it('asks the provider that charged (P-19)', () => {
      const payment = completed().when(refund('all', amount.amount));
      expect(payment.state).to.equal('completed');
      expect(payment.sent('RefundCharge')).to.deep.equal([
        {
          paymentId,
          refundId: id('all'),
          idempotencyKey: id('all'),
          gateway: 'stripe',
          gatewayReferenceId: 'pi_1',
          amount,
          reason: 'changed my mind',
        },
      ]);
    });

    it('is refunded when everything went back (P-20)', () => {
      const payment = completed()
        .when(refund('all', amount.amount))
        .when(refunded(id('all'), amount.amount));
      expect(payment.state).to.equal('refunded');
      expect(payment.sent('RefundCompleted')[0]).to.deep.include({ refundedTotal: amount, fullyRefunded: true });
      const later = payment.when(refunded(id('all'), amount.amount), refund('more', 1), committed(), receipt());
      expect(later.emitted).to.be.empty;
      expect(later.ignored).to.have.length(4);
    });

    it('goes back in parts, never more than was captured (P-20, R-32)', () => {
      const part = completed().when(refund('one', 3497), refunded(id('one'), 3497));
      expect(part.state).to.equal('partiallyRefunded');
      expect(part.sent('RefundCompleted')[0]).to.include({ fullyRefunded: false });
      expect(part.when(refund('two', 10001)).ignored).to.deep.equal(['RefundPayment']);
      expect(part.when(refund('one', 1)).ignored, 'the same refund').to.deep.equal(['RefundPayment']);
      const both = completed()
        .when(refund('one', 3497), refund('two', 10000))
        .when(refunded(id('one'), 3497));
      expect(both.state).to.equal('partiallyRefunded');
      expect(both.sent('RefundCompleted')[0]).to.deep.include({ refundedTotal: { ...amount, amount: 3497 } });
      const rest = part.when(refund('two', 10000), refunded(id('two'), 10000));
      expect(rest.state).to.equal('refunded');
    });

    it('keeps refused money refundable (P-20)', () => {
      const payment = completed().when(refund('one', amount.amount), refused(id('one')));
      expect(payment.state).to.equal('completed');
      expect(payment.sent('RefundFailed')[0]).to.include({ failureMessage: 'charge disputed' });
      expect(payment.when(refund('two', amount.amount)).sentTypes).to.deep.equal(['RefundCharge']);
    });

    it('still completes a payment of which a part went back first (P-16, P-20)', () => {
      const payment = captured()
        .when(refund('one', 100), refunded(id('one'), 100))
        .when(committed(), receipt());
      expect(payment.state).to.equal('partiallyRefunded');
      expect(payment.sentTypes).to.deep.equal(['PaymentComplete']);
    });

    it('has nothing to give back before it was captured (P-19)', () => {
      for (const payment of [riskCheck(), onHold(), authorizing(), retryWait(), authorized(), capturing()]) {
        expect(payment.when(refund('one', 1)).ignored).to.deep.equal(['RefundPayment']);
      }
    });
  });

  it('never charges under two keys without a decline between, nor refunds more than it took, whatever happens', () => {
    const outcomes = fc.oneof(
      fc.constantFrom(...(Object.keys(charges) as (keyof typeof charges)[])).map((reason) => ({ reason })),
      fc.constantFrom('success', 'cancel', 'retry', 'timer', 'refund', 'refunded').map((what) => ({ what })),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(outcomes, fc.integer({ min: 1, max: 3 }), fc.boolean()), { maxLength: 14 }),
        (steps) => {
          let payment = authorizing();
          const keys = new Set([key(1)]);
          const definitive = new Set<string>();
          let taken = 0;
          let back = 0;
          let processed = 0;
          for (const [step, number, current] of steps) {
            const chargeNumber = current ? payment.context.chargeNumber : number;
            const attempt = current ? payment.context.attempt : null;
            if ('reason' in step) {
              if (keys.has(key(chargeNumber)) && step.reason !== 'network_error') definitive.add(key(chargeNumber));
              payment = payment.when(declined(step.reason, chargeNumber, attempt));
            } else if (step.what === 'timer') {
              if (payment.timers.length === 0) continue;
              payment = payment.whenTimerFires();
            } else if (step.what === 'success') payment = payment.when(succeeded(chargeNumber, attempt));
            else if (step.what === 'cancel') payment = payment.when(cancel());
            else if (step.what === 'retry') payment = payment.when(retryWith());
            else if (step.what === 'refund') payment = payment.when(refund(`r${number}`, number * 5000));
            else payment = payment.when(refunded(payment.context.refunds.at(-1)?.refundId ?? id('none'), 1));
            for (const { idempotencyKey } of payment.sent('ProcessPayment')) {
              const before = [...keys].filter((known) => known !== idempotencyKey);
              expect(before.every((known) => definitive.has(known))).to.equal(true, 'every earlier key was declined');
              keys.add(idempotencyKey);
            }
            processed += payment.sent('PaymentProcessed').length;
            back += payment.sent('RefundCharge').reduce((sum, one) => sum + one.amount.amount, 0);
            taken = payment.context.charge?.amount ?? 0;
            expect(back).to.be.at.most(taken);
            expect(processed).to.be.at.most(1);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a payment that is captured later', () => {
  it('ends with its money taken once or let go, whatever happens (P-09, P-15, P-18)', () => {
    const happenings = fc.constantFrom('held', 'taken', 'refused', 'unknown', 'voided', 'capture', 'cancel', 'timer');
    fc.assert(
      fc.property(fc.array(happenings, { maxLength: 12 }), (steps) => {
        let payment = authorizingFirst();
        let [processed, back, voids] = [0, 0, 0];
        for (const step of steps) {
          const { chargeNumber, attempt } = payment.context;
          if (step === 'timer' && payment.timers.length === 0) continue;
          if (step === 'held') payment = payment.when(held(chargeNumber));
          else if (step === 'taken') payment = payment.when(succeeded(chargeNumber, attempt));
          else if (step === 'refused') payment = payment.when(declined('other', chargeNumber, attempt));
          else if (step === 'unknown') payment = payment.when(declined('network_error', chargeNumber, attempt));
          else if (step === 'voided')
            payment = payment.when(voided(at(), payment.context.authorization?.gatewayReferenceId));
          else if (step === 'capture') payment = payment.when(capture());
          else if (step === 'cancel') payment = payment.when(cancel());
          else payment = payment.whenTimerFires();
          processed += payment.sent('PaymentProcessed').length;
          back += payment.sent('RefundCharge').length;
          voids += payment.sent('VoidCharge').length;
        }
        const { charge, authorization } = payment.context;
        const isOver = payment.state === 'failed' || payment.state === 'cancelled';
        expect(processed).to.equal(payment.state === 'captured' ? 1 : 0);
        expect(voids).to.be.at.most(1);
        if (isOver && charge) expect(back, 'taken after the end, and returned').to.equal(1);
        if (isOver && authorization) {
          expect(voids === 1 || authorization.voidedAt !== null, 'held after the end, and let go').to.equal(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the payment rules', () => {
  it('take 2.9 % and 0.30 of the currency, truncated to its minor unit (R-29)', () => {
    expect(processingFee({ amount: 18997, currency: 'USD' }).amount).to.equal(580);
    expect(processingFee({ amount: 7450, currency: 'EUR' }).amount).to.equal(246);
    expect(processingFee({ amount: 10000, currency: 'JPY' }).amount).to.equal(290);
    expect(processingFee({ amount: 18997, currency: 'KWD' }).amount).to.equal(850);
  });

  it('call a method useless only when it can never pass (O-16)', () => {
    expect(isMethodUsable('insufficient_funds', true)).to.equal(true);
    expect(isMethodUsable('card_declined', true)).to.equal(true);
    expect(isMethodUsable('card_declined', false)).to.equal(false);
    expect(isMethodUsable('fraud_suspected', false)).to.equal(false);
    expect(isMethodUsable('network_error', true)).to.equal(true);
    expect(isMethodUsable('expired_card', false)).to.equal(false);
  });
});

describe('the payment views', () => {
  it('name every state as the four vocabularies do (C-14)', () => {
    const rows = Object.keys(paymentMachine.states).map((state) => {
      const view = viewPayment(state as Parameters<typeof viewPayment>[0]);
      return `${state}: ${view.entity} ${view.rest} ${view.database} ${view.query}`;
    });
    expect(rows).to.deep.equal([
      'initiated: pending pending INITIATED pending',
      'riskCheck: pending pending INITIATED pending',
      'onHold: pending pending INITIATED pending',
      'authorizing: processing processing INITIATED pending',
      'authorized: processing processing AUTHORIZED pending',
      'capturing: processing processing AUTHORIZED pending',
      'retryWait: processing processing INITIATED pending',
      'captured: completed completed CAPTURED completed',
      'completed: completed completed CAPTURED completed',
      'partiallyRefunded: partially_refunded completed CAPTURED completed',
      'refunded: refunded refunded REFUNDED refunded',
      'failed: failed failed FAILED failed',
      'cancelled: cancelled failed CANCELLED failed',
    ]);
  });
});
