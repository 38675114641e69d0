import { z } from 'zod';
import type { PaymentContext } from '../../machines/payment/payment.context.js';
import { refundedTotal } from '../../machines/payment/payment.rules.js';
import { type PaymentState, viewPayment } from '../../machines/payment/payment.view.js';
import type { StoredActor } from './actorRows.js';
import type { paymentStatusSchema } from './orderSchemas.js';
import type { StoredOrder } from './orderViews.js';
import { instantSchema, moneySchema, uuidSchema } from './schemas.js';

export type StoredPayment = StoredActor<PaymentContext>;

export const restPaymentStatus = z.enum(['pending', 'processing', 'completed', 'failed', 'refunded']);

/** A payment as clients see it. */
export const paymentSchema = z
  .strictObject({
    id: uuidSchema,
    orderId: uuidSchema.nullable(),
    subscriptionId: uuidSchema.nullable(),
    invoiceId: uuidSchema.nullable(),
    customerId: uuidSchema.nullable(),
    transactionId: uuidSchema.meta({ description: 'What fraud detection calls this payment.' }),
    amount: moneySchema,
    state: z.string().meta({ description: 'The canonical state, such as `riskCheck`.' }),
    status: restPaymentStatus,
    paymentMethod: z.strictObject({ type: z.string() }),
    attempts: z.int(),
    nextRetryAt: instantSchema.nullable(),
    failure: z
      .strictObject({ reason: z.string(), code: z.string().nullable(), message: z.string(), methodUsable: z.boolean() })
      .nullable(),
    gateway: z.string().nullable(),
    gatewayReferenceId: z.string().nullable(),
    capturedAt: instantSchema.nullable(),
    completedAt: instantSchema.nullable(),
    refundedAmount: moneySchema,
    refunds: z.array(z.strictObject({ refundId: uuidSchema, amount: moneySchema, status: z.string() })),
    createdAt: instantSchema,
    updatedAt: instantSchema,
    version: z.int(),
  })
  .meta({ id: 'Payment' });

/** Shows a payment. */
export function viewPaymentOf({
  id,
  state,
  version,
  context,
  createdAt,
  updatedAt,
}: StoredPayment): z.output<typeof paymentSchema> {
  const provider = context.charge ?? context.authorization;
  const money = (amount: number) => ({ amount, currency: context.amount.currency });
  return {
    id,
    orderId: context.orderId,
    subscriptionId: context.subscriptionId,
    invoiceId: context.invoiceId,
    customerId: context.customerId,
    transactionId: context.transactionId,
    amount: context.amount,
    state,
    status: restStatusOf(state),
    paymentMethod: { type: context.paymentMethod.type },
    attempts: context.attempt,
    nextRetryAt: context.nextRetryAt,
    failure: context.failure && {
      reason: context.failure.reason,
      code: context.failure.code,
      message: context.failure.message,
      methodUsable: context.failure.methodUsable,
    },
    gateway: provider?.gateway ?? null,
    gatewayReferenceId: provider?.gatewayReferenceId ?? null,
    capturedAt: context.charge?.capturedAt ?? null,
    completedAt: context.completedAt,
    refundedAmount: money(refundedTotal(context.refunds)),
    refunds: context.refunds.map(({ refundId, amount, status }) => ({ refundId, amount: money(amount), status })),
    createdAt,
    updatedAt,
    version,
  };
}

/** What the REST API calls a state of a payment. */
export const restStatusOf = (state: string): z.output<typeof restPaymentStatus> =>
  viewPayment(state as PaymentState).rest;

/**
 * Answers GetPaymentStatus for an order (2.6, record 006). Before a payment is opened it is pending; an order that was
 * cancelled before will never be paid, which the query calls failed, as it calls a cancelled payment.
 */
export function orderPaymentStatus(
  order: StoredOrder,
  payment: StoredPayment | undefined,
): z.output<typeof paymentStatusSchema> {
  const { totalAmount, paymentMethod } = order.context;
  const unpaid = order.state === 'cancelled' ? 'failed' : 'pending';
  return {
    orderId: order.id,
    paymentStatus: payment ? viewPayment(payment.state as PaymentState).query : unpaid,
    amount: totalAmount.amount,
    currency: totalAmount.currency,
    paymentMethod: payment?.context.paymentMethod.type ?? paymentMethod.type,
    transactionId: payment?.context.charge?.gatewayReferenceId ?? null,
    paymentDate: payment?.context.charge?.capturedAt ?? null,
    lastUpdated: payment?.updatedAt ?? order.updatedAt,
    asOf: new Date().toISOString(),
  };
}
