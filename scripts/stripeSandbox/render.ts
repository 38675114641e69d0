import type Stripe from 'stripe';
import {
  type Agreement,
  amountReceived,
  type Change,
  type Charge,
  type Customer,
  type Intent,
  latestCharge,
  type Refund,
  type SavedCard,
} from './entities.js';
import type { StripeErrorBody } from './stripeError.js';
import { declines, type TestCard } from './testCards.js';

/** Turns a payment method id, a test token or that of a saved card, into the card behind it. */
export type CardLookup = (paymentMethod: string) => TestCard;

/** A PaymentIntent in Stripe's shape; `expandCharge` inlines `latest_charge`. */
export function renderIntent(intent: Intent, cardOf: CardLookup, expandCharge = false) {
  const charge = latestCharge(intent);
  return {
    id: intent.id,
    object: 'payment_intent',
    amount: intent.amount,
    amount_capturable: intent.status === 'requires_capture' ? intent.amount : 0,
    amount_received: amountReceived(intent),
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: intent.canceledAt,
    cancellation_reason: intent.cancellationReason as Stripe.PaymentIntent.CancellationReason | null,
    capture_method: intent.captureMethod as Stripe.PaymentIntent.CaptureMethod,
    client_secret: `${intent.id}_secret_sandbox`,
    confirmation_method: 'automatic',
    created: intent.created,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    last_payment_error: intent.lastDecline ? renderDecline(intent, cardOf, false) : null,
    latest_charge: charge && (expandCharge ? renderCharge(charge, intent, cardOf) : charge.id),
    livemode: false,
    metadata: intent.metadata,
    next_action:
      intent.status === 'requires_action'
        ? { type: 'use_stripe_sdk', use_stripe_sdk: { type: 'three_d_secure_redirect' } }
        : null,
    on_behalf_of: null,
    payment_method: intent.paymentMethod,
    payment_method_options: {},
    payment_method_types: ['card'],
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: intent.status,
    transfer_group: null,
  } satisfies Partial<Record<keyof Stripe.PaymentIntent, unknown>> & { object: Stripe.PaymentIntent['object'] };
}

export function renderCharge(charge: Charge, intent: Intent, cardOf: CardLookup) {
  const decline = charge.decline && declines[charge.decline];
  return {
    id: charge.id,
    object: 'charge',
    amount: charge.amount,
    amount_captured: charge.amountCaptured,
    amount_refunded: charge.amountRefunded,
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    captured: charge.amountCaptured > 0,
    created: charge.created,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_code: decline ? decline.code : null,
    failure_message: decline ? decline.message : null,
    livemode: false,
    metadata: intent.metadata,
    outcome: decline
      ? decline.outcome
      : {
          network_status: 'approved_by_network',
          reason: null,
          risk_level: 'normal',
          seller_message: 'Payment complete.',
          type: 'authorized',
        },
    paid: !decline,
    payment_intent: intent.id,
    payment_method: charge.paymentMethod,
    payment_method_details: { card: renderCard(cardOf(charge.paymentMethod)), type: 'card' },
    refunded: charge.amountRefunded > 0 && charge.amountRefunded === charge.amountCaptured,
    status: decline ? 'failed' : 'succeeded',
  } satisfies Partial<Record<keyof Stripe.Charge, unknown>> & { object: Stripe.Charge['object'] };
}

export const renderRefund = (refund: Refund) =>
  ({
    id: refund.id,
    object: 'refund',
    amount: refund.amount,
    balance_transaction: null,
    charge: refund.charge,
    created: refund.created,
    currency: refund.currency,
    ...(refund.status === 'failed' ? { failure_reason: 'expired_or_canceled_card' } : {}),
    metadata: refund.metadata,
    payment_intent: refund.intent,
    reason: refund.reason,
    receipt_number: null,
    status: refund.status,
  }) satisfies Partial<Record<keyof Stripe.Refund, unknown>> & { object: Stripe.Refund['object'] };

export const renderCustomer = (customer: Customer) => ({
  id: customer.id,
  object: 'customer',
  created: customer.created,
  description: customer.description,
  email: customer.email,
  livemode: false,
  metadata: customer.metadata,
  name: customer.name,
});

export const renderSavedCard = (saved: SavedCard, cardOf: CardLookup) => ({
  id: saved.id,
  object: 'payment_method',
  card: renderCard(cardOf(saved.token)),
  created: saved.created,
  customer: saved.customer,
  livemode: false,
  metadata: {},
  type: 'card',
});

export const renderAgreement = (agreement: Agreement) => ({
  id: agreement.id,
  object: 'subscription',
  cancel_at_period_end: agreement.cancelAtPeriodEnd,
  canceled_at: agreement.canceledAt,
  created: agreement.created,
  customer: agreement.customer,
  livemode: false,
  metadata: agreement.metadata,
  status: agreement.status,
});

const renderCard = (card: TestCard) => ({
  brand: card.brand,
  exp_month: 8,
  exp_year: 2034,
  funding: card.funding,
  last4: card.last4,
});

/** The error of an intent's last refusal, as in a 402 answer (with the intent) or in `last_payment_error` (without). */
function renderDecline(intent: Intent, cardOf: CardLookup, withIntent: boolean): StripeErrorBody {
  const { outcome: _outcome, ...decline } = declines[intent.lastDecline ?? 'generic'];
  const charge = latestCharge(intent);
  const method = charge?.paymentMethod ?? intent.paymentMethod;
  return {
    ...(charge ? { charge: charge.id } : {}),
    ...decline,
    doc_url: `https://stripe.com/docs/error-codes/${decline.code.replaceAll('_', '-')}`,
    ...(withIntent ? { payment_intent: renderIntent(intent, cardOf) } : {}),
    ...(method
      ? { payment_method: { id: method, object: 'payment_method', card: renderCard(cardOf(method)), type: 'card' } }
      : {}),
    type: 'card_error',
  };
}

/** The body with which the request of a change is answered, the first time and at every replay of its key. */
export function renderReply(change: Change, cardOf: CardLookup, expandCharge = false): object {
  const { reply, intent, refund, customer, savedCard, agreement } = change;
  if (typeof reply === 'object') return { error: reply };
  if (reply === 'intent' && intent) return renderIntent(intent, cardOf, expandCharge);
  if (reply === 'decline' && intent) return { error: renderDecline(intent, cardOf, true) };
  if (reply === 'refund' && refund) return renderRefund(refund);
  if (reply === 'customer' && customer) return renderCustomer(customer);
  if (reply === 'savedCard' && savedCard) return renderSavedCard(savedCard, cardOf);
  if (reply === 'agreement' && agreement) return renderAgreement(agreement);
  throw new Error(`A change of type ${change.type} has no ${reply} to answer with.`);
}
