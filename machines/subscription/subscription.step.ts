import type { invoiceMessages } from '../invoice/invoice.messages.js';
import type { orderMessages } from '../order/order.messages.js';
import type { paymentMessages } from '../payment/payment.messages.js';
import type { ReceivedOf } from '../shared/message.js';
import type { SubscriptionContext } from './subscription.context.js';
import type { subscriptionMessages } from './subscription.messages.js';
import type { SubscriptionOutgoing } from './subscription.outgoing.js';

/** Everything that a living subscription may receive. */
export type SubscriptionIncoming = ReceivedOf<
  Pick<
    typeof subscriptionMessages,
    | 'CancelSubscription'
    | 'AcceptOffer'
    | 'DeclineOffer'
    | 'ReactivateSubscription'
    | 'RenewSubscription'
    | 'PauseSubscription'
    | 'ResumeSubscription'
    | 'ChangePlan'
    | 'ChangeAutoRenewal'
    | 'ChangeSubscriptionPaymentMethod'
    | 'InvalidatePaymentMethod'
    | 'RetryInvoice'
    | 'SkipDelivery'
    | 'MoveDelivery'
    | 'ChangeQuantities'
    | 'ApprovePrices'
    | 'CancellationConfirmed'
    | 'CancellationRejected'
    | 'AgreementResumed'
    | 'AgreementNotResumed'
    | 'DeliveryQuoted'
    | 'SubscriptionOrderRefused'
  > &
    Pick<typeof invoiceMessages, 'InvoiceGenerated'> &
    Pick<typeof paymentMessages, 'PaymentProcessed' | 'PaymentFailed'> &
    Pick<typeof orderMessages, 'OrderCancelled'>
>;

/** What one move of the chart does: what changes in the context, and what is sent. Pure. */
export interface Step {
  readonly change?: Partial<SubscriptionContext>;
  readonly send?: readonly SubscriptionOutgoing[];
}
