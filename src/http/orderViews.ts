import type { Kysely } from 'kysely';
import type { z } from 'zod';
import type { OrderContext } from '../../machines/order/order.context.js';
import { orderView } from '../../machines/order/order.view.js';
import type { PaymentContext } from '../../machines/payment/payment.context.js';
import { refundedTotal } from '../../machines/payment/payment.rules.js';
import { type PaymentState, viewPayment } from '../../machines/payment/payment.view.js';
import type { OrderItem } from '../../machines/shared/values.js';
import type { Database } from '../db/tables.js';
import { readActors, type StoredActor } from './actorRows.js';
import { viewAddress } from './addressView.js';
import type { orderSchema } from './orderSchemas.js';

export type OrderView = z.output<typeof orderSchema>;
export type StoredOrder = StoredActor<OrderContext>;
type StoredPayment = StoredActor<PaymentContext>;

/** The commands of clients that an order takes in a state; the machine's own list (`allowedEvents`) has its partners' events, too. */
export function commandsIn(state: string): string[] {
  if (state === 'confirmed.paymentRetry') return ['CancelOrder', 'ChangePaymentMethod'];
  return /^(confirmed|paid|fulfilling)(\.|$)/.test(state) ? ['CancelOrder'] : [];
}

/** Shows orders with what their payments say now. */
export async function viewOrders(db: Kysely<Database>, orders: readonly StoredOrder[]): Promise<OrderView[]> {
  const ids = orders.flatMap(({ context }) => (context.payment ? [context.payment.paymentId] : []));
  const payments = await readActors<PaymentContext>(db, 'payments.payments', ids);
  return orders.map((order) => viewOrder(order, payments.get(order.context.payment?.paymentId ?? '')));
}

/** Shows an order; without a payment it is one that collects nothing yet. */
export function viewOrder({ context, ...order }: StoredOrder, payment?: StoredPayment): OrderView {
  const { cancellation } = context;
  return {
    id: order.id,
    orderNumber: context.orderNumber,
    customerId: context.customerId,
    subscriptionId: context.subscriptionId,
    state: order.state,
    status: orderView(order.state).rest,
    items: context.items.map(viewItem),
    currency: context.totalAmount.currency,
    subtotal: context.subtotal,
    discount: context.discount,
    tax: context.tax,
    shipping: context.shipping,
    totalAmount: context.totalAmount,
    shippingAddress: viewAddress(context.shippingAddress),
    billingAddress: viewAddress(context.billingAddress),
    shippingMethod: context.shippingMethod,
    paymentMethod: { type: context.paymentMethod.type },
    payment: payment ? summarise(payment) : null,
    shipments: Object.entries(context.shipments).map(([id, { status, warehouseId, carrier, trackingNumber }]) => ({
      id,
      state: status,
      warehouseId,
      carrier,
      trackingNumber,
    })),
    reviewDueAt: order.state === 'confirmed.fraudHold' ? context.reviewDueAt : null,
    cancellation: cancellation && { reason: cancellation.reason, note: cancellation.note, at: cancellation.at },
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    version: order.version,
  };
}

// Stored JSON has its fields in an order of its own.
const viewItem = ({ productId, sku, productName, quantity, unitPrice, totalPrice }: OrderItem): OrderItem => ({
  productId,
  sku,
  productName,
  quantity,
  unitPrice,
  totalPrice,
});

function summarise({ id, state, context }: StoredPayment): NonNullable<OrderView['payment']> {
  return {
    id,
    state,
    status: viewPayment(state as PaymentState).rest,
    attempts: context.attempt,
    failureReason: context.charge ? null : (context.failure?.reason ?? null),
    nextRetryAt: context.nextRetryAt,
    capturedAt: context.charge?.capturedAt ?? null,
    refundedAmount: { amount: refundedTotal(context.refunds), currency: context.amount.currency },
  };
}
