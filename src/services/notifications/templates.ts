import { toCustomer, toOperations } from './address.js';
import { type Cause, type Template, writeDay, writeMoney, writeTime } from './notice.js';
import { subscriptionTemplates } from './subscriptionTemplates.js';

const cancelledBecause: Readonly<Record<string, string>> = {
  CUSTOMER_REQUEST: 'as you asked',
  PAYMENT_FAILED: 'because it could not be paid',
  OUT_OF_STOCK: 'because something in it is no longer in stock',
  FRAUD: 'because its payment could not be verified',
  SHIPMENT_FAILED: 'because it could not be shipped',
  SYSTEM: 'because something went wrong on our side',
};

/** The words for every message that people are told about; null where this one concerns nobody (R-81 sets the priorities). */
export const templates: { readonly [N in Cause['type']]: Template<N> } = {
  ...subscriptionTemplates,
  OrderConfirmed: ({ data }, reader) =>
    toCustomer('order_confirmation', data, reader, `We have your order ${data.orderNumber}`, [
      `thank you for your order ${data.orderNumber}:`,
      ...data.orderItems.map(
        (item) => `  ${item.quantity} × ${item.productName}, ${writeMoney(item.totalPrice, reader.locale)}`,
      ),
      `Total: ${writeMoney(data.totalAmount, reader.locale)}`,
      'We are reserving everything for you now and write again once it is paid.',
    ]),
  OrderCancelled: ({ data }, reader) =>
    toCustomer('order_cancelled', data, reader, `Your order ${data.orderNumber} is cancelled`, [
      `your order ${data.orderNumber} is cancelled ${cancelledBecause[data.cancellationReason]}.`,
      data.refund
        ? `${writeMoney(data.refund.amount, reader.locale)} go back the way they came, within about ${data.refund.estimatedProcessingDays} days.`
        : 'You have not been charged for it.',
    ]),
  PaymentProcessed: ({ data }, reader) =>
    toCustomer(
      'payment-receipt',
      { data: { paymentId: data.paymentId }, ...data },
      reader,
      `Your receipt: ${writeMoney(data.amount, reader.locale)}`,
      [
        `we have received ${writeMoney(data.amount, reader.locale)} on ${writeDay(data.timestamp, reader.locale)}.`,
        `Receipt number: ${data.transactionId}`,
      ],
    ),
  PaymentFailed: ({ data }, reader) =>
    toCustomer(
      'payment_failed',
      { data: { paymentId: data.paymentId }, ...data },
      reader,
      'Your payment did not go through',
      [
        `we could not collect ${writeMoney(data.amount, reader.locale)}: ${data.failureMessage}`,
        data.canRetry && data.nextRetryAt
          ? `We will try again at ${writeTime(data.nextRetryAt, reader.locale)}; you may also choose another payment method before.`
          : data.methodUsable || data.failureReason === 'fraud_suspected'
            ? 'We will not try again.'
            : 'Please choose another payment method.',
      ],
      'HIGH',
    ),
  FraudCheckCompleted: ({ data }, reader) =>
    toCustomer(
      'payment_review',
      { data: { paymentId: data.paymentId }, ...data },
      reader,
      'We are checking your payment',
      [
        'before we charge you, one of our people looks at your payment.',
        data.reviewDueAt
          ? `You hear from us by ${writeTime(data.reviewDueAt, reader.locale)} at the latest; your order is kept for you until then.`
          : '',
      ],
      'HIGH',
    ),
  RefundCompleted: ({ data }, reader) =>
    toCustomer(
      'refund',
      { data: { paymentId: data.paymentId, refundId: data.refundId }, ...data },
      reader,
      `Your refund: ${writeMoney(data.amount, reader.locale)}`,
      [`${writeMoney(data.amount, reader.locale)} are on their way back to you.`],
    ),
  RefundFailed: ({ data }) =>
    toOperations(
      'refund_failed',
      { paymentId: data.paymentId, refundId: data.refundId },
      `A refund of ${writeMoney(data.amount, null)} was refused`,
      `The provider says: ${data.failureMessage} Review payment ${data.paymentId} by hand.`,
      'HIGH',
    ),
  ShipmentCreated: ({ data }, reader) =>
    toCustomer(
      'shipment_tracking',
      { data: { shipmentId: data.shipmentId, shippingProvider: data.carrier }, ...data },
      reader,
      `Your parcel with ${data.carrier}: ${data.trackingNumber}`,
      [
        `your parcel is packed for ${data.carrier}. Tracking number: ${data.trackingNumber}`,
        data.estimatedDelivery ? `It should arrive by ${writeDay(data.estimatedDelivery, reader.locale)}.` : '',
      ],
    ),
  ShipmentDispatched: ({ data }, reader) =>
    toCustomer(
      'shipment_dispatched',
      { data: { shipmentId: data.shipmentId, shippingProvider: data.carrier }, ...data },
      reader,
      'Your parcel is on its way',
      [`${data.carrier} has your parcel. Tracking number: ${data.trackingNumber}`],
    ),
  ShipmentDelivered: ({ data }, reader) =>
    toCustomer(
      'shipment_delivered',
      { data: { shipmentId: data.shipmentId, shippingProvider: data.carrier }, ...data },
      reader,
      'Your parcel has arrived',
      [`${data.carrier} delivered your parcel ${data.trackingNumber} on ${writeDay(data.deliveredAt, reader.locale)}.`],
    ),
  DeliveryFailed: ({ data }, reader) =>
    toCustomer(
      'delivery_failed',
      { data: { shipmentId: data.shipmentId, shippingProvider: data.carrier }, ...data },
      reader,
      'Your parcel could not be delivered',
      [
        `${data.carrier} could not deliver your parcel ${data.trackingNumber}: ${data.failureReason}`,
        data.retriable ? 'They will try again.' : 'Please contact us so that we can find a way.',
      ],
    ),
  ManualFulfilmentRequired: ({ data }) =>
    toOperations(
      'manual_fulfilment',
      { orderId: data.orderId, shipmentId: data.shipmentId },
      'A shipment needs a label by hand',
      `No carrier would take shipment ${data.shipmentId}: ${data.failureMessage}`,
    ),
  OutOfStock: ({ data }) =>
    toOperations(
      'out_of_stock',
      { productId: data.productId, ...(data.warehouseId ? { warehouseId: data.warehouseId } : {}) },
      `${data.productName} is out of stock`,
      `${data.sku} has run out${data.warehouseId ? ` in warehouse ${data.warehouseId}` : ''}.`,
    ),
  LowStockAlert: ({ data }) =>
    toOperations(
      'low_stock',
      { productId: data.productId, warehouseId: data.warehouseId },
      `${data.sku} is running low`,
      `${data.available} left, the reorder point is ${data.reorderPoint}. Order ${data.reorderQuantity}.`,
      'LOW',
    ),
};
