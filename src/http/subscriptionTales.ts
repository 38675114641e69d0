import type { MessageData } from '../../machines/index.js';
import { moneyText as amount } from './moneyText.js';
import { count, sum, words } from './sentenceParts.js';
import type { Tales } from './tales.js';

type Terms = MessageData<'SubscribeUser'>['terms'];

const termsText = (terms: Terms): string =>
  terms.kind === 'plan' ? terms.plan.name : `a delivery of ${count(sum(terms.delivery.items), 'unit')}`;

const on = (instant: string): string => instant.slice(0, 10);

/** What the messages of subscriptions and invoices say in their own case. */
export const subscriptionTales: Tales = {
  SubscribeUser: ({ terms, trialDays }) =>
    `The customer subscribed to ${termsText(terms)}${trialDays > 0 ? `, after ${count(trialDays, 'day')} of trial` : ''}.`,
  CancelSubscription: ({ requestedBy, mode, reason, note }) =>
    `The ${requestedBy} asked to end it ${mode === 'immediate' ? 'at once' : 'with its period'}: ${words(reason)}${note ? ` (${note})` : ''}.`,
  AcceptOffer: ({ choice }) => `The customer stays for what was offered: ${choice}.`,
  ChangePlan: ({ plan }) => `The customer wants ${plan.name}.`,
  ChangeAutoRenewal: ({ autoRenew }) =>
    autoRenew ? 'It is to renew by itself.' : 'It is to end with its running period.',
  ChangeSubscriptionPaymentMethod: ({ paymentMethod }) =>
    `The customer chose to pay by ${words(paymentMethod.type)} from now on.`,
  PauseSubscription: ({ until }) => `The customer asked for a pause${until ? ` until ${on(until)}` : ''}.`,
  MoveDelivery: ({ deliverAt }) => `The next delivery is to come on ${on(deliverAt)}.`,
  ChangeQuantities: ({ items }) => `${count(sum(items), 'unit')} are to come from the next delivery on.`,
  ApprovePrices: ({ prices }) => `The customer agreed to the prices of ${count(prices.length, 'product')}.`,
  QuoteDelivery: ({ items }) => `Today’s prices of ${count(items.length, 'product')} were asked for.`,
  DeliveryQuoted: ({ quotes }) => `${count(quotes.length, 'product')} can be ordered today.`,
  PlaceSubscriptionOrder: ({ items, subtotal }) =>
    `The delivery becomes an order of ${count(sum(items), 'unit')} for ${amount(subtotal)}.`,
  DeliverySkipped: ({ nextDeliveryAt }) => `This delivery is left out; the next one is on ${on(nextDeliveryAt)}.`,
  GenerateInvoice: ({ lines }) => `An invoice of ${count(lines.length, 'line')} was asked for.`,
  AllocateInvoiceNumber: ({ series, year }) => `A number of ${words(series)}s of ${year} was asked for.`,
  InvoiceNumberAllocated: ({ number }) => `The document is ${number}.`,
  InvoiceGenerated: ({ invoiceNumber, status, total }) =>
    `Invoice ${invoiceNumber} over ${amount(total)} was ${status === 'paid' ? 'paid' : 'issued'}.`,
  CancelInvoice: ({ reason }) => `The invoice was called off: ${reason}`,
  CreditNoteIssued: ({ creditNoteNumber, total }) =>
    `Credit note ${creditNoteNumber} over ${amount(total)} was written.`,
  UserSubscriptionStarted: ({ plan, nextBillingDate }) =>
    `${plan.name} has begun; next billing on ${on(nextBillingDate)}.`,
  UserSubscriptionCancelled: ({ cancellationReason, effectiveDate }) =>
    `It ends on ${on(effectiveDate)}: ${words(cancellationReason)}.`,
  SubscriptionRenewed: ({ period, recovered }) =>
    `It is paid until ${on(period.end)}${recovered ? ', after a failed charge' : ''}.`,
  SubscriptionPaymentFailed: ({ failureReason, nextRetryAt }) =>
    `The charge failed: ${words(failureReason)}${nextRetryAt ? `; next try on ${on(nextRetryAt)}` : ''}.`,
  SubscriptionReminderDue: ({ about, date }) => `The customer is reminded of the ${words(about)} on ${on(date)}.`,
  PaymentMethodRequested: ({ until }) => `The customer was asked for another payment method, until ${on(until)}.`,
  SubscriptionGraceStarted: ({ graceUntil }) => `Access is limited until ${on(graceUntil)}.`,
  SubscriptionSuspended: ({ revivableUntil }) => `Access is restricted; it can be revived until ${on(revivableUntil)}.`,
  SubscriptionPaused: ({ until }) => `It is paused until ${on(until)}.`,
  RetentionOfferMade: ({ offer, expiresAt }) =>
    `${offer.discount.percent} % off were offered until ${on(expiresAt)}, so that the customer stays.`,
  PlanMigrationCompleted: ({ fromPlan, toPlan }) => `It moved from ${fromPlan.name} to ${toPlan.name}.`,
  ReportUsage: ({ quantity }) => `The shop reported a use of ${quantity}.`,
  AnalyseUsage: ({ plan }) => `What was used of ${plan.name} was looked at.`,
  UpgradeSuggested: ({ unit, expected, plan, suggested }) =>
    `${expected} ${unit} are to be expected of ${plan.allowance}: ${suggested.name} was suggested.`,
  CancellationRejected: ({ failureMessage }) => `The provider did not end it: ${failureMessage}`,
  AgreementNotResumed: ({ failureMessage }) => `The provider did not resume its agreement: ${failureMessage}`,
};
