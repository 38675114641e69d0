import type { FlowmartOutgoing } from '../index.js';
import type { Cause } from '../shared/cause.js';
import type { Money } from '../shared/values.js';
import { capturedMoney, currentKey, type Opening, type PaymentContext, refundOf } from './payment.context.js';
import { MAX_ATTEMPTS, methodName, processingFee } from './payment.rules.js';

/** Whom the messages of a payment are about. */
const subject = ({ paymentId, orderId, subscriptionId, invoiceId, customerId }: PaymentContext) => ({
  paymentId,
  orderId,
  subscriptionId,
  invoiceId,
  customerId,
});

const inItsCurrency = ({ amount: { currency } }: PaymentContext, amount: number): Money => ({ amount, currency });

/** The charge under the key in use; its metadata come back with webhooks, and are the same for every call under one key. */
function charge(payment: PaymentContext) {
  const { paymentId, attempt, amount, paymentMethod, captureImmediately } = payment;
  const idempotencyKey = currentKey(payment);
  const known = Object.entries({ idempotencyKey, ...subject(payment) }).filter(
    (entry): entry is [string, string] => entry[1] !== null,
  );
  const metadata = Object.fromEntries(known);
  return { paymentId, attempt, idempotencyKey, amount, paymentMethod, captureImmediately, metadata };
}

export function paymentInitiated(payment: PaymentContext, opening: Opening): FlowmartOutgoing<'PaymentInitiated'> {
  const { captureImmediately: _, ...data } = opening.data;
  const { transactionId, customerId, initiatedAt } = payment;
  return { type: 'PaymentInitiated', data: { userId: customerId, transactionId, initiatedAt, ...data } };
}

/** Charges in one step (C-08), or only authorises, as the payment was opened. */
export const processPayment = (payment: PaymentContext): FlowmartOutgoing<'ProcessPayment'> => ({
  type: 'ProcessPayment',
  data: { outcomeUnknown: payment.outcomeUnknown, ...charge(payment) },
});

export const reconcileCharge = (payment: PaymentContext): FlowmartOutgoing<'ReconcileCharge'> => ({
  type: 'ReconcileCharge',
  data: charge(payment),
});

/**
 * The charge that holds the money.
 * @throws when nothing was authorised: a defect of the chart
 */
function held({ paymentId, attempt, authorization, amount: { currency } }: PaymentContext) {
  if (authorization === null) throw new Error(`Payment ${paymentId} holds nothing`);
  const { idempotencyKey, gateway, gatewayReferenceId, amount } = authorization;
  return { paymentId, attempt, idempotencyKey, gateway, gatewayReferenceId, amount: { amount, currency } };
}

export const captureCharge = (payment: PaymentContext): FlowmartOutgoing<'CaptureCharge'> => ({
  type: 'CaptureCharge',
  data: held(payment),
});

export const voidCharge = (payment: PaymentContext): FlowmartOutgoing<'VoidCharge'> => ({
  type: 'VoidCharge',
  data: held(payment),
});

/**
 * The last failure, and whether another charge is scheduled.
 * @throws when the payment has not failed: a defect of the chart
 */
export function paymentFailed(payment: PaymentContext, { at }: Cause): FlowmartOutgoing<'PaymentFailed'> {
  const { failure, nextRetryAt, attempt, amount } = payment;
  if (failure === null) throw new Error(`Payment ${payment.paymentId} failed for no reason`);
  return {
    type: 'PaymentFailed',
    data: {
      amount,
      failureReason: failure.reason,
      failureCode: failure.code,
      failureMessage: failure.message,
      attemptNumber: attempt,
      maxAttempts: MAX_ATTEMPTS,
      canRetry: nextRetryAt !== null,
      methodUsable: failure.methodUsable,
      nextRetryAt,
      timestamp: at,
      ...subject(payment),
    },
  };
}

export const paymentCancelled = (payment: PaymentContext, { at }: Cause): FlowmartOutgoing<'PaymentCancelled'> => ({
  type: 'PaymentCancelled',
  data: { timestamp: at, ...subject(payment) },
});

export const paymentProcessed = (payment: PaymentContext, { at }: Cause): FlowmartOutgoing<'PaymentProcessed'> => ({
  type: 'PaymentProcessed',
  data: {
    transactionId: payment.transactionId,
    userId: payment.customerId,
    amount: capturedMoney(payment),
    currency: payment.amount.currency,
    paymentMethod: methodName(payment.paymentMethod),
    status: 'confirmed',
    confirmationDetails: {
      gatewayResponse: payment.charge?.responseMessage ?? '',
      transactionId: payment.charge?.gatewayReferenceId ?? '',
    },
    timestamp: at,
    ...subject(payment),
  },
});

export function paymentComplete(payment: PaymentContext, { at }: Cause): FlowmartOutgoing<'PaymentComplete'> {
  const amount = capturedMoney(payment);
  const fee = processingFee(amount);
  return {
    type: 'PaymentComplete',
    data: {
      amount,
      transactionId: payment.transactionId,
      status: 'completed',
      processingFee: fee,
      netAmount: inItsCurrency(payment, amount.amount - fee.amount),
      allocations: [...(payment.allocations ?? [])],
      completedAt: at,
      ...subject(payment),
    },
  };
}

/**
 * Asks the provider that charged for the refund that was opened last.
 * @throws when nothing was charged: a defect of the chart
 */
export function refundCharge(payment: PaymentContext, reason: string): FlowmartOutgoing<'RefundCharge'> {
  const refund = payment.refunds.at(-1);
  if (refund === undefined || payment.charge === null) throw new Error(`${payment.paymentId} has nothing to refund`);
  return {
    type: 'RefundCharge',
    data: {
      paymentId: payment.paymentId,
      refundId: refund.refundId,
      idempotencyKey: refund.refundId,
      gateway: payment.charge.gateway,
      gatewayReferenceId: payment.charge.gatewayReferenceId,
      amount: inItsCurrency(payment, refund.amount),
      reason,
    },
  };
}

const refundSubject = (payment: PaymentContext, refundId: string) => ({
  refundId,
  amount: inItsCurrency(payment, refundOf(payment, refundId)?.amount ?? 0),
  ...subject(payment),
});

export function refundCompleted(
  payment: PaymentContext,
  { data: { refundId }, at }: { readonly data: { readonly refundId: string }; readonly at: string },
): FlowmartOutgoing<'RefundCompleted'> {
  return {
    type: 'RefundCompleted',
    data: {
      refundedTotal: inItsCurrency(payment, payment.refunded),
      fullyRefunded: payment.refunded === payment.charge?.amount,
      timestamp: at,
      ...refundSubject(payment, refundId),
    },
  };
}

export const refundFailed = (
  payment: PaymentContext,
  {
    data: { refundId, failureMessage },
    at,
  }: { readonly data: { readonly refundId: string; readonly failureMessage: string }; readonly at: string },
): FlowmartOutgoing<'RefundFailed'> => ({
  type: 'RefundFailed',
  data: { failureMessage, timestamp: at, ...refundSubject(payment, refundId) },
});
