/**
 * The life of a payment: domain.md 8.2, rows P-01…P-16, P-18, P-18b, P-19, P-20, P-22; C-64…C-66.
 *
 * One payment makes up to three charges under keys of their own. A key is used up only by a definitive decline: after
 * a network error nobody knows whether money was taken: somebody looks for it at once, and the next attempt asks under the same key,
 * with the same method.
 *
 * A payment that was opened to be captured later holds the money in `authorized` (P-09). Whatever ends it before its
 * capture asks the gateway to void what is held.
 */
import { and, not } from 'xstate';
import { opened } from './payment.context.js';
import { paymentSetup } from './payment.setup.js';

export const paymentMachine = paymentSetup.createMachine({
  id: 'payment',
  context: ({ input }) => opened(input),
  initial: 'initiated',
  // Money that was taken can go back, and fulfilment can begin, in several states; the guards want a charge.
  on: {
    RefundPayment: { guard: 'isRefundable', actions: ['openRefund', 'requestRefund'] }, // P-19
    RefundSucceeded: [
      // P-20
      {
        guard: and(['isRefundInFlight', 'isLastOfTheMoney']),
        target: '.refunded',
        actions: ['closeRefund', 'announceRefund'],
      },
      { guard: 'isRefundInFlight', target: '.partiallyRefunded', actions: ['closeRefund', 'announceRefund'] },
    ],
    RefundRejected: { guard: 'isRefundInFlight', actions: ['closeRefund', 'announceRefundFailure'] }, // refund sub-machine
    StockCommitted: { guard: 'awaitsStock', actions: 'keepAllocations' }, // P-16
    ReceiptQueued: { guard: 'awaitsReceipt', actions: 'noteReceipt' }, // P-16
  },
  states: {
    initiated: {
      entry: 'announceInitiated', // P-01
      meta: { defers: ['FraudCheckCompleted', 'FraudDecisionOverridden', 'CapturePayment'] },
      after: { sessionLife: 'cancelled' }, // P-18: its session ran out (P-01)
      on: {
        PaymentInitiated: 'riskCheck', // P-02
        CancelPayment: 'cancelled', // P-18
      },
    },
    riskCheck: {
      meta: { defers: ['FraudDecisionOverridden', 'CapturePayment'] },
      after: { riskCheckTimeout: 'onHold' }, // P-02
      on: {
        FraudCheckCompleted: [
          { guard: 'isApproved', target: 'authorizing' }, // P-03
          { guard: 'isDeclined', target: 'failed', actions: 'suspectFraud' }, // P-05
          { target: 'onHold', actions: 'setReviewDeadline' }, // P-04
        ],
        CancelPayment: 'cancelled', // P-18
      },
    },
    onHold: {
      meta: { defers: ['CapturePayment'] },
      after: { reviewDeadline: { target: 'failed', actions: 'suspectFraud' } }, // P-07
      on: {
        // The decision that the risk check did not wait for.
        FraudCheckCompleted: [
          { guard: and(['awaitsDecision', 'isApproved']), target: 'authorizing' }, // P-03
          { guard: and(['awaitsDecision', 'isDeclined']), target: 'failed', actions: 'suspectFraud' }, // P-05
          { guard: 'awaitsDecision', target: 'onHold', reenter: true, actions: 'setReviewDeadline' }, // P-04
        ],
        FraudDecisionOverridden: [
          { guard: 'isApproved', target: 'authorizing' }, // P-06
          { target: 'failed', actions: 'suspectFraud' }, // P-07
        ],
        CancelPayment: 'cancelled', // P-18
      },
    },
    authorizing: {
      entry: ['startAttempt', 'requestCharge'],
      meta: { defers: ['CapturePayment'] },
      on: {
        ChargeAuthorized: [
          {
            guard: and(['isCurrentCharge', 'isCancelRequested']),
            target: 'cancelled',
            actions: ['recordAuthorization', 'requestVoid'], // P-18b
          },
          { guard: 'isCurrentCharge', target: 'authorized', actions: 'recordAuthorization' }, // P-09
        ],
        ChargeSucceeded: [
          {
            guard: and(['isCurrentCharge', 'isCancelRequested']),
            target: 'captured',
            actions: ['recordCharge', 'openFullRefund', 'requestRefund'], // P-18b
          },
          { guard: 'isCurrentCharge', target: 'captured', actions: 'recordCharge' }, // P-08
        ],
        ChargeFailed: [
          { guard: and(['isCurrentCharge', 'isCancelRequested']), target: 'cancelled', actions: 'noteFailure' }, // P-18b
          {
            guard: and(['isCurrentCharge', 'mayChargeReplacement']),
            target: 'authorizing',
            reenter: true,
            actions: 'noteFailure',
          }, // P-14
          {
            guard: and(['isCurrentCharge', 'isRetryable', 'mayTryAgain']),
            target: 'retryWait',
            actions: 'noteFailure',
          }, // P-10, P-13
          { guard: 'isCurrentCharge', target: 'failed', actions: 'noteFailure' }, // P-11, P-12
        ],
        RetryPayment: { guard: not('isCancelRequested'), actions: 'keepReplacement' },
        CancelPayment: { guard: not('isCancelRequested'), actions: 'requestCancellation' }, // P-18b
      },
    },
    authorized: {
      after: { authorizationLife: { target: 'cancelled', actions: 'requestVoid' } }, // P-09
      on: {
        CapturePayment: 'capturing', // P-15
        CancelPayment: { target: 'cancelled', actions: 'requestVoid' }, // P-18
        // Somebody did it at the provider.
        ChargeSucceeded: { guard: 'isCurrentCharge', target: 'captured', actions: 'recordCharge' }, // P-15
        ChargeVoided: { guard: 'isHeld', target: 'cancelled', actions: 'noteVoid' }, // P-18
      },
    },
    capturing: {
      entry: 'requestCapture', // P-15
      on: {
        ChargeSucceeded: [
          {
            guard: and(['isCurrentCharge', 'isCancelRequested']),
            target: 'captured',
            actions: ['recordCharge', 'openFullRefund', 'requestRefund'], // P-18b
          },
          { guard: 'isCurrentCharge', target: 'captured', actions: 'recordCharge' }, // P-15
        ],
        // What could not be captured may be held still.
        ChargeFailed: [
          {
            guard: and(['isCurrentCharge', 'isDefinitive', 'isCancelRequested']),
            target: 'cancelled',
            actions: ['noteFailure', 'requestVoid'],
          }, // P-18b
          {
            guard: and(['isCurrentCharge', 'isDefinitive']),
            target: 'failed',
            actions: ['noteFailure', 'requestVoid'],
          }, // P-11
        ],
        ChargeVoided: [
          { guard: and(['isHeld', 'isCancelRequested']), target: 'cancelled', actions: 'noteVoid' }, // P-18b
          { guard: 'isHeld', target: 'failed', actions: ['noteVoid', 'loseHold'] }, // P-11
        ],
        CancelPayment: { guard: not('isCancelRequested'), actions: 'requestCancellation' }, // P-18b
      },
    },
    retryWait: {
      entry: ['scheduleRetry', 'announceFailure', 'reconcileUnknown'],
      exit: 'unscheduleRetry',
      meta: { defers: ['CapturePayment'] },
      after: { retryDelay: 'authorizing' }, // P-14
      on: {
        RetryPayment: { target: 'authorizing', actions: 'keepReplacement' }, // P-14
        CancelPayment: 'cancelled', // P-18
        // What is told later about a charge of unknown outcome.
        ChargeAuthorized: { guard: 'isCurrentCharge', target: 'authorized', actions: 'recordAuthorization' }, // P-09
        ChargeSucceeded: { guard: 'isCurrentCharge', target: 'captured', actions: 'recordCharge' }, // P-08
        ChargeFailed: [
          { guard: and(['isCurrentCharge', 'mayChargeReplacement']), target: 'authorizing', actions: 'noteFailure' }, // P-14
          { guard: and(['isCurrentCharge', 'isDefinitive', 'isRetryable']), actions: 'noteFailure' }, // P-10
          { guard: and(['isCurrentCharge', 'isDefinitive']), target: 'failed', actions: 'noteFailure' }, // P-11
        ],
      },
    },
    captured: {
      entry: 'announceProcessed', // P-08
      always: { guard: 'isReadyToComplete', target: 'completed' }, // P-16
    },
    completed: { entry: ['markComplete', 'announceComplete'] },
    partiallyRefunded: {
      always: { guard: 'isReadyToComplete', actions: ['markComplete', 'announceComplete'] }, // P-16
    },
    refunded: {},
    failed: {
      entry: ['announceFailure', 'reconcileUnknown'],
      on: {
        // Money that arrives after the end goes back; the state stays what everyone was told.
        ChargeSucceeded: { guard: 'isUncharged', actions: ['recordCharge', 'openFullRefund', 'requestRefund'] },
        ChargeAuthorized: { guard: 'isUnauthorized', actions: ['recordAuthorization', 'requestVoid'] },
        ChargeVoided: { guard: 'isHeld', actions: 'noteVoid' },
        RefundSucceeded: { guard: 'isRefundInFlight', actions: ['closeRefund', 'announceRefund'] },
      },
    },
    cancelled: {
      entry: ['announceCancellation', 'reconcileUnknown'],
      on: {
        ChargeSucceeded: { guard: 'isUncharged', actions: ['recordCharge', 'openFullRefund', 'requestRefund'] },
        ChargeAuthorized: { guard: 'isUnauthorized', actions: ['recordAuthorization', 'requestVoid'] },
        ChargeVoided: { guard: 'isHeld', actions: 'noteVoid' },
        RefundSucceeded: { guard: 'isRefundInFlight', actions: ['closeRefund', 'announceRefund'] },
      },
    },
  },
});
