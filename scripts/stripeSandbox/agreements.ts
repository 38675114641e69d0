import type { Agreement, Change } from './entities.js';
import { newId, nowSeconds } from './identity.js';
import type { Params } from './params.js';
import { parseQuery } from './reads.js';
import { renderAgreement } from './render.js';
import type { Store } from './store.js';
import { invalidRequest, missingResource } from './stripeError.js';

const changeTo = (type: Change['type'], agreement: Agreement): Change => ({
  type,
  amount: 0,
  currency: null,
  orderId: null,
  status: 200,
  reply: 'agreement',
  agreement,
});

function find(store: Store, id: string): Agreement {
  const agreement = store.agreements.get(id);
  if (!agreement) throw missingResource('subscription', id, 'id');
  return agreement;
}

/** POST /v1/subscriptions: an agreement to charge a customer again and again; the sandbox itself never charges for it. */
export function createAgreement(store: Store, params: Params): Change {
  params.only('customer', 'expand', 'items', 'metadata');
  const customer = params.required('customer');
  if (!store.customers.has(customer)) throw missingResource('customer', customer, 'customer', 400);
  return changeTo('agreementMade', {
    id: newId('sub_'),
    created: nowSeconds(),
    customer,
    metadata: params.metadata(),
    status: 'active',
    cancelAtPeriodEnd: false,
    canceledAt: null,
  });
}

/** GET /v1/subscriptions/:id */
export const retrieveAgreement = (store: Store, _params: Params, id: string): object =>
  renderAgreement(find(store, id));

/** POST /v1/subscriptions/:id */
export function updateAgreement(store: Store, params: Params, id: string): Change {
  params.only('cancel_at_period_end', 'expand');
  const agreement = find(store, id);
  if (agreement.status === 'canceled') {
    throw invalidRequest('A canceled subscription can only update its cancellation_details and metadata.');
  }
  return changeTo('agreementChanged', { ...agreement, cancelAtPeriodEnd: params.boolean('cancel_at_period_end') });
}

/** DELETE /v1/subscriptions/:id: one that was cancelled before is not there any more, as at Stripe. */
export function cancelAgreement(store: Store, params: Params, id: string): Change {
  params.only('expand', 'invoice_now', 'prorate');
  const agreement = find(store, id);
  if (agreement.status === 'canceled') throw missingResource('subscription', id, 'id');
  return changeTo('agreementEnded', { ...agreement, status: 'canceled', canceledAt: nowSeconds() });
}

/** GET /v1/subscriptions/search, by metadata and status, newest first. */
export function searchAgreements(store: Store, params: Params): object {
  params.only('expand', 'limit', 'page', 'query');
  const wanted = parseQuery(params.required('query'));
  const data = [...store.agreements.values()]
    .filter(
      ({ status, metadata }) =>
        (wanted.status === null || wanted.status === status) &&
        Object.entries(wanted.metadata).every(([key, value]) => metadata[key] === value),
    )
    .reverse()
    .map(renderAgreement);
  return { object: 'search_result', data, has_more: false, next_page: null, url: '/v1/subscriptions/search' };
}
