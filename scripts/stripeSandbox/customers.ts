import type { Change, Customer, SavedCard } from './entities.js';
import { newId, nowSeconds } from './identity.js';
import type { Params } from './params.js';
import type { Store } from './store.js';
import { missingResource, StripeError } from './stripeError.js';
import { declines, testCards } from './testCards.js';

/** POST /v1/customers */
export function createCustomer(_store: Store, params: Params): Change {
  params.only('description', 'email', 'expand', 'metadata', 'name');
  const customer: Customer = {
    id: newId('cus_'),
    created: nowSeconds(),
    email: params.string('email'),
    name: params.string('name'),
    description: params.string('description'),
    metadata: params.metadata(),
  };
  return {
    type: 'customerCreated',
    amount: 0,
    currency: null,
    orderId: null,
    status: 200,
    reply: 'customer',
    customer,
  };
}

/** POST /v1/payment_methods/:id/attach: a test token becomes a card of its own; most refused cards are refused here. */
export function attachCard(store: Store, params: Params, token: string): Change {
  params.only('customer', 'expand');
  const card = testCards.get(token);
  if (!card) throw missingResource('PaymentMethod', token, 'payment_method');
  const customer = params.required('customer');
  if (!store.customers.has(customer)) throw missingResource('customer', customer, 'customer', 400);
  if (card.decline && card.declineOn === 'attach') {
    const { outcome: _outcome, ...decline } = declines[card.decline] as (typeof declines)['generic'];
    throw new StripeError(402, { ...decline, type: 'card_error' }, true);
  }
  const savedCard: SavedCard = { id: newId('pm_1'), created: nowSeconds(), token, customer };
  return { type: 'cardAttached', amount: 0, currency: null, orderId: null, status: 200, reply: 'savedCard', savedCard };
}
