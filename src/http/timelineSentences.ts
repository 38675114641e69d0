import { type MessageName, messages } from '../../machines/index.js';
import type { JournalRow } from './journalRow.js';
import { moneyText as amount } from './moneyText.js';
import { count, sum, words } from './sentenceParts.js';
import { subscriptionTales } from './subscriptionTales.js';
import type { Tales } from './tales.js';

/** What a message says in its own case; the others are told by their summary in the catalogue. */
const tales: Tales = {
  ...subscriptionTales,
  PlaceOrder: ({ orderNumber, totalAmount }) => `Order ${orderNumber} over ${amount(totalAmount)} was placed.`,
  CancelOrder: ({ requestedBy, reason, note }) =>
    `The ${requestedBy} asked to cancel: ${words(reason)}${note ? ` (${note})` : ''}.`,
  ChangePaymentMethod: ({ paymentMethod }) => `The customer chose to pay by ${words(paymentMethod.type)} instead.`,
  OrderCancelled: ({ cancellationReason }) => `The order was cancelled: ${words(cancellationReason)}.`,
  AllocateStock: ({ lines }) => `Stock was wanted for ${count(lines.length, 'line')}.`,
  StockAllocated: ({ allocations }) => `Held for the order: ${count(sum(allocations), 'unit')}.`,
  StockInsufficient: ({ shortages }) => `There is not enough of ${count(shortages.length, 'product')}.`,
  InventoryAdjusted: ({ productName, quantity, reason }) => `${quantity} × ${productName}: ${words(reason)}.`,
  OutOfStock: ({ productName, currentQuantity }) => `${productName} ran out: ${currentQuantity} left.`,
  ExtendHold: ({ until }) => `The hold of the stock is to last until ${until}.`,
  ReleaseStock: ({ allocations }) => `Given back: ${count(sum(allocations), 'unit')}.`,
  CommitStock: ({ allocations }) => `Sold: ${count(sum(allocations), 'unit')}.`,
  ShipStock: ({ allocations }) => `Off the shelf: ${count(sum(allocations), 'unit')}.`,
  OpenPayment: (payment) => `A payment of ${amount(payment.amount)} was asked for.`,
  PaymentInitiated: (payment) => `A payment of ${amount(payment.amount)} was opened.`,
  FraudCheckCompleted: ({ riskScore, decision }) => `The risk is ${riskScore} of 100: ${words(decision)}.`,
  FraudDetected: ({ riskScore, severity }) => `Fraud is suspected: ${riskScore} of 100, ${severity}.`,
  OverrideFraudDecision: ({ reviewer, decision }) => `${reviewer} decided: ${words(decision)}.`,
  FraudDecisionOverridden: ({ reviewer, decision }) => `${reviewer} decided: ${words(decision)}.`,
  ProcessPayment: ({ attempt, ...charge }) => `Charge ${attempt} of ${amount(charge.amount)} was asked for.`,
  ChargeSucceeded: ({ gateway, ...charge }) => `${gateway} charged ${amount(charge.amount)}.`,
  ChargeAuthorized: ({ gateway, ...charge }) => `${gateway} holds ${amount(charge.amount)}.`,
  ChargeVoided: ({ gateway, ...charge }) => `${gateway} let ${amount(charge.amount)} go.`,
  ChargeFailed: ({ gateway, failureMessage }) => `${gateway} did not charge: ${failureMessage}`,
  PaymentProcessed: (payment) => `${amount(payment.amount)} was captured.`,
  PaymentFailed: ({ attemptNumber, failureReason, nextRetryAt }) =>
    `Charge ${attemptNumber} failed: ${words(failureReason)}${nextRetryAt ? `; next try at ${nextRetryAt}` : ''}.`,
  PaymentComplete: (payment) => `The payment of ${amount(payment.amount)} is complete.`,
  RefundPayment: ({ reason, ...refund }) => `A refund of ${amount(refund.amount)} was asked for: ${reason}`,
  RefundCompleted: (refund) => `${amount(refund.amount)} went back.`,
  RefundFailed: ({ failureMessage }) => `The refund failed: ${failureMessage}`,
  CreateShipment: ({ items }) => `A parcel with ${count(sum(items), 'unit')} is to be sent.`,
  BookShipment: ({ carrier, attempt }) => `${carrier} was asked for a label (try ${attempt}).`,
  BookingFailed: ({ carrier, failureMessage }) => `${carrier} gave no label: ${failureMessage}`,
  ShipmentBooked: ({ carrier, trackingNumber }) => `${carrier} gave the label ${trackingNumber}.`,
  ShipmentCreated: ({ carrier, trackingNumber }) => `The parcel travels with ${carrier} as ${trackingNumber}.`,
  UpdateShipmentStatus: ({ status, location }) =>
    `The parcel was reported ${words(status)}${location ? ` at ${location}` : ''}.`,
  DeliveryFailed: ({ reasonCode, attempt }) => `Delivery ${attempt} failed: ${words(reasonCode)}.`,
  SendNotification: ({ channel }) => `A notification goes out: ${words(channel)}.`,
};

/** One line that says what happened and what it did. */
export function sentenceOf(
  row: Pick<JournalRow, 'type' | 'data' | 'recipient' | 'from' | 'to' | 'outcome' | 'reason'>,
): string {
  return `${whatHappened(row.type, row.data)}${effectOf(row)}`;
}

function whatHappened(type: string, data: unknown): string {
  if (type.startsWith('xstate.after.')) return `Time was up: ${words(type.split('.')[2] ?? '')}.`;
  if (!Object.hasOwn(messages, type)) return `${type}.`;
  const name = type as MessageName;
  const tale = tales[name] as ((data: unknown) => string) | undefined;
  try {
    if (tale) return tale(data);
  } catch {
    // Written by an older version of the message.
  }
  return messages[name].summary.replace(/ \([^)]*\)(?=\.?$)/, '');
}

function effectOf({
  recipient,
  from,
  to,
  outcome,
  reason,
}: Pick<JournalRow, 'recipient' | 'from' | 'to' | 'outcome' | 'reason'>): string {
  if (outcome === 'ignored') return ` The ${recipient} did nothing: ${reason}.`;
  if (outcome === 'refused') return ` It was refused: ${reason}`;
  if (to === null || from === to) return '';
  return from === null ? ` The ${recipient} began in ${to}.` : ` The ${recipient} went from ${from} to ${to}.`;
}
