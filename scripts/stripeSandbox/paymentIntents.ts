import { checkAmount } from './amounts.js';
import { type Change, type Charge, type Intent, latestCharge } from './entities.js';
import { newId, nowSeconds } from './identity.js';
import type { Params } from './params.js';
import type { Store } from './store.js';
import { invalidRequest, missingResource, type StripeError, wrongState } from './stripeError.js';
import { testCards } from './testCards.js';

/** POST /v1/payment_intents */
export function createIntent(store: Store, params: Params): Change {
  params.only(
    'allowed_payment_method_types',
    'amount',
    'automatic_payment_methods',
    'capture_method',
    'confirm',
    'currency',
    'customer',
    'description',
    'error_on_requires_action',
    'expand',
    'metadata',
    'off_session',
    'payment_method',
    'payment_method_types',
    'return_url',
  );
  const amount = params.integer('amount');
  if (amount === null) throw invalidRequest('Missing required param: amount.', 'amount', 'parameter_missing');
  const paymentMethod = knownPaymentMethod(store, params.string('payment_method'));
  const customer = params.string('customer');
  if (customer !== null && !store.customers.has(customer)) throw missingResource('customer', customer, 'customer', 400);
  const intent: Intent = {
    id: newId('pi_3'),
    created: nowSeconds(),
    amount,
    currency: checkAmount(amount, params.required('currency')),
    captureMethod: params.oneOf('capture_method', 'automatic', 'automatic_async', 'manual') ?? 'automatic_async',
    status: paymentMethod === null ? 'requires_payment_method' : 'requires_confirmation',
    paymentMethod,
    customer,
    description: params.string('description'),
    metadata: params.metadata(),
    charges: [],
    lastDecline: null,
    canceledAt: null,
    cancellationReason: null,
  };
  if (!params.boolean('confirm')) return changed('intentCreated', intent);
  if (!redirectsAreExcluded(params)) {
    throw invalidRequest(
      "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never`.",
    );
  }
  return confirm(store, intent, params);
}

/** POST /v1/payment_intents/:id/confirm */
export function confirmIntent(store: Store, params: Params, id: string): Change {
  params.only('capture_method', 'error_on_requires_action', 'expand', 'off_session', 'payment_method', 'return_url');
  const intent = findIntent(store, id);
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
    throw unexpectedState(intent, 'confirm', 'requires_payment_method, requires_confirmation or requires_action');
  }
  const paymentMethod = knownPaymentMethod(store, params.string('payment_method')) ?? intent.paymentMethod;
  return confirm(store, { ...intent, paymentMethod }, params);
}

/** POST /v1/payment_intents/:id/capture */
export function captureIntent(store: Store, params: Params, id: string): Change {
  params.only('amount_to_capture', 'expand', 'metadata');
  const intent = findIntent(store, id);
  const charge = latestCharge(intent);
  if (intent.status !== 'requires_capture' || !charge) throw unexpectedState(intent, 'capture', 'requires_capture');
  const amount = params.integer('amount_to_capture') ?? intent.amount;
  if (amount < 1 || amount > intent.amount) {
    throw invalidRequest(
      'The amount_to_capture must be positive and no more than the amount authorized.',
      'amount_to_capture',
      'amount_too_large',
    );
  }
  const captured: Intent = {
    ...intent,
    status: 'succeeded',
    charges: [...intent.charges.slice(0, -1), { ...charge, amountCaptured: amount }],
  };
  return changed('captured', captured, amount);
}

/** POST /v1/payment_intents/:id/cancel */
export function cancelIntent(store: Store, params: Params, id: string): Change {
  params.only('cancellation_reason', 'expand');
  const intent = findIntent(store, id);
  if (intent.status === 'succeeded' || intent.status === 'canceled') {
    throw unexpectedState(
      intent,
      'cancel',
      'requires_payment_method, requires_capture, requires_confirmation or requires_action',
    );
  }
  const cancellationReason = params.oneOf(
    'cancellation_reason',
    'abandoned',
    'duplicate',
    'fraudulent',
    'requested_by_customer',
  );
  return changed('canceled', { ...intent, status: 'canceled', canceledAt: nowSeconds(), cancellationReason });
}

/** Finds an intent by the id of a path. */
export function findIntent(store: Store, id: string): Intent {
  const intent = store.intents.get(id);
  if (!intent) throw missingResource('payment_intent', id, 'intent');
  return intent;
}

/** Asks the card; a refusal is a change too, answered with 402. */
function confirm(store: Store, intent: Intent, params: Params): Change {
  if (intent.paymentMethod === null) {
    throw wrongState(
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method.",
      'payment_intent_unexpected_state',
    );
  }
  const unattended = params.boolean('off_session') || params.boolean('error_on_requires_action');
  const { decline = null } = store.cardOf(intent.paymentMethod);
  if (decline === 'authenticationRequired' && !unattended) {
    return changed('actionRequired', { ...intent, status: 'requires_action' });
  }
  const manual = intent.captureMethod === 'manual';
  const charge: Charge = {
    id: newId('ch_3'),
    created: nowSeconds(),
    amount: intent.amount,
    amountCaptured: decline === null && !manual ? intent.amount : 0,
    amountRefunded: 0,
    paymentMethod: intent.paymentMethod,
    decline,
  };
  const charges = [...intent.charges, charge];
  if (decline !== null) {
    const refused: Intent = {
      ...intent,
      charges,
      lastDecline: decline,
      paymentMethod: null,
      status: 'requires_payment_method',
    };
    return { ...changed('declined', refused), status: 402, reply: 'decline' };
  }
  const status = manual ? 'requires_capture' : 'succeeded';
  return changed(manual ? 'authorized' : 'charged', { ...intent, charges, lastDecline: null, status });
}

function changed(type: Change['type'], intent: Intent, amount = intent.amount): Change {
  const orderId = intent.metadata.orderId ?? null;
  return { type, amount, currency: intent.currency, orderId, status: 200, reply: 'intent', intent };
}

function knownPaymentMethod(store: Store, id: string | null): string | null {
  if (id !== null && !testCards.has(id) && !store.savedCards.has(id)) {
    throw missingResource('PaymentMethod', id, 'payment_method', 400);
  }
  return id;
}

/** Cards alone never redirect; otherwise the caller must say that redirects are not wanted, or where they return to. */
function redirectsAreExcluded(params: Params): boolean {
  const named = [...params.list('payment_method_types'), ...params.list('allowed_payment_method_types')];
  if (named.length > 0 || params.string('return_url') !== null) return true;
  return params.group('automatic_payment_methods')?.string('allow_redirects') === 'never';
}

function unexpectedState(intent: Intent, verb: string, wanted: string): StripeError {
  return wrongState(
    `You cannot ${verb} this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be used for that: ${wanted}.`,
    'payment_intent_unexpected_state',
    { payment_intent: { id: intent.id, object: 'payment_intent', status: intent.status } },
  );
}
