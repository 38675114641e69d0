import type { FlowmartOutgoing } from '../index.js';
import type { Cause } from '../shared/cause.js';
import { deriveId } from '../shared/ids.js';
import type { Allocation, Money } from '../shared/values.js';
import type { OrderContext, OrderPayment } from './order.context.js';
import { refundDays } from './order.rules.js';

/** `subscriptionId` where the order belongs to one; optional fields are left out, not undefined. */
const subscription = ({ subscriptionId }: OrderContext) => (subscriptionId === null ? {} : { subscriptionId });

export const orderPlaced = (order: OrderContext): FlowmartOutgoing<'OrderPlaced'> => ({
  type: 'OrderPlaced',
  data: {
    orderId: order.orderId,
    orderNumber: order.orderNumber,
    customerId: order.customerId,
    orderItems: [...order.items],
    orderStatus: 'pending',
    totalAmount: order.totalAmount,
    orderDate: order.placedAt,
  },
});

export const orderConfirmed = (order: OrderContext, { at }: Cause): FlowmartOutgoing<'OrderConfirmed'> => ({
  type: 'OrderConfirmed',
  data: {
    orderId: order.orderId,
    orderNumber: order.orderNumber,
    customerId: order.customerId,
    userId: order.customerId,
    orderItems: [...order.items],
    orderStatus: 'confirmed',
    totalAmount: order.totalAmount,
    currency: order.totalAmount.currency,
    shippingAddress: order.shippingAddress,
    shippingMethod: order.shippingMethod,
    confirmationTimestamp: at,
    ...subscription(order),
  },
});

/**
 * The end of an order that carries its own cancellation, with the refund of what was captured (O-30, R-33).
 * @throws when the order has no cancellation: a defect of the chart
 */
export function orderCancelled(order: OrderContext): FlowmartOutgoing<'OrderCancelled'> {
  if (order.cancellation === null) throw new Error(`order ${order.orderId} ended without a reason`);
  const { reason, note, at } = order.cancellation;
  const captured = order.payment?.captured;
  return {
    type: 'OrderCancelled',
    data: {
      orderId: order.orderId,
      orderNumber: order.orderNumber,
      customerId: order.customerId,
      userId: order.customerId,
      orderItems: [...order.items],
      orderStatus: 'cancelled',
      totalAmount: order.totalAmount,
      cancellationReason: reason,
      ...(note !== null && { cancellationNote: note }),
      refund: captured
        ? { amount: captured, method: 'original_payment_method', estimatedProcessingDays: refundDays(reason) }
        : null,
      ...subscription(order),
      timestamp: at,
    },
  };
}

/** Opens the order's newest payment over the whole amount (O-04, R-28), captured at once (C-08). */
export const openPayment = (order: OrderContext, { paymentId }: OrderPayment): FlowmartOutgoing<'OpenPayment'> => ({
  type: 'OpenPayment',
  data: {
    paymentId,
    orderId: order.orderId,
    subscriptionId: order.subscriptionId,
    invoiceId: null,
    customerId: order.customerId,
    amount: order.totalAmount,
    paymentMethod: order.paymentMethod,
    profile: 'order',
    risk: {
      shippingAddress: order.shippingAddress,
      billingAddress: order.billingAddress,
      ...order.checkout,
    },
    captureImmediately: true,
  },
});

/** Sends a whole captured amount back (O-30, O-34). */
export const refundPayment = (
  payment: { readonly paymentId: string; readonly amount: Money },
  reason: string,
  requestedBy: string,
  { id }: Cause,
): FlowmartOutgoing<'RefundPayment'> => ({
  type: 'RefundPayment',
  data: { refundId: deriveId(id, 'refund'), reason, requestedBy, ...payment },
});

/** Ships what one warehouse holds of the order (O-18, G-14). */
export const createShipment = (
  order: OrderContext,
  shipmentId: string,
  warehouseId: string,
  items: readonly Allocation[],
): FlowmartOutgoing<'CreateShipment'> => ({
  type: 'CreateShipment',
  data: {
    shipmentId,
    orderId: order.orderId,
    customerId: order.customerId,
    warehouseId,
    address: order.shippingAddress,
    items: [...items],
    shippingMethod: order.shippingMethod,
  },
});
