import { expect } from 'chai';
import { at, id } from './given.js';
import {
  changeMethod,
  complete,
  decided,
  expired,
  failed,
  fraudDetected,
  mug,
  orderId,
  otherMethod,
  processed,
  reserved,
  review,
  shortage,
  total,
  usd,
} from './orderMessages.js';
import {
  awaitingPayment,
  cancellationOf,
  deadMethod,
  fraudHold,
  fromOne,
  needsMethod,
  type Order,
  paid,
  paymentOf,
  retrying,
  told,
} from './orderScenes.js';

describe('the order machine, collecting its payment', () => {
  describe('when awaitingPayment', () => {
    it('is paid by a payment of its total (O-10)', () => {
      const order = paid();
      expect(order.state).to.equal('paid');
      expect(order.emitted).to.be.empty;
      expect(order.context.payment).to.deep.include({ state: 'captured', captured: total });
    });

    for (const amount of [usd(13_496), { amount: 13_497, currency: 'EUR' }]) {
      it(`sends ${amount.amount} ${amount.currency} back, cancels, and marks an alert (O-10)`, () => {
        const order = told(awaitingPayment(), (pid) => processed(pid, amount));
        expect(order.state).to.equal('cancelled');
        expect(order.sentTypes).to.deep.equal(['OrderCancelled', 'RefundPayment']);
        expect(order.sent('RefundPayment')[0]).to.deep.include({ paymentId: paymentOf(order), amount });
        expect(cancellationOf(order)?.refund?.amount).to.deep.equal(amount);
        expect(cancellationOf(order)?.cancellationReason).to.equal('SYSTEM');
        expect(order.context.alerts).to.deep.equal(['paymentAmountMismatch']);
      });
    }

    for (const [name, news] of [
      ['FraudCheckCompleted', review],
      ['FraudDetected', fraudDetected],
    ] as const) {
      it(`is held, with its stock, until the review deadline after ${name} (O-11)`, () => {
        const order = told(awaitingPayment(), news);
        expect(order.state).to.equal('confirmed.fraudHold');
        expect(order.emitted).to.deep.equal([
          { type: 'ExtendHold', data: { orderId, until: at(24 * 60), cause: 'fraudReview' } },
        ]);
        expect(order.timers).to.deep.equal([
          { id: 'xstate.after.reviewDeadline.order.confirmed.fraudHold', dueAt: at(24 * 60) },
        ]);
      });
    }

    it('gives the reviewer 24 hours when no deadline is named (O-11)', () => {
      const order = told(awaitingPayment(), (pid) => review(pid, null));
      expect(order.sent('ExtendHold')[0]?.until).to.equal(at(24 * 60));
      expect(order.timers[0]?.dueAt).to.equal(at(24 * 60));
    });

    it('waits for the next charge and keeps its stock five minutes longer (O-14)', () => {
      const order = retrying();
      expect(order.state).to.equal('confirmed.paymentRetry');
      expect(order.emitted).to.deep.equal([
        { type: 'ExtendHold', data: { orderId, until: at(16), cause: 'paymentRetry' } },
      ]);
      expect(order.timers).to.deep.equal([
        { id: 'xstate.after.nextRetry.order.confirmed.paymentRetry', dueAt: at(11) },
      ]);
    });

    it('lets the customer choose another method when this one will never pass (O-16)', () => {
      const order = needsMethod();
      expect(order.state).to.equal('confirmed.paymentRetry');
      expect(order.emitted).to.be.empty;
      expect(order.context.payment).to.include({ state: 'failed' });
    });

    for (const [why, failure, reason] of [
      ['the third charge has failed', { attemptNumber: 3, canRetry: false }, 'PAYMENT_FAILED'],
      ['nothing is left to try', { canRetry: false }, 'PAYMENT_FAILED'],
      ['fraud is suspected', { failureReason: 'fraud_suspected', canRetry: false, attemptNumber: 0 }, 'FRAUD'],
    ] as const) {
      it(`cancels the order once ${why} (O-17)`, () => {
        const order = told(awaitingPayment(), (pid) => failed(pid, failure));
        expect(order.state).to.equal('cancelled');
        expect(order.sentTypes).to.deep.equal(['OrderCancelled']);
        expect(cancellationOf(order)).to.include({ cancellationReason: reason, refund: null });
      });
    }

    describe('and the hold ends', () => {
      const late = () => awaitingPayment().when(expired());

      it('waits for the charge that is under way (G-26)', () => {
        expect(late().state).to.equal('confirmed.awaitingPayment');
        expect(late().sentTypes).to.be.empty;
        expect(told(late(), processed).state).to.equal('paid');
      });

      it('cancels the order and its payment as soon as that charge fails (O-17)', () => {
        const order = told(late(), (pid) => failed(pid, { nextRetryAt: at(26) }));
        expect(order.state).to.equal('cancelled');
        expect(order.sentTypes).to.deep.equal(['OrderCancelled', 'CancelPayment']);
        expect(cancellationOf(order)).to.include({ cancellationReason: 'PAYMENT_FAILED' });
        expect(order.sent('CancelPayment')[0]).to.include({ paymentId: paymentOf(order) });
      });
    });

    it('keeps the news that its stock could not be had again until the money is there (G-26)', () => {
      const waiting = awaitingPayment().when(shortage());
      expect(waiting.state).to.equal('confirmed.awaitingPayment');
      expect(waiting.deferred.map(({ type }) => type)).to.deep.equal(['OutOfStock']);
      const order = told(waiting, processed);
      expect(order.state).to.equal('cancelled');
      expect(order.sentTypes).to.deep.equal(['OrderCancelled', 'RefundPayment']);
    });

    it('ignores what is not about its payment, or is said too early or twice', () => {
      const other = id('another payment');
      const order = awaitingPayment().when(
        reserved(mug, 2),
        review(other),
        fraudDetected(other),
        failed(other),
        complete(paymentOf(awaitingPayment()), []),
        changeMethod(),
      );
      expect(order.state).to.equal('confirmed.awaitingPayment');
      expect(order.ignored).to.have.lengthOf(6);
      expect(order.emitted).to.be.empty;
    });

    it('is not held by a check that approves, nor by fraud that is blocked anyway', () => {
      const pid = paymentOf(awaitingPayment());
      const approved = { ...review(pid), data: { ...review(pid).data, decision: 'APPROVED' as const } };
      expect(awaitingPayment().when(approved, fraudDetected(pid, 'critical')).ignored).to.have.lengthOf(2);
    });
  });

  describe('when fraudHold', () => {
    it('goes on to the charge once a reviewer approves (O-12)', () => {
      const order = told(fraudHold(), (pid) => decided(pid, 'APPROVED'));
      expect(order.state).to.equal('confirmed.awaitingPayment');
      expect(order.emitted).to.be.empty;
      expect(order.timers).to.be.empty;
    });

    for (const [why, end] of [
      ['a reviewer declines', (order: Order) => told(order, (pid) => decided(pid, 'DECLINED'))],
      ['nobody decides in time', (order: Order) => order.whenTimerFires()],
    ] as const) {
      it(`cancels the order and its payment when ${why} (O-13)`, () => {
        const order = end(fraudHold());
        expect(order.state).to.equal('cancelled');
        expect(cancellationOf(order)).to.include({ cancellationReason: 'FRAUD' });
        expect(order.sent('CancelPayment')).to.have.lengthOf(1);
        expect(order.timers).to.be.empty;
      });
    }

    it('is cancelled when the payment says so first (O-17)', () => {
      const order = told(fraudHold(), (pid) => failed(pid, { failureReason: 'fraud_suspected', canRetry: false }));
      expect(order.state).to.equal('cancelled');
      expect(order.sentTypes).to.deep.equal(['OrderCancelled']);
      expect(cancellationOf(order)).to.include({ cancellationReason: 'FRAUD' });
    });

    it('keeps the payment’s news until it hears of the decision itself (O-12)', () => {
      const held = fraudHold();
      const pid = paymentOf(held);
      const waiting = held.when(processed(pid), complete(pid, fromOne));
      expect(waiting.state).to.equal('confirmed.fraudHold');
      expect(waiting.deferred).to.have.lengthOf(2);
      expect(waiting.when(decided(pid, 'APPROVED')).state).to.equal('fulfilling.awaitingShipment');
    });

    it('keeps a failed charge, too, until it hears of the decision (O-12)', () => {
      const waiting = told(fraudHold(), (pid) => failed(pid, { nextRetryAt: at(11) }));
      expect(waiting.state).to.equal('confirmed.fraudHold');
      expect(waiting.deferred).to.have.lengthOf(1);
      expect(told(waiting, (pid) => decided(pid, 'APPROVED')).state).to.equal('confirmed.paymentRetry');
    });

    it('sends back money that came although nobody decided in time (O-34)', () => {
      const order = told(fraudHold(), processed).whenTimerFires();
      expect(order.state).to.equal('cancelled');
      expect(order.sentTypes).to.deep.equal(['OrderCancelled', 'CancelPayment', 'RefundPayment']);
    });

    it('outlives its hold, but not a failed charge after that (O-12, O-17)', () => {
      const held = fraudHold().when(expired(at(24 * 60)));
      expect(held.state).to.equal('confirmed.fraudHold');
      const approved = told(held, (pid) => decided(pid, 'APPROVED'));
      expect(told(approved, processed).state).to.equal('paid');
      const order = told(approved, (pid) => failed(pid, { nextRetryAt: at(11) }));
      expect(order.state).to.equal('cancelled');
      expect(order.sentTypes).to.deep.equal(['OrderCancelled', 'CancelPayment']);
    });

    it('ignores the second voice of fraud detection, and decisions about other payments', () => {
      const other = id('another payment');
      const order = told(fraudHold(), fraudDetected).when(decided(other, 'APPROVED'), decided(other, 'DECLINED'));
      expect(order.state).to.equal('confirmed.fraudHold');
      expect(order.ignored).to.have.lengthOf(2);
    });
  });

  describe('when paymentRetry', () => {
    it('waits for the charge again once it is due (O-15)', () => {
      const order = retrying().whenTimerFires();
      expect(order.state).to.equal('confirmed.awaitingPayment');
      expect(order.emitted).to.be.empty;
      expect(order.context.payment).to.include({ state: 'open' });
    });

    it('charges another method at once (O-15)', () => {
      const order = retrying().when(changeMethod());
      expect(order.state).to.equal('confirmed.awaitingPayment');
      expect(order.emitted).to.deep.equal([
        { type: 'RetryPayment', data: { paymentId: paymentOf(order), paymentMethod: otherMethod } },
      ]);
      expect(order.timers).to.be.empty;
    });

    it('opens a new payment for a new method when the old payment is over (O-16)', () => {
      const before = needsMethod();
      const order = before.when(changeMethod());
      expect(order.state).to.equal('confirmed.awaitingPayment');
      expect(order.sentTypes).to.deep.equal(['OpenPayment']);
      expect(order.sent('OpenPayment')[0]).to.deep.include({ paymentMethod: otherMethod, amount: total });
      expect(order.context.payment).to.include({ number: 2, attemptsBefore: 1, state: 'open' });
      expect(paymentOf(order)).not.to.equal(paymentOf(before));
    });

    it('does not let a new payment make more charges than the order has left (O-17)', () => {
      const order = needsMethod().when(changeMethod());
      const again = told(order, (pid) => failed(pid, { nextRetryAt: at(12) }, at(2)));
      expect(again.state).to.equal('confirmed.paymentRetry');
      const last = told(again, (pid) => failed(pid, { attemptNumber: 2, nextRetryAt: at(22) }, at(12)));
      expect(last.state).to.equal('cancelled');
      expect(last.sentTypes).to.deep.equal(['OrderCancelled', 'CancelPayment']);
    });

    it('is paid by a charge that succeeds before its own timer (O-10)', () => {
      expect(told(retrying(), processed).state).to.equal('paid');
    });

    it('waits again after a charge that fails before its own timer (O-14)', () => {
      const order = told(retrying(), (pid) => failed(pid, { attemptNumber: 2, nextRetryAt: at(21) }, at(11)));
      expect(order.state).to.equal('confirmed.paymentRetry');
      expect(order.timers.map(({ dueAt }) => dueAt)).to.deep.equal([at(21)]);
      expect(order.sent('ExtendHold')[0]?.until).to.equal(at(26));
    });

    it('asks for another method when the payment learns that this one will never pass (O-16)', () => {
      const order = told(retrying(), (pid) => failed(pid, deadMethod));
      expect(order.state).to.equal('confirmed.paymentRetry');
      expect(order.timers.map(({ dueAt }) => dueAt)).to.deep.equal([at(24 * 60 + 1)]);
      expect(order.when(changeMethod()).sentTypes).to.deep.equal(['OpenPayment']);
    });

    it('keeps the news that its stock could not be had again until the money is there (G-26)', () => {
      const order = told(retrying().when(shortage()), processed);
      expect(order.state).to.equal('cancelled');
      expect(order.sent('RefundPayment')).to.have.lengthOf(1);
    });

    for (const [wait, start, sent] of [
      ['for its next charge', retrying, ['OrderCancelled', 'CancelPayment']],
      ['for another method', needsMethod, ['OrderCancelled']],
    ] as const) {
      it(`is cancelled when its hold ends while it waits ${wait} (O-17)`, () => {
        const order = start().when(expired());
        expect(order.state).to.equal('cancelled');
        expect(order.sentTypes).to.deep.equal(sent);
        expect(cancellationOf(order)).to.include({ cancellationReason: 'PAYMENT_FAILED' });
        expect(order.timers).to.be.empty;
      });
    }

    it('does not wait for another method for ever, even if its hold never ends (O-17)', () => {
      const order = needsMethod();
      expect(order.timers.map(({ dueAt }) => dueAt)).to.deep.equal([at(24 * 60 + 1)]);
      expect(order.whenTimerFires().state).to.equal('cancelled');
    });

    it('ignores a failure that it knows', () => {
      const order = told(retrying(), (pid) => failed(pid, { nextRetryAt: at(11) }));
      expect(order.ignored).to.deep.equal(['PaymentFailed']);
      expect(order.timers.map(({ dueAt }) => dueAt)).to.deep.equal([at(11)]);
    });
  });
});
