import { type Intent, latestCharge } from './entities.js';
import { nowSeconds } from './identity.js';
import type { Params } from './params.js';
import { findIntent } from './paymentIntents.js';
import { renderCharge, renderCustomer, renderIntent, renderRefund } from './render.js';
import type { Store } from './store.js';
import { invalidRequest, missingResource } from './stripeError.js';

/** GET /v1/payment_intents/:id */
export function retrieveIntent(store: Store, params: Params, id: string): object {
  return renderIntent(findIntent(store, id), store.cardOf, params.list('expand').includes('latest_charge'));
}

/** GET /v1/payment_intents, newest first. */
export function listIntents(store: Store, params: Params): object {
  params.only('created', 'customer', 'ending_before', 'expand', 'limit', 'starting_after');
  const created = params.group('created');
  const from = created?.integer('gte') ?? (created?.integer('gt') ?? -1) + 1;
  const to = created?.integer('lte') ?? (created?.integer('lt') ?? Number.MAX_SAFE_INTEGER) - 1;
  const customer = params.string('customer');
  const found = [...store.intents.values()].filter(
    (intent) => intent.created >= from && intent.created <= to && (customer === null || intent.customer === customer),
  );
  return page('/v1/payment_intents', found, params, (intent) => renderIntent(intent, store.cardOf));
}

/** GET /v1/payment_intents/search. Stripe's index lags behind; `lagSeconds` hides intents younger than that. */
export function searchIntents(store: Store, params: Params, lagSeconds: number): object {
  params.only('expand', 'limit', 'page', 'query');
  const wanted = parseQuery(params.required('query'));
  const effectId = wanted.metadata.effectId;
  const candidates = effectId === undefined ? [...store.intents.values()] : store.intentsByEffect(effectId);
  const newestIndexed = nowSeconds() - lagSeconds;
  const data = candidates
    .filter((intent) => intent.created <= newestIndexed && matches(intent, wanted))
    .reverse()
    .slice(0, pageSize(params))
    .map((intent) => renderIntent(intent, store.cardOf));
  return { object: 'search_result', data, has_more: false, next_page: null, url: '/v1/payment_intents/search' };
}

/** GET /v1/charges, newest first. */
export function listCharges(store: Store, params: Params): object {
  params.only('ending_before', 'expand', 'limit', 'payment_intent', 'starting_after');
  const intentId = params.string('payment_intent');
  const intents = intentId === null ? [...store.intents.values()] : [store.intents.get(intentId)];
  const charges = intents.flatMap(
    (intent) => intent?.charges.map((charge) => ({ id: charge.id, charge, intent })) ?? [],
  );
  return page('/v1/charges', charges, params, ({ charge, intent }) => renderCharge(charge, intent, store.cardOf));
}

/** GET /v1/refunds/:id */
export function retrieveRefund(store: Store, _params: Params, id: string): object {
  const refund = store.refunds.get(id);
  if (!refund) throw missingResource('refund', id, 'refund');
  return renderRefund(refund);
}

/** GET /v1/refunds, newest first. */
export function listRefunds(store: Store, params: Params): object {
  params.only('charge', 'ending_before', 'expand', 'limit', 'payment_intent', 'starting_after');
  const intentId = params.string('payment_intent');
  const chargeId = params.string('charge');
  const found = [...store.refunds.values()].filter(
    (refund) => (intentId === null || refund.intent === intentId) && (chargeId === null || refund.charge === chargeId),
  );
  return page('/v1/refunds', found, params, renderRefund);
}

/** GET /v1/customers/:id */
export function retrieveCustomer(store: Store, _params: Params, id: string): object {
  const customer = store.customers.get(id);
  if (!customer) throw missingResource('customer', id, 'customer');
  return renderCustomer(customer);
}

/** GET /v1/balance: what the sandbox holds, by currency. */
export function retrieveBalance(store: Store): object {
  const totals = new Map<string, number>();
  for (const intent of store.intents.values()) {
    const charge = latestCharge(intent);
    const held = charge ? charge.amountCaptured - charge.amountRefunded : 0;
    if (held !== 0) totals.set(intent.currency, (totals.get(intent.currency) ?? 0) + held);
  }
  const available = [...totals].map(([currency, amount]) => ({ amount, currency, source_types: { card: amount } }));
  return { object: 'balance', available, livemode: false, pending: [] };
}

function page<T extends { id: string }>(
  url: string,
  oldestFirst: T[],
  params: Params,
  render: (item: T) => object,
): object {
  const items = oldestFirst.reverse();
  const after = params.string('starting_after');
  const before = params.string('ending_before');
  const start = after === null ? 0 : items.findIndex((item) => item.id === after) + 1;
  const end = before === null ? items.length : items.findIndex((item) => item.id === before);
  const size = pageSize(params);
  const shown = before === null ? items.slice(start, start + size) : items.slice(Math.max(0, end - size), end);
  const has_more = before === null ? start + size < items.length : end - size > 0;
  return { object: 'list', data: shown.map(render), has_more, url };
}

function pageSize(params: Params): number {
  const limit = params.integer('limit') ?? 10;
  if (limit < 1 || limit > 100) throw invalidRequest('Invalid limit: must be between 1 and 100', 'limit');
  return limit;
}

interface Query {
  metadata: Record<string, string>;
  status: string | null;
}

/** Stripe's search language as far as we use it: `metadata['key']:'value'` and `status:'value'`, joined by AND. */
export function parseQuery(query: string): Query {
  const wanted: Query = { metadata: {}, status: null };
  for (const clause of query.split(/\s+AND\s+/i)) {
    const [, key, value] = /^(?:metadata\[["'](.{1,40})["']\]|status)\s*:\s*["'](.*)["']$/.exec(clause.trim()) ?? [];
    if (value === undefined) throw invalidRequest(`We were unable to parse your search query: ${query}`, 'query');
    if (key === undefined) wanted.status = value;
    else wanted.metadata[key] = value.replaceAll(/\\(.)/g, '$1');
  }
  return wanted;
}

const matches = (intent: Intent, wanted: Query): boolean =>
  (wanted.status === null || intent.status === wanted.status) &&
  Object.entries(wanted.metadata).every(([key, value]) => intent.metadata[key] === value);
