import { type Change, type Intent, latestCharge, type Refund } from './entities.js';
import { newId, nowSeconds } from './identity.js';
import type { Params } from './params.js';
import type { Store } from './store.js';
import { invalidRequest, missingResource, wrongState } from './stripeError.js';

/** POST /v1/refunds, by payment intent or by charge; without an amount, whatever has not gone back yet. */
export function createRefund(store: Store, params: Params): Change {
  params.only('amount', 'charge', 'expand', 'metadata', 'payment_intent', 'reason');
  const intent = refundedIntent(store, params);
  const charge = latestCharge(intent);
  if (!charge || charge.amountCaptured === 0) {
    throw wrongState(
      `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`,
      'payment_intent_unexpected_state',
    );
  }
  const left = charge.amountCaptured - charge.amountRefunded;
  if (left === 0)
    throw wrongState(`Charge ${charge.id} has already been refunded.`, 'charge_already_refunded', {
      charge: charge.id,
    });
  const amount = params.integer('amount') ?? left;
  if (amount < 1) throw invalidRequest('Invalid positive integer', 'amount', 'parameter_invalid_integer');
  if (amount > left) {
    throw wrongState(
      `Refund amount (${amount}) is greater than unrefunded amount on charge (${left}), in the smallest unit of ${intent.currency}.`,
      undefined,
      { param: 'amount' },
    );
  }
  const pending = store.cardOf(charge.paymentMethod).refund === 'pending';
  const refund: Refund = {
    id: newId('re_3'),
    created: nowSeconds(),
    amount,
    currency: intent.currency,
    intent: intent.id,
    charge: charge.id,
    status: pending ? 'pending' : 'succeeded',
    reason: params.oneOf('reason', 'duplicate', 'fraudulent', 'requested_by_customer'),
    metadata: params.metadata(),
  };
  return refundChange(pending ? 'refundPending' : 'refunded', refund, withRefunded(intent, amount));
}

/**
 * What a refund does by itself some time after it was made, or null: pending ones settle, and those of the card whose
 * refunds fail come back.
 */
export function settleRefund(store: Store, refundId: string): Change | null {
  const refund = store.refunds.get(refundId);
  const intent = refund && store.intents.get(refund.intent);
  if (!refund || !intent) return null;
  if (refund.status === 'pending') return refundChange('refundSettled', { ...refund, status: 'succeeded' }, intent);
  const charge = latestCharge(intent);
  if (refund.status === 'succeeded' && charge && store.cardOf(charge.paymentMethod).refund === 'fails') {
    return refundChange('refundFailed', { ...refund, status: 'failed' }, withRefunded(intent, -refund.amount));
  }
  return null;
}

function refundChange(type: Change['type'], refund: Refund, intent: Intent): Change {
  const { amount, currency } = refund;
  return {
    type,
    amount,
    currency,
    orderId: intent.metadata.orderId ?? null,
    status: 200,
    reply: 'refund',
    refund,
    intent,
  };
}

function withRefunded(intent: Intent, amount: number): Intent {
  const charges = intent.charges.map((charge, index) =>
    index === intent.charges.length - 1 ? { ...charge, amountRefunded: charge.amountRefunded + amount } : charge,
  );
  return { ...intent, charges };
}

function refundedIntent(store: Store, params: Params): Intent {
  const intentId = params.string('payment_intent');
  const chargeId = params.string('charge');
  if ((intentId === null) === (chargeId === null)) {
    throw invalidRequest('One of the following params should be provided for this request: payment_intent or charge.');
  }
  if (intentId !== null) {
    const intent = store.intents.get(intentId);
    if (!intent) throw missingResource('payment_intent', intentId, 'payment_intent', 400);
    return intent;
  }
  const intent = store.intentOfCharge(chargeId ?? '');
  if (!intent) throw missingResource('charge', chargeId ?? '', 'charge', 400);
  return intent;
}
