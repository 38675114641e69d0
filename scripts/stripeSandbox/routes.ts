import {
  cancelAgreement,
  createAgreement,
  retrieveAgreement,
  searchAgreements,
  updateAgreement,
} from './agreements.js';
import { attachCard, createCustomer } from './customers.js';
import type { Change } from './entities.js';
import type { Params } from './params.js';
import { cancelIntent, captureIntent, confirmIntent, createIntent } from './paymentIntents.js';
import {
  listCharges,
  listIntents,
  listRefunds,
  retrieveBalance,
  retrieveCustomer,
  retrieveIntent,
  retrieveRefund,
  searchIntents,
} from './reads.js';
import { createRefund } from './refunds.js';
import type { Store } from './store.js';

/** A write decides on a change, a read shows an object; both may throw a StripeError. */
type Write = (store: Store, params: Params, id: string) => Change;
type Read = (store: Store, params: Params, id: string, searchLagSeconds: number) => object;

export type Route = { write: Write } | { read: Read };

/** The subset of Stripe's API that FlowMart uses. `:id` stands for one segment. */
const table: readonly (readonly [method: string, path: string, route: Route])[] = [
  ['POST', '/v1/payment_intents', { write: createIntent }],
  ['GET', '/v1/payment_intents', { read: listIntents }],
  ['GET', '/v1/payment_intents/search', { read: (store, params, _id, lag) => searchIntents(store, params, lag) }],
  ['GET', '/v1/payment_intents/:id', { read: retrieveIntent }],
  ['POST', '/v1/payment_intents/:id/confirm', { write: confirmIntent }],
  ['POST', '/v1/payment_intents/:id/capture', { write: captureIntent }],
  ['POST', '/v1/payment_intents/:id/cancel', { write: cancelIntent }],
  ['GET', '/v1/charges', { read: listCharges }],
  ['POST', '/v1/refunds', { write: createRefund }],
  ['GET', '/v1/refunds', { read: listRefunds }],
  ['GET', '/v1/refunds/:id', { read: retrieveRefund }],
  ['POST', '/v1/customers', { write: createCustomer }],
  ['GET', '/v1/customers/:id', { read: retrieveCustomer }],
  ['POST', '/v1/payment_methods/:id/attach', { write: attachCard }],
  ['POST', '/v1/subscriptions', { write: createAgreement }],
  ['GET', '/v1/subscriptions/search', { read: searchAgreements }],
  ['GET', '/v1/subscriptions/:id', { read: retrieveAgreement }],
  ['POST', '/v1/subscriptions/:id', { write: updateAgreement }],
  ['DELETE', '/v1/subscriptions/:id', { write: cancelAgreement }],
  ['GET', '/v1/balance', { read: retrieveBalance }],
];

const exact = new Map<string, Route>();
const withId: { method: string; pattern: RegExp; route: Route }[] = [];
for (const [method, path, route] of table) {
  if (path.includes(':id')) withId.push({ method, pattern: new RegExp(`^${path.replace(':id', '([^/]+)')}$`), route });
  else exact.set(`${method} ${path}`, route);
}

/** Finds the route of a request and the id in its path. */
export function findRoute(method: string, path: string): { route: Route; id: string } | null {
  const route = exact.get(`${method} ${path}`);
  if (route) return { route, id: '' };
  for (const candidate of withId) {
    const [, id] = candidate.method === method ? (candidate.pattern.exec(path) ?? []) : [];
    if (id !== undefined) return { route: candidate.route, id };
  }
  return null;
}
