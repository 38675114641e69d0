import type { MessageData } from '../index.js';
import type { Money } from '../shared/values.js';
import type { OrderContext, OrderPayment } from './order.context.js';
import { MAX_ATTEMPTS } from './order.rules.js';

type Failed = MessageData<'PaymentFailed'>;

/** The payment that follows another one, or the first; charges made so far are carried along. */
export const newPayment = (before: OrderPayment | null, paymentId: string): OrderPayment => ({
  paymentId,
  number: (before?.number ?? 0) + 1,
  state: 'open',
  attemptsBefore: before === null ? 0 : before.attemptsBefore + (before.failure?.attemptNumber ?? 0),
  failure: null,
  captured: null,
});

/** Whether a message is about the newest payment of the order. */
export const isCurrent = (payment: OrderPayment | null, data: object): boolean =>
  payment !== null && 'paymentId' in data && data.paymentId === payment.paymentId;

/** Whether the payment may still charge by itself. */
export const isOpen = ({ state }: OrderPayment): boolean => state === 'open' || state === 'retrying';

/** Whether the newest payment says something new: a later charge failed, or the one that failed will not be tried again. */
export function isNewFailure(payment: OrderPayment | null, failed: Failed): boolean {
  if (payment === null || !isCurrent(payment, failed) || !isOpen(payment)) return false;
  const { failure } = payment;
  return failure === null || failed.attemptNumber > failure.attemptNumber || (failure.canRetry && !failed.canRetry);
}

/** Whether the order cannot be paid any more: its charges are used up, its stock is gone, or nothing is left to try (O-17). */
export function hasNothingLeft({ payment, holdExpired }: OrderContext, failed: Failed): boolean {
  const attempts = (payment?.attemptsBefore ?? 0) + failed.attemptNumber;
  return attempts >= MAX_ATTEMPTS || holdExpired || (!failed.canRetry && failed.methodUsable);
}

/** The payment after a failed charge. */
export const withFailure = (payment: OrderPayment, failed: Failed): OrderPayment => ({
  ...payment,
  state: failed.canRetry ? 'retrying' : 'failed',
  failure: {
    reason: failed.failureReason,
    attemptNumber: failed.attemptNumber,
    canRetry: failed.canRetry,
    methodUsable: failed.methodUsable,
    nextRetryAt: failed.nextRetryAt,
  },
});

/** The payment after its money was taken. */
export const withCapture = (payment: OrderPayment, captured: Money): OrderPayment => ({
  ...payment,
  state: 'captured',
  captured,
});
