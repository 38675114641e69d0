import type { MessageData } from '../../machines/index.js';
import type { invoiceMessages } from '../../machines/invoice/invoice.messages.js';
import type { planMessages } from '../../machines/subscription/plan.messages.js';
import type { subscriptionMessages } from '../../machines/subscription/subscription.messages.js';
import type { usageMessages } from '../../machines/subscription/usage.messages.js';
import { at, id } from './given.js';

type Name =
  | keyof typeof subscriptionMessages
  | keyof typeof planMessages
  | keyof typeof usageMessages
  | keyof typeof invoiceMessages;

const usd = (amount: number) => ({ amount, currency: 'USD' });
const card = { type: 'card', token: 'pm_card_visa' } as const;
const home = { street: '742 Evergreen Terrace', city: 'Springfield', state: 'IL', postalCode: '62704', country: 'US' };
const [subscriptionId, customerId, planId] = [id('subscription'), id('customer'), id('plan')];
const [invoiceId, orderId, productId] = [id('invoice'), id('order'), id('headphones')];
const subject = { subscriptionId, customerId };
const person = { ...subject, userId: customerId };

const plan = {
  planId,
  name: 'Pro Monthly',
  price: usd(2_999),
  billingCycle: 'monthly',
  intervalCount: 1,
  taxRegion: 'US-CA',
  usage: { unit: 'API calls', allowance: 10_000 },
} as const;
const { taxRegion: _region, usage: _usage, ...planSummary } = plan;
const terms = { kind: 'plan', plan } as const;
const checkout = { ipAddress: '198.51.100.7', deviceId: 'a3f1', previousOrders: 4, customerSince: at(-500_000) };
const billingPeriod = { start: at(), end: at(43_200) };
const line = {
  kind: 'plan',
  description: 'Pro Monthly',
  quantity: 1,
  unitPrice: usd(2_999),
  total: usd(2_999),
} as const;
const offer = { discount: { percent: 25, times: 3 }, pauseDays: 30, support: true } as const;
const leftOut = [{ productId, reason: 'priceRise', unitPrice: usd(9_999) }] as const;
const cancellationId = id('cancellation');

/** One realistic payload of every message about subscriptions, plans and invoices, with every field that it may have. */
export const subscriptionExamples: { readonly [N in Name]: MessageData<N> } = {
  SubscribeUser: {
    ...subject,
    terms,
    trialDays: 14,
    paymentMethod: card,
    autoRenew: true,
    discount: { code: 'ENTERPRISE20', percent: 20, timesLeft: 3 },
    source: 'web_checkout',
    checkout,
  },
  CancelSubscription: {
    subscriptionId,
    reason: 'too_expensive',
    note: 'Found it cheaper.',
    requestedBy: 'customer',
    mode: 'period_end',
    offerDecision: 'decline',
    accountLocked: false,
  },
  AcceptOffer: { subscriptionId, choice: 'discount' },
  DeclineOffer: { subscriptionId },
  ReactivateSubscription: { subscriptionId },
  RenewSubscription: { subscriptionId, terms, paymentMethod: card },
  PauseSubscription: { subscriptionId, until: at(43_200) },
  ResumeSubscription: { subscriptionId },
  ChangePlan: { subscriptionId, plan, prorationAt: at() },
  ChangeAutoRenewal: { subscriptionId, autoRenew: false },
  ChangeSubscriptionPaymentMethod: { subscriptionId, paymentMethod: card },
  InvalidatePaymentMethod: { subscriptionId },
  RetryInvoice: { subscriptionId, invoiceId },
  SkipDelivery: { subscriptionId },
  MoveDelivery: { subscriptionId, deliverAt: at(10_000) },
  ChangeQuantities: { subscriptionId, items: [{ productId, quantity: 2, agreedUnitPrice: usd(7_999) }] },
  ApprovePrices: { subscriptionId, prices: [{ productId, unitPrice: usd(9_999) }] },
  ConfirmCancellation: { ...subject, cancellationId, mode: 'period_end' },
  ResumeAgreement: { ...subject, reactivationId: cancellationId },
  QuoteDelivery: { subscriptionId, orderId, currency: 'USD', items: [{ productId, quantity: 2 }] },
  PlaceSubscriptionOrder: {
    ...subject,
    orderId,
    items: [
      {
        productId,
        sku: 'WH-1000',
        productName: 'Wireless Headphones',
        quantity: 2,
        unitPrice: usd(7_999),
        totalPrice: usd(15_998),
      },
    ],
    subtotal: usd(15_998),
    discount: usd(1_600),
    shippingAddress: home,
    shippingMethod: 'standard',
    paymentMethod: card,
    checkout,
  },
  CreatePlan: { ...plan, trialDays: 14 },
  RetirePlan: { planId },
  ClaimTrial: { customerId: subject.customerId, planId, subscriptionId: subject.subscriptionId },
  ReportUsage: { ...subject, quantity: 250, at: at(-60) },
  AnalyseUsage: { ...subject, plan, period: billingPeriod, since: at(-43_200) },
  UpgradeSuggested: {
    ...subject,
    plan: { planId, name: 'Pro Monthly', allowance: 10_000 },
    suggested: { planId: id('team'), name: 'Team Monthly', allowance: 50_000, price: usd(5_999) },
    unit: 'API calls',
    used: 24_000,
    expected: 8_000,
    period: billingPeriod,
  },
  UserSubscriptionStarted: {
    ...person,
    plan: planSummary,
    trialPeriodDays: 14,
    startDate: at(),
    nextBillingDate: at(20_160),
    paymentMethodType: 'card',
    source: 'web_checkout',
    discountCode: 'ENTERPRISE20',
  },
  UserSubscriptionCancelled: {
    ...person,
    plan: { planId, name: 'Pro Monthly' },
    cancellationReason: 'payment_failure',
    cancellationNote: 'Found it cheaper.',
    cancelledBy: 'system',
    effectiveDate: at(43_200),
    refundAmount: usd(0),
    subscriptionDurationDays: 30,
    failedPaymentAttempts: 4,
    lastPaymentAttempt: at(10_080),
  },
  SubscriptionPaymentDue: {
    ...person,
    invoiceId,
    amount: usd(3_245),
    currency: 'USD',
    dueDate: at(),
    billingPeriod,
    planId,
    retryAttempt: 1,
  },
  PlanMigrationCompleted: {
    ...person,
    fromPlan: planSummary,
    toPlan: planSummary,
    effectiveDate: at(),
    nextBillingDate: at(43_200),
    invoiceId,
  },
  SubscriptionReminderDue: { ...subject, about: 'payment', date: at(4_320), amount: usd(3_245) },
  SubscriptionRenewed: {
    ...subject,
    invoiceId,
    orderId,
    amount: usd(3_245),
    period: billingPeriod,
    nextBillingDate: at(43_200),
    recovered: true,
  },
  SubscriptionPaymentFailed: {
    ...subject,
    invoiceId,
    orderId,
    failureReason: 'insufficient_funds',
    methodUsable: true,
    retryAttempt: 1,
    nextRetryAt: at(1_440),
  },
  PaymentMethodRequested: { ...subject, why: 'declined', until: at(10_080) },
  SubscriptionGraceStarted: { ...subject, graceUntil: at(10_080) },
  SubscriptionSuspended: { ...subject, revivableUntil: at(43_200) },
  SubscriptionEnded: { ...subject, status: 'expired', decisionUntil: at(10_080) },
  SubscriptionFailed: { ...subject, failureReason: 'card_declined' },
  SubscriptionPaused: { ...subject, until: at(43_200) },
  SubscriptionResumed: { ...subject, nextBillingDate: at(43_200) },
  SubscriptionReactivated: { ...subject, nextBillingDate: at(43_200) },
  PlanChangeScheduled: { ...subject, plan: planSummary, effectiveDate: at(43_200) },
  PlanChangeFailed: { ...subject, plan: planSummary, invoiceId, failureReason: 'card_declined' },
  RetentionOfferMade: { ...subject, offer, expiresAt: at(10_080) },
  RetentionOfferAccepted: { ...subject, choice: 'support' },
  CancellationConfirmed: { subscriptionId, cancellationId },
  AgreementResumed: { ...subject, reactivationId: cancellationId },
  AgreementNotResumed: { ...subject, reactivationId: cancellationId, failureMessage: 'No answer.' },
  CancellationRejected: { subscriptionId, cancellationId, failureMessage: 'No answer.' },
  CancellationRefused: { ...subject, reason: 'providerFailed', severity: 'high' },
  DeliveryQuoted: {
    subscriptionId,
    orderId,
    quotes: [{ productId, sku: 'WH-1000', productName: 'Wireless Headphones', unitPrice: usd(7_999), available: 12 }],
  },
  SubscriptionOrderRefused: { subscriptionId, orderId, failureMessage: 'FlowMart does not deliver to AQ.' },
  DeliveryAdjusted: { ...subject, orderId, leftOut: [...leftOut] },
  DeliverySkipped: { ...subject, reason: 'nothingToSend', leftOut: [...leftOut], nextDeliveryAt: at(43_200) },

  GenerateInvoice: {
    invoiceId,
    type: 'subscription',
    ...subject,
    planId,
    currency: 'USD',
    lines: [line],
    taxRegion: 'US-CA',
    billingPeriod,
    dueDate: at(),
  },
  AllocateInvoiceNumber: { invoiceId, documentId: invoiceId, series: 'invoice', year: 2026, taxRegion: 'US-CA' },
  InvoiceNumberAllocated: {
    invoiceId,
    documentId: invoiceId,
    series: 'invoice',
    number: 'INV-2026-00042',
    taxBasisPoints: 820,
  },
  CancelInvoice: { invoiceId, reason: 'The subscription stops here.' },
  InvoiceSent: { invoiceId, sentAt: at() },
  InvoiceGenerated: {
    invoiceId,
    invoiceNumber: 'INV-2026-00042',
    type: 'subscription',
    ...subject,
    planId,
    invoiceDate: at(),
    dueDate: at(10_080),
    status: 'generated',
    lineItems: [line],
    subtotal: usd(2_999),
    tax: usd(246),
    total: usd(3_245),
    currency: 'USD',
    billingPeriod,
  },
  CreditNoteIssued: {
    creditNoteId: id('refund'),
    creditNoteNumber: 'CN-2026-00001',
    invoiceId,
    invoiceNumber: 'INV-2026-00042',
    ...subject,
    subtotal: usd(2_999),
    tax: usd(246),
    total: usd(3_245),
    issuedAt: at(),
  },
};
