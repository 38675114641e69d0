import { assertEvent, assign, emit, enqueueActions, setup } from 'xstate';
import type { FlowmartOutgoing, FlowmartReceived } from '../index.js';
import { cause } from '../shared/cause.js';
import { deriveId } from '../shared/ids.js';
import { later, msBetween } from '../shared/instants.js';
import {
  currentKey,
  type Failure,
  type Opening,
  type PaymentContext,
  refundableNow,
  refundOf,
} from './payment.context.js';
import {
  captureCharge,
  paymentCancelled,
  paymentComplete,
  paymentFailed,
  paymentInitiated,
  paymentProcessed,
  processPayment,
  reconcileCharge,
  refundCharge,
  refundCompleted,
  refundFailed,
  voidCharge,
} from './payment.outgoing.js';
import {
  AUTHORIZATION_LIFE_MS,
  isMethodUsable,
  isUnknown,
  MAX_ATTEMPTS,
  RETRY_DELAY_MS,
  REVIEW_TIMEOUT_MS,
  type Refund,
  RISK_CHECK_TIMEOUT_MS,
  refundedTotal,
  SESSION_LIFE_MS,
} from './payment.rules.js';

const openingOf = (event: object): Opening => (event as { readonly input: Opening }).input;

const settleRefund = (refunds: readonly Refund[], refundId: string, status: Refund['status']): Refund[] =>
  refunds.map((refund) => (refund.refundId === refundId ? { ...refund, status } : refund));

/** The words of the payment's chart: what it asks (guards), what it does (actions), and how long it waits (delays). */
export const paymentSetup = setup({
  types: {
    context: {} as PaymentContext,
    input: {} as Opening,
    events: {} as FlowmartReceived<
      | 'PaymentInitiated'
      | 'FraudCheckCompleted'
      | 'FraudDecisionOverridden'
      | 'CancelPayment'
      | 'RetryPayment'
      | 'CapturePayment'
      | 'RefundPayment'
      | 'ChargeSucceeded'
      | 'ChargeAuthorized'
      | 'ChargeFailed'
      | 'ChargeVoided'
      | 'RefundSucceeded'
      | 'RefundRejected'
      | 'StockCommitted'
      | 'ReceiptQueued'
    >,
    emitted: {} as FlowmartOutgoing<
      | 'PaymentInitiated'
      | 'ProcessPayment'
      | 'ReconcileCharge'
      | 'CaptureCharge'
      | 'VoidCharge'
      | 'RefundCharge'
      | 'PaymentProcessed'
      | 'PaymentFailed'
      | 'PaymentCancelled'
      | 'PaymentComplete'
      | 'RefundCompleted'
      | 'RefundFailed'
    >,
    meta: {} as { defers?: readonly string[] },
  },
  delays: {
    sessionLife: SESSION_LIFE_MS,
    riskCheckTimeout: RISK_CHECK_TIMEOUT_MS,
    reviewDeadline: ({ context, event }) =>
      context.reviewDueAt ? msBetween(cause(event).at, context.reviewDueAt) : REVIEW_TIMEOUT_MS,
    retryDelay: RETRY_DELAY_MS,
    authorizationLife: AUTHORIZATION_LIFE_MS,
  },
  guards: {
    isApproved: ({ event }) => 'decision' in event.data && event.data.decision === 'APPROVED',
    isDeclined: ({ event }) => 'decision' in event.data && event.data.decision === 'DECLINED',
    awaitsDecision: ({ context }) => context.reviewDueAt === null,
    isCancelRequested: ({ context }) => context.cancelRequested,
    /** The outcome of the charge in use: not of an earlier key, and no second telling. */
    isCurrentCharge: ({ context, event }) => {
      assertEvent(event, ['ChargeSucceeded', 'ChargeAuthorized', 'ChargeFailed']);
      if (event.data.idempotencyKey !== currentKey(context)) return false;
      const isFinal = event.type !== 'ChargeFailed' || !isUnknown(event.data.failureReason);
      return isFinal || event.data.attempt === context.attempt;
    },
    isDefinitive: ({ event }) => {
      assertEvent(event, 'ChargeFailed');
      return !isUnknown(event.data.failureReason);
    },
    isRetryable: ({ event }) => {
      assertEvent(event, 'ChargeFailed');
      return event.data.canRetry;
    },
    /** Renewals leave retries to dunning (P-12). */
    mayTryAgain: ({ context }) => context.attempt < MAX_ATTEMPTS && context.profile !== 'renewal',
    /** The customer chose another method while the outcome of this charge was open. */
    mayChargeReplacement: ({ context, event }) => {
      assertEvent(event, 'ChargeFailed');
      const { failureReason } = event.data;
      const isOverForGood = !isUnknown(failureReason) && failureReason !== 'fraud_suspected';
      return isOverForGood && context.replacementMethod !== null && context.attempt < MAX_ATTEMPTS;
    },
    isUnauthorized: ({ context }) => context.charge === null && context.authorization === null,
    /** Tells for the first time of the money that is held. */
    isHeld: ({ context: { authorization }, event }) => {
      assertEvent(event, 'ChargeVoided');
      return authorization?.gatewayReferenceId === event.data.gatewayReferenceId && authorization.voidedAt === null;
    },
    isUncharged: ({ context }) => context.charge === null,
    isReadyToComplete: ({ context }) =>
      !context.calledOff &&
      context.completedAt === null &&
      context.receiptQueued &&
      (context.orderId === null || context.allocations !== null),
    awaitsStock: ({ context }) => refundableNow(context) > 0 && context.allocations === null,
    awaitsReceipt: ({ context }) => refundableNow(context) > 0 && !context.receiptQueued,
    isRefundable: ({ context, event }) => {
      assertEvent(event, 'RefundPayment');
      const { refundId, amount } = event.data;
      const isNew = refundOf(context, refundId) === undefined && amount.currency === context.amount.currency;
      return isNew && amount.amount > 0 && amount.amount <= refundableNow(context);
    },
    isRefundInFlight: ({ context, event }) => {
      assertEvent(event, ['RefundSucceeded', 'RefundRejected']);
      return refundOf(context, event.data.refundId)?.status === 'processing';
    },
    isLastOfTheMoney: ({ context, event }) => {
      assertEvent(event, 'RefundSucceeded');
      return refundedTotal(settleRefund(context.refunds, event.data.refundId, 'completed')) === context.charge?.amount;
    },
  },
  actions: {
    announceInitiated: emit(({ context, event }) => paymentInitiated(context, openingOf(event))),
    setReviewDeadline: assign(({ event }) => {
      assertEvent(event, 'FraudCheckCompleted');
      return { reviewDueAt: event.data.reviewDueAt ?? later(event.at, REVIEW_TIMEOUT_MS) };
    }),
    suspectFraud: assign({
      failure: (): Failure => ({
        reason: 'fraud_suspected',
        code: null,
        message: 'The payment did not pass the fraud check.',
        methodUsable: true,
      }),
    }),
    startAttempt: assign(({ context: { attempt, outcomeUnknown, replacementMethod } }) => ({
      attempt: attempt + 1,
      // The same key must go with the same method: a provider refuses one key for two different charges.
      ...(replacementMethod && !outcomeUnknown && { paymentMethod: replacementMethod, replacementMethod: null }),
    })),
    requestCharge: emit(({ context }) => processPayment(context)),
    keepReplacement: assign(({ event }) => {
      assertEvent(event, 'RetryPayment');
      return { replacementMethod: event.data.paymentMethod };
    }),
    requestCancellation: assign({ cancelRequested: true }),
    noteFailure: assign(({ context, event }) => {
      assertEvent(event, 'ChargeFailed');
      const { failureReason: reason, failureCode: code, failureMessage: message, canRetry } = event.data;
      const outcomeUnknown = isUnknown(reason);
      return {
        failure: { reason, code, message, methodUsable: isMethodUsable(reason, canRetry) },
        outcomeUnknown,
        chargeNumber: outcomeUnknown ? context.chargeNumber : context.chargeNumber + 1,
      };
    }),
    scheduleRetry: assign({ nextRetryAt: ({ event }) => later(cause(event).at, RETRY_DELAY_MS) }),
    unscheduleRetry: assign({ nextRetryAt: null }),
    announceCancellation: emit(({ context, event }) => paymentCancelled(context, cause(event))),
    announceFailure: emit(({ context, event }) => paymentFailed(context, cause(event))),
    /** The customer shall not wait for the next attempt, if there is one at all, to be told that the money is there. */
    reconcileUnknown: enqueueActions(({ context, enqueue }) => {
      if (context.outcomeUnknown) enqueue.emit(reconcileCharge(context));
    }),
    recordAuthorization: assign(({ event }) => {
      assertEvent(event, 'ChargeAuthorized');
      const { idempotencyKey, gateway, gatewayReferenceId, amount } = event.data;
      const held = { idempotencyKey, gateway, gatewayReferenceId, amount: amount.amount };
      return { authorization: { ...held, authorizedAt: event.at, voidedAt: null }, outcomeUnknown: false };
    }),
    requestCapture: emit(({ context }) => captureCharge(context)),
    requestVoid: emit(({ context }) => voidCharge(context)),
    noteVoid: assign(({ context: { authorization }, event }) => ({
      authorization: authorization && { ...authorization, voidedAt: cause(event).at },
    })),
    /** The provider, or somebody there, let the money go before it was captured. */
    loseHold: assign({
      failure: (): Failure => ({
        reason: 'other',
        code: 'authorization_voided',
        message: 'The money was not held any more when it was to be captured.',
        methodUsable: true,
      }),
    }),
    recordCharge: assign(({ event }) => {
      assertEvent(event, 'ChargeSucceeded');
      const { gateway, gatewayReferenceId, responseMessage, amount } = event.data;
      return {
        charge: { gateway, gatewayReferenceId, responseMessage, amount: amount.amount, capturedAt: event.at },
        outcomeUnknown: false,
      };
    }),
    announceProcessed: emit(({ context, event }) => paymentProcessed(context, cause(event))),
    keepAllocations: assign(({ event }) => {
      assertEvent(event, 'StockCommitted');
      return { allocations: event.data.allocations };
    }),
    noteReceipt: assign({ receiptQueued: true }),
    markComplete: assign({ completedAt: ({ event }) => cause(event).at }),
    announceComplete: emit(({ context, event }) => paymentComplete(context, cause(event))),
    openRefund: assign(({ context, event }) => {
      assertEvent(event, 'RefundPayment');
      const { refundId, amount } = event.data;
      return {
        refunds: [...context.refunds, { refundId, amount: amount.amount, status: 'processing' as const }],
        calledOff: context.calledOff || amount.amount === refundableNow(context),
      };
    }),
    openFullRefund: assign(({ context, event }) => ({
      refunds: [
        ...context.refunds,
        {
          refundId: deriveId(cause(event).id, 'refund'),
          amount: refundableNow(context),
          status: 'processing' as const,
        },
      ],
      calledOff: true,
    })),
    requestRefund: emit(({ context, event }) =>
      refundCharge(context, event.type === 'RefundPayment' ? event.data.reason : 'The payment was cancelled.'),
    ),
    closeRefund: assign(({ context, event }) => {
      assertEvent(event, ['RefundSucceeded', 'RefundRejected']);
      const status = event.type === 'RefundSucceeded' ? 'completed' : 'failed';
      const refunds = settleRefund(context.refunds, event.data.refundId, status);
      return { refunds, refunded: refundedTotal(refunds) };
    }),
    announceRefund: emit(({ context, event }) => {
      assertEvent(event, 'RefundSucceeded');
      return refundCompleted(context, event);
    }),
    announceRefundFailure: emit(({ context, event }) => {
      assertEvent(event, 'RefundRejected');
      return refundFailed(context, event);
    }),
  },
});
