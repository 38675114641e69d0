import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { uuidv7 } from 'uuidv7';
import type { MessageData, MessageName } from '../../machines/index.js';
import { defaultPrefix } from '../../queues/connection.js';
import { routing } from '../../queues/routing.js';
import { streamKey } from '../../queues/streams.js';
import { sendMessages } from '../../src/runtime/writes.js';
import { waitsFor } from '../chaos/check/resting.js';
import { seededProducts } from '../seed/catalogue.js';
import type { Telling } from './stories.js';
import { poisonousQuantity, storySource } from './traps.js';

const address = { street: '1 Main Street', city: 'Springfield', state: 'IL', postalCode: '62701', country: 'US' };
/** A card that the gateway never answers about. */
const silentCard = 'pm_card_jcb';

/** What happens seldom, and what no route leads to yet. */
export function rareStories(telling: Telling): (() => Promise<void>)[] {
  const { stage } = telling;
  stage.sandbox.addFault({ match: { method: 'POST', paymentMethod: silentCard }, fault: 'cut_connection' });
  // So that something is under way whenever a process is told to stop.
  stage.sandbox.addFault({
    match: { method: 'POST', path: '/v1/payment_intents', probability: 0.6, seed: 1 },
    fault: 'latency',
    ms: 3_500,
  });
  return [
    () => payLater(telling, 'CapturePayment'),
    () => payLater(telling, 'CancelPayment'),
    () => poison(telling),
    () => onAClock(telling),
    () => withoutACarrier(telling),
    () => tooLate(telling),
    () => nonsense(telling),
    () => endAgreement(telling, 'immediate'),
    () => endAgreement(telling, 'period_end'),
    () => resumeAgreement(telling),
    () => withoutAnAnswer(telling),
    () => loseTheEnd(telling),
    () => publishAgain(telling),
    () => askWhetherReady(telling),
    async () => {
      for (const path of ['', '/*/capture', '/*/cancel', '/v1/refunds'])
        stage.sandbox.addFault({
          match: { method: 'POST', path: path.startsWith('/v1') ? path : `/v1/payment_intents${path}`, times: 1 },
          fault: 'cut_connection_after_success',
        });
    },
  ];
}

/** A payment that only holds the money at first, which is then taken or let go; and once more let go, which the gateway refuses. */
async function payLater(telling: Telling, then: 'CapturePayment' | 'CancelPayment'): Promise<void> {
  const paymentId = uuidv7();
  await send(telling, 'OpenPayment', {
    paymentId,
    orderId: null,
    subscriptionId: null,
    invoiceId: null,
    customerId: null,
    amount: { amount: 1999, currency: 'USD' },
    paymentMethod: { type: 'card', token: 'pm_card_visa' },
    profile: 'order',
    captureImmediately: false,
    risk: { previousOrders: 0, customerSince: null, shippingAddress: address, billingAddress: null },
  });
  if (!(await comesTo(telling, ['payment', paymentId], 'authorized'))) return;
  const { rows } = await sql<{ gateway: string; reference: string; key: string }>`
    select gateway, gateway_reference_id as reference, idempotency_key as key from payments.transactions
    where payment_id = ${paymentId} and type = 'Authorize' and status = 'Success'`.execute(telling.stage.db);
  const { gateway, reference, key } = rows[0] as (typeof rows)[number];
  if (then === 'CancelPayment') return send(telling, then, { paymentId, reason: 'a story' });
  await send(telling, then, { paymentId });
  if (!(await comesTo(telling, ['payment', paymentId], 'completed', 'authorized'))) return;
  const amount = { amount: 1999, currency: 'USD' };
  await send(telling, 'VoidCharge', {
    paymentId,
    attempt: 1,
    idempotencyKey: key,
    gateway,
    gatewayReferenceId: reference,
    amount,
  });
}

/** Goods that come in, of which some spoil their transaction; also straight from a request. */
async function poison(telling: Telling): Promise<void> {
  const { rows } = await sql<{ stockItemId: string; productId: string; warehouseId: string }>`
    select stock_item_id as "stockItemId", product_id as "productId", warehouse_id as "warehouseId"
    from inventory.stock_items order by random() limit 1`.execute(telling.stage.db);
  const item = rows[0] as { stockItemId: string; productId: string; warehouseId: string };
  for (const quantity of [1, poisonousQuantity, 2])
    await send(telling, 'AddInventory', { ...item, quantity, performedBy: 'a story' });
  await fetch(`${telling.stage.webUrl}/v1/inventory/${item.stockItemId}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'idempotency-key': uuidv7() },
    body: JSON.stringify({ quantityChange: poisonousQuantity, reason: 'restock' }),
  }).catch(() => undefined);
}

/** Redis loses the last event of a stream, as it may when it is killed: everybody's connection breaks, and when it is back the end is gone. */
async function loseTheEnd({ stage: { redis } }: Telling): Promise<void> {
  const script = `
    local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 2)
    if #last < 2 then return 0 end
    redis.call('XDEL', KEYS[1], last[1][1])
    return redis.call('XSETID', KEYS[1], last[2][1])`;
  await redis
    .multi()
    .call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    .eval(script, 1, streamKey(defaultPrefix, 'orders-domain-eventbus'))
    .exec();
}

/** The last event is in its stream, but whoever appended it has died before that was stored. */
async function publishAgain({ stage: { db } }: Telling): Promise<void> {
  await sql`
    with was as (select xid, seq, positions from runtime.publisher where id = 1 for update),
    last as (select e.channel, w.positions from runtime.event_log e join was w on e.xid = w.xid and e.seq = w.seq),
    previous as (
      select e.xid, e.seq from runtime.event_log e join was w on (e.xid, e.seq) < (w.xid, w.seq)
      order by e.xid desc, e.seq desc limit 1)
    update runtime.publisher set xid = previous.xid, seq = previous.seq,
      positions = jsonb_set(last.positions, array[channel], to_jsonb((last.positions ->> channel)::int - 1))
    from last, previous`.execute(db);
}

/** A load balancer asks the web, and the web the gateway. */
async function askWhetherReady({ stage: { webUrl } }: Telling): Promise<void> {
  await fetch(`${webUrl}/health/ready`).catch(() => undefined);
}

/** An order of a customer whose time is moved to the next try of the charge. */
async function onAClock(telling: Telling): Promise<void> {
  const { body: clock } = await telling.client.send<{ id: string }>('POST', '/v1/clocks', {}, uuidv7());
  const customerId = await register(telling, { clockId: clock.id });
  const id = await order(telling, 'pm_card_chargeDeclinedInsufficientFunds', { customerId });
  if (!(await comesTo(telling, ['order', id], 'confirmed.paymentRetry'))) return;
  await telling.client.send('POST', `/v1/clocks/${clock.id}/advance`, { by: 'PT15M' }, uuidv7());
}

/** Somebody with an e-mail address: guests are only told in the app. */
async function register({ client }: Telling, more: object): Promise<string> {
  const person = { firstName: 'Ada', lastName: 'Lovelace', email: `${uuidv7()}@example.com`, ...more };
  const { body } = await client.send<{ id: string }>('POST', '/v1/customers', person, uuidv7());
  return body.id;
}

/** No carrier takes the parcel: a person writes its label. */
async function withoutACarrier(telling: Telling): Promise<void> {
  const id = await order(telling, 'pm_card_visa', {
    shippingAddress: { ...address, street: '1 Pier Road [fail:all]' },
  });
  await comesTo(telling, ['order', id], 'fulfilling.manual');
}

/** Called off when its label is printed already. */
async function tooLate(telling: Telling): Promise<void> {
  const id = await order(telling, 'pm_card_visa', { customerId: await register(telling, {}) });
  if (!(await comesTo(telling, ['order', id], 'fulfilling.booked'))) return;
  await telling.client.send('POST', `/v1/orders/${id}/cancel`, { reason: 'CUSTOMER_REQUEST' }, uuidv7());
}

/** A command that no version of FlowMart has ever sent. */
const nonsense = (telling: Telling): Promise<void> =>
  send(telling, 'SendNotification', { notificationId: uuidv7(), channel: 'EMAIL', priority: 'NONE' as 'LOW' });

/** The gateway does not answer about a charge; the order is called off while nobody knows. */
async function withoutAnAnswer(telling: Telling): Promise<void> {
  const id = await order(telling, silentCard, {});
  if (!(await comesTo(telling, ['order', id], 'confirmed.paymentRetry'))) return;
  await telling.client.send('POST', `/v1/orders/${id}/cancel`, { reason: 'CUSTOMER_REQUEST' }, uuidv7());
}

/** What Stripe was told to charge again and again is to end. */
async function endAgreement(telling: Telling, mode: 'immediate' | 'period_end'): Promise<void> {
  const { subscriptionId } = await agree(telling);
  await send(telling, 'ConfirmCancellation', { subscriptionId, customerId: uuidv7(), cancellationId: uuidv7(), mode });
}

/** What Stripe was to end is to go on. */
async function resumeAgreement(telling: Telling): Promise<void> {
  const { subscriptionId, agreementId, post } = await agree(telling);
  await post(`/v1/subscriptions/${agreementId}`, { cancel_at_period_end: 'true' });
  await send(telling, 'ResumeAgreement', { subscriptionId, customerId: uuidv7(), reactivationId: uuidv7() });
}

/** Stripe is to charge for a subscription of ours again and again. */
async function agree({ stage: { sandbox } }: Telling) {
  const subscriptionId = uuidv7();
  const post = async (path: string, body: Record<string, string>) => {
    const headers = { authorization: 'Bearer sk_test_flowmart_sandbox' };
    const response = await fetch(`${sandbox.url}${path}`, { method: 'POST', headers, body: new URLSearchParams(body) });
    return (await response.json()) as { id: string };
  };
  const { id: customer } = await post('/v1/customers', { email: 'ada@example.com' });
  const { id: agreementId } = await post('/v1/subscriptions', {
    customer,
    'items[0][price]': 'price_1',
    'metadata[subscriptionId]': subscriptionId,
  });
  return { subscriptionId, agreementId, post };
}

async function order({ client, acknowledged }: Telling, token: string, more: object): Promise<string> {
  const key = uuidv7();
  const { status, body } = await client.send<{ id: string; totalAmount: { amount: number } }>(
    'POST',
    '/v1/orders',
    {
      items: [{ productId: seededProducts[0]?.id, quantity: 1 }],
      currency: 'USD',
      shippingAddress: address,
      payment: { method: { type: 'card', token } },
      ...more,
    },
    key,
  );
  if (status !== 201) throw new Error(`an order was answered ${status}: ${JSON.stringify(body)}`);
  const { id: orderId, totalAmount } = body;
  acknowledged.append({
    what: 'placed',
    orderId,
    key,
    journey: 'rare',
    total: totalAmount.amount,
    at: new Date().toISOString(),
  });
  return orderId;
}

/** Puts a command into its receiver's mailbox, as another actor would. */
async function send<N extends MessageName>({ stage }: Telling, type: N, data: MessageData<N>): Promise<void> {
  const [delivery] = routing.route(type, data).deliveries;
  const { recipient, actorId, queue } = delivery as { recipient: string; actorId: string; queue: string };
  const envelope = {
    ...{ type, data, id: uuidv7(), source: storySource, correlationId: uuidv7() },
    ...{ causationId: null, clockId: null },
  };
  const at = new Date().toISOString();
  await stage.db
    .transaction()
    .execute((trx) =>
      sendMessages(trx, [{ envelope, delivery: { recipient, actorId, queue }, at, deferred: false }], 0),
    );
}

/** Waits until an actor is in a state; false when it has come to rest in another than it is in `at` first: nothing happens there for ten minutes. */
async function comesTo(
  { stage, signal }: Telling,
  [recipient, id]: readonly ['order' | 'payment', string],
  state: string,
  at?: string,
): Promise<boolean> {
  const table = sql.table(`${recipient}s.${recipient}s`);
  for (;;) {
    const { rows } = await sql<{ state: string }>`select state from ${table} where id = ${id}`.execute(stage.db);
    const now = rows[0]?.state;
    if (now === state) return true;
    if (now !== undefined && now !== at && waitsFor(recipient, now)) return false;
    await sleep(300, undefined, { signal });
  }
}
