import { customerMessages } from './customer/customer.messages.js';
import { fraudMessages } from './fraud/fraud.messages.js';
import { inventoryMessages } from './inventory/inventory.messages.js';
import { invoiceMessages } from './invoice/invoice.messages.js';
import { notificationMessages } from './notification/notification.messages.js';
import { orderMessages } from './order/order.messages.js';
import { paymentMessages } from './payment/payment.messages.js';
import type { DataOf, Outgoing, Received } from './shared/message.js';
import { shipmentMessages } from './shipment/shipment.messages.js';
import { planMessages } from './subscription/plan.messages.js';
import { subscriptionMessages } from './subscription/subscription.messages.js';
import { usageMessages } from './subscription/usage.messages.js';

/** Every message of FlowMart by its catalogue name. */
export const messages = {
  ...orderMessages,
  ...paymentMessages,
  ...inventoryMessages,
  ...shipmentMessages,
  ...fraudMessages,
  ...notificationMessages,
  ...customerMessages,
  ...subscriptionMessages,
  ...planMessages,
  ...usageMessages,
  ...invoiceMessages,
};

export type MessageName = keyof typeof messages;
export type MessageData<N extends MessageName> = DataOf<(typeof messages)[N]>;

/** Any message of FlowMart, or those of the given names, on its way out. */
export type FlowmartOutgoing<N extends MessageName = MessageName> = { [K in N]: Outgoing<K, MessageData<K>> }[N];

/** Any message of FlowMart, or those of the given names, as received. */
export type FlowmartReceived<N extends MessageName = MessageName> = { [K in N]: Received<K, MessageData<K>> }[N];
