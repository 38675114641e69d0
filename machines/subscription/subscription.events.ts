import { z } from 'zod';
import { billingPeriod } from '../invoice/invoice.messages.js';
import { billingCycles } from '../shared/calendar.js';
import { event, privateEvent } from '../shared/message.js';
import { currencyCode, instant, money, uuid } from '../shared/values.js';
import { cancelReason, leftOut, offer, offerChoice, quote, requester } from './subscription.values.js';

const subject = { subscriptionId: uuid, customerId: uuid };

/** What is collected: an invoice, or a delivery’s order. */
const collected = { invoiceId: uuid.nullable(), orderId: uuid.nullable() };

const planSummary = z.strictObject({
  planId: uuid.nullable(),
  name: z.string(),
  billingCycle: z.enum(billingCycles),
  intervalCount: z.int().min(1),
  /** Null for a delivery: its price is that of the day. */
  price: money.nullable(),
});

/** What others hear of a subscription: Started, Cancelled, Due and Migration are public, the rest stays inside (G-07). */
export const subscriptionEvents = {
  UserSubscriptionStarted: event(
    '1.0.0',
    'A customer has access: first payment, trial, or return after suspension (S-02, S-03, S-15).',
    z.strictObject({
      ...subject,
      userId: uuid,
      plan: planSummary,
      trialPeriodDays: z.int().min(0),
      startDate: instant,
      nextBillingDate: instant,
      paymentMethodType: z.string().nullable(),
      source: z.string(),
      discountCode: z.string().nullable(),
    }),
  ),
  UserSubscriptionCancelled: event(
    '1.0.0',
    'A subscription ends, now or on the effective date (S-14, S-20, S-21).',
    z.strictObject({
      ...subject,
      userId: uuid,
      plan: z.strictObject({ planId: uuid.nullable(), name: z.string() }),
      cancellationReason: cancelReason,
      cancellationNote: z.string().nullable(),
      cancelledBy: requester,
      effectiveDate: instant,
      refundAmount: money,
      subscriptionDurationDays: z.int().min(0),
      failedPaymentAttempts: z.int().min(0).optional(),
      lastPaymentAttempt: instant.optional(),
    }),
    ['cancellationNote'],
  ),
  SubscriptionPaymentDue: event(
    '1.0.0',
    'An invoice is due and is being charged (C-27); 0 on the due date, then the number of the retry (S-05, S-06, S-10).',
    z.strictObject({
      ...subject,
      userId: uuid,
      invoiceId: uuid,
      amount: money,
      currency: currencyCode,
      dueDate: instant,
      billingPeriod,
      planId: uuid,
      retryAttempt: z.int().min(0),
    }),
  ),
  PlanMigrationCompleted: event(
    '1.0.0',
    'A subscription is on another plan (S-30).',
    z.strictObject({
      ...subject,
      userId: uuid,
      fromPlan: planSummary,
      toPlan: planSummary,
      effectiveDate: instant,
      nextBillingDate: instant,
      /** The invoice of the proration; null for a change at the end of a period. */
      invoiceId: uuid.nullable(),
    }),
  ),
  SubscriptionReminderDue: privateEvent(
    '1.0.0',
    'Three days before a trial ends, a payment is due, a delivery leaves, or the subscription ends (R-55).',
    z.strictObject({
      ...subject,
      about: z.enum(['trialEnd', 'payment', 'delivery', 'end']),
      date: instant,
      /** Known once the invoice is there. */
      amount: money.nullable(),
    }),
  ),
  SubscriptionRenewed: privateEvent(
    '1.0.0',
    'Another period is paid (S-08), perhaps after dunning (S-11).',
    z.strictObject({
      ...subject,
      ...collected,
      amount: money.nullable(),
      period: billingPeriod,
      nextBillingDate: instant,
      recovered: z.boolean(),
    }),
  ),
  SubscriptionPaymentFailed: privateEvent(
    '1.0.0',
    'A charge of what is owed failed (S-09, S-12).',
    z.strictObject({
      ...subject,
      ...collected,
      failureReason: z.string(),
      methodUsable: z.boolean(),
      retryAttempt: z.int().min(0),
      /** Null when no charge is scheduled. */
      nextRetryAt: instant.nullable(),
    }),
  ),
  PaymentMethodRequested: privateEvent(
    '1.0.0',
    'The customer must choose another method: theirs is missing, removed, or will never pass (S-07, S-12).',
    z.strictObject({ ...subject, why: z.enum(['missing', 'declined']), until: instant }),
  ),
  SubscriptionGraceStarted: privateEvent(
    '1.0.0',
    'Access is limited until the debt is paid (S-07, S-12).',
    z.strictObject({ ...subject, graceUntil: instant }),
  ),
  SubscriptionSuspended: privateEvent(
    '1.0.0',
    'The grace period is over: access is restricted; a new method revives the subscription (S-14).',
    z.strictObject({ ...subject, revivableUntil: instant }),
  ),
  SubscriptionEnded: privateEvent(
    '1.0.0',
    'Access is closed; the customer may come back until the window closes (S-16, S-24, S-27, S-29).',
    z.strictObject({ ...subject, status: z.enum(['cancelled', 'expired']), decisionUntil: instant }),
  ),
  SubscriptionFailed: privateEvent(
    '1.0.0',
    'The first payment failed for good: the subscription never began (S-04).',
    z.strictObject({ ...subject, failureReason: z.string() }),
  ),
  SubscriptionPaused: privateEvent(
    '1.0.0',
    'Billing and access are stopped (S-26).',
    z.strictObject({ ...subject, until: instant }),
  ),
  SubscriptionResumed: privateEvent(
    '1.0.0',
    'A pause is over (S-26).',
    z.strictObject({ ...subject, nextBillingDate: instant }),
  ),
  SubscriptionReactivated: privateEvent(
    '1.0.0',
    'A scheduled cancellation was taken back (S-25).',
    z.strictObject({ ...subject, nextBillingDate: instant }),
  ),
  PlanChangeScheduled: privateEvent(
    '1.0.0',
    'Another plan begins with the next period (S-30).',
    z.strictObject({ ...subject, plan: planSummary, effectiveDate: instant }),
  ),
  PlanChangeFailed: privateEvent(
    '1.0.0',
    'The proration could not be charged: everything stays as it was (S-30).',
    z.strictObject({ ...subject, plan: planSummary, invoiceId: uuid, failureReason: z.string() }),
  ),
  RetentionOfferMade: privateEvent(
    '1.0.0',
    'A customer who wants to leave was offered something, once (S-17).',
    z.strictObject({ ...subject, offer, expiresAt: instant }),
  ),
  RetentionOfferAccepted: privateEvent(
    '1.0.0',
    'The customer stays (S-18); `support` asks a person to call them.',
    z.strictObject({ ...subject, choice: offerChoice }),
  ),
  CancellationConfirmed: privateEvent(
    '1.0.0',
    'The provider has ended the agreement (S-20, S-21).',
    z.strictObject({ subscriptionId: uuid, cancellationId: uuid }),
  ),
  CancellationRejected: privateEvent(
    '1.0.0',
    'The provider could not end the agreement (S-22).',
    z.strictObject({ subscriptionId: uuid, cancellationId: uuid, failureMessage: z.string() }),
  ),
  AgreementResumed: privateEvent(
    '1.0.0',
    'The provider has resumed the agreement, or has none (S-25).',
    z.strictObject({ ...subject, reactivationId: uuid }),
  ),
  AgreementNotResumed: privateEvent(
    '1.0.0',
    'The provider did not resume the agreement: the subscription goes on, and a person looks (S-25).',
    z.strictObject({ ...subject, reactivationId: uuid, failureMessage: z.string() }),
  ),
  CancellationRefused: privateEvent(
    '1.0.0',
    'A cancellation did not happen, and support should contact the customer (S-22, S-23).',
    z.strictObject({
      ...subject,
      reason: z.enum(['accountLocked', 'billingInconsistent', 'providerFailed']),
      severity: z.enum(['normal', 'high']),
    }),
  ),
  DeliveryQuoted: privateEvent(
    '1.0.0',
    'Today’s prices and stock for a delivery; a product that is not sold any more is not listed.',
    z.strictObject({ subscriptionId: uuid, orderId: uuid, quotes: z.array(quote) }),
  ),
  SubscriptionOrderRefused: privateEvent(
    '1.0.0',
    'A due delivery cannot become an order: FlowMart does not deliver there, or not for that price.',
    z.strictObject({ subscriptionId: uuid, orderId: uuid, failureMessage: z.string() }),
  ),
  DeliveryAdjusted: privateEvent(
    '1.0.0',
    'A delivery leaves without some of its products.',
    z.strictObject({ ...subject, orderId: uuid, leftOut: z.array(leftOut).min(1) }),
  ),
  DeliverySkipped: privateEvent(
    '1.0.0',
    'A delivery does not happen.',
    z.strictObject({
      ...subject,
      reason: z.enum(['customer', 'nothingToSend', 'orderCancelled']),
      leftOut: z.array(leftOut),
      nextDeliveryAt: instant,
    }),
  ),
};
