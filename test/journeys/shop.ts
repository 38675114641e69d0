import { Writable } from 'node:stream';
import { expect } from 'chai';
import { sql } from 'kysely';
import type { z } from 'zod';
import { seededWarehouses } from '../../scripts/seed/catalogue.js';
import { type OrderBook, orderBooks } from '../../scripts/stripeSandbox/orderBooks.js';
import type { PlaceOrderBody } from '../../src/http/orderSchemas.js';
import type { OrderView } from '../../src/http/orderViews.js';
import type { paymentSchema } from '../../src/http/paymentViews.js';
import type { problemSchema } from '../../src/http/schemas.js';
import type { shipmentSchema } from '../../src/http/shipmentViews.js';
import type { TimelineEntry } from '../../src/http/timeline.js';
import type { Clock, Goal } from '../../src/runtime/clockRows.js';
import { eventually } from '../support/eventually.js';
import { startRuntime, type TestRuntime } from '../support/runtime.js';
import { makeDue } from '../support/time.js';
import { card, person, portland, product } from './fixtures.js';

export type Order = OrderView;
export type Payment = z.output<typeof paymentSchema>;
export type Shipment = z.output<typeof shipmentSchema>;
export type Problem = z.output<typeof problemSchema>;

/** What the shop answered. */
export interface Answer<B> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: B;
}

type Headings = Readonly<Record<string, string>>;

/** A whole FlowMart, and what a person can do with it over HTTP. */
export class Shop {
  readonly #runtime: TestRuntime;
  readonly #lines: string[];
  #customers = 0;

  constructor(runtime: TestRuntime, lines: string[]) {
    this.#runtime = runtime;
    this.#lines = lines;
  }

  get db() {
    return this.#runtime.db;
  }
  get sandbox() {
    return this.#runtime.sandbox;
  }
  get redis() {
    return this.#runtime.redis;
  }
  /** Everything that web and worker wrote to their log. */
  get log(): string {
    return this.#lines.join('');
  }
  close(): Promise<void> {
    return this.#runtime.close();
  }

  /** Sends a request; a body that is not text or bytes goes as JSON. */
  async request<B>(method: string, path: string, body?: unknown, headers: Headings = {}): Promise<Answer<B>> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const response = await fetch(`${this.#runtime.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as B };
  }

  /** Sends a request that must be answered with 200 or 201. */
  async do<B>(method: string, path: string, body?: unknown, headers?: Headings): Promise<B> {
    const answer = await this.request<B>(method, path, body, headers);
    expect(answer.status, `${method} ${path}: ${JSON.stringify(answer.body)}`).to.be.oneOf([200, 201]);
    return answer.body;
  }

  /** Sends a request that must be refused with a problem document of this status and code. */
  async refused(status: number, code: string, method: string, path: string, body?: unknown, headers?: Headings) {
    const answer = await this.request<Problem>(method, path, body, headers);
    expect([answer.status, answer.body.code], JSON.stringify(answer.body)).to.deep.equal([status, code]);
    expect(answer.headers.get('content-type')).to.equal('application/problem+json');
    expect(answer.body)
      .to.include({ status, instance: path.split('?')[0] })
      .and.to.include.keys('type', 'title', 'detail');
    expect(answer.body.requestId).to.equal(answer.headers.get('x-request-id'));
    return answer.body;
  }

  /** Somebody new, who lives by a test clock if one is named: nobody's history, and nobody's hourly limit, is in the way. */
  async customer(clockId?: string): Promise<string> {
    this.#customers++;
    const email = `zenobia.${this.#customers}@quillfeather.example`;
    const body = { ...person, email, phone: '+15035550142', clockId };
    return (await this.do<{ id: string }>('POST', '/v1/customers', body)).id;
  }

  /** A test clock that stands at an instant. */
  async clock(now: string): Promise<string> {
    return (await this.do<Clock>('POST', '/v1/clocks', { now })).id;
  }

  /** Moves a test clock, and waits until everything that happens on the way is done. */
  async advance(clockId: string, goal: Goal): Promise<Clock> {
    const clock = await this.do<Clock>('POST', `/v1/clocks/${clockId}/advance`, goal, { prefer: 'wait=30' });
    expect(clock.status, JSON.stringify(clock)).to.equal('ready');
    return clock;
  }

  /** The body of an order for one mug by a guest, with changes. */
  orderBody(changes: Partial<PlaceOrderBody> = {}): object {
    return {
      items: [{ productId: product('MUG-STONE-35').id, quantity: 1 }],
      shippingAddress: portland,
      payment: card('visa'),
      ...changes,
    };
  }

  place(changes: Partial<PlaceOrderBody> = {}, headers?: Headings): Promise<Order> {
    return this.do<Order>('POST', '/v1/orders', this.orderBody(changes), headers);
  }

  order(id: string): Promise<Order> {
    return this.do<Order>('GET', `/v1/orders/${id}`);
  }
  payment(order: Order): Promise<Payment> {
    return this.do<Payment>('GET', `/v1/payments/${order.payment?.id}`);
  }
  async timeline(id: string): Promise<TimelineEntry[]> {
    return (await this.do<{ entries: TimelineEntry[] }>('GET', `/v1/orders/${id}/timeline`)).entries;
  }
  cancel(id: string): Promise<Order> {
    return this.do<Order>('POST', `/v1/orders/${id}/cancel`, { reason: 'CUSTOMER_REQUEST' });
  }
  payWith(id: string, name: string): Promise<Order> {
    return this.do<Order>('POST', `/v1/orders/${id}/payment-method`, { payment: card(name) });
  }

  /** Lets the minutes pass after which a failed charge is tried again. */
  async retry({ id, payment }: Order): Promise<void> {
    await makeDue(this.db, id, 'nextRetry');
    await makeDue(this.db, payment?.id ?? '', 'retryDelay');
  }

  /** Lets the time pass for which an order's stock is held. */
  async endHold({ id }: Order): Promise<void> {
    // Reviews and retries extend the hold a moment after they show: the extended one is to end, too.
    await makeDue(this.db, id, 'holdEnd', async () => (await this.reservation(id)) !== 'confirmed.held');
  }

  /** The state of an order's reservation. */
  async reservation(orderId: string): Promise<string | undefined> {
    const { rows } = await sql<{ state: string }>`
      select state from inventory.reservations where id = ${orderId}`.execute(this.db);
    return rows[0]?.state;
  }

  /** From now on Stripe leaves charges of a card unanswered, and does not make them, until faults are cleared. */
  suspendCharges(name: string): void {
    const match = { method: 'POST', path: '/v1/payment_intents', paymentMethod: `pm_card_${name}` } as const;
    this.sandbox.addFault({ match, fault: 'timeout_before', ms: 1500 });
  }

  /** Waits until an order is in a state. */
  async orderIn(id: string, state: string): Promise<Order> {
    let last = '';
    return eventually(`order ${id} is ${state}`, async () => {
      const order = await this.order(id);
      last = order.state;
      return order.state === state ? order : null;
    }).catch((error: Error) => {
      throw new Error(`${error.message}, it is ${last}`);
    });
  }

  /** Waits until the payment of an order has made so many charges and is in a state. */
  attempts(id: string, attempts: number, state: string): Promise<Order> {
    return eventually(`the payment of ${id} is ${state} after ${attempts} charges`, async () => {
      const order = await this.order(id);
      return order.payment?.attempts === attempts && order.payment.state === state ? order : null;
    });
  }

  /** Waits until no message waits to be handled. */
  async quiet(): Promise<void> {
    await this.sandbox.webhooksSettled();
    await eventually('no message waits', async () => {
      const { rows } = await sql`select from runtime.mailbox limit 1`.execute(this.db);
      return rows.length === 0;
    });
  }

  /** What Stripe really did for an order; zeros when it never heard of it. */
  charged(orderId: string): Pick<OrderBook, 'charges' | 'refunds' | 'net' | 'declines'> {
    const { charges = 0, refunds = 0, net = 0, declines = 0 } = orderBooks(this.sandbox.ledger()).get(orderId) ?? {};
    return { charges, refunds, net, declines };
  }

  /** Units of a product, over all warehouses. */
  async stock(productId: string): Promise<{ onHand: number; reserved: number }> {
    const { rows } = await sql<{ on_hand: number; reserved: number }>`
      select sum(on_hand)::int as on_hand, sum(reserved)::int as reserved
      from inventory.stock_items where product_id = ${productId}`.execute(this.db);
    return { onHand: rows[0]?.on_hand ?? 0, reserved: rows[0]?.reserved ?? 0 };
  }

  /** What happened to stock because of an order: reason, change on hand, change reserved. */
  async movements(orderId: string): Promise<[string, number, number][]> {
    const { rows } = await sql<{ reason: string; on_hand: number; reserved: number }>`
      select reason, on_hand_change as on_hand, reserved_change as reserved from inventory.stock_movements
      where order_id = ${orderId} order by occurred_at, stock_version, reason`.execute(this.db);
    return rows.map(({ reason, on_hand, reserved }) => [reason, on_hand, reserved]);
  }

  /** Templates of what the customer of an order was told, in order. */
  async told(orderId: string): Promise<string[]> {
    const { rows } = await sql<{ template_id: string }>`
      select n.template_id from notifications.notifications n left join runtime.event_log e on e.id = n.source_event_id
      where n.data ->> 'orderId' = ${orderId} order by n.queued_at, e.xid, e.seq, n.notification_id`.execute(this.db);
    return rows.map((row) => row.template_id);
  }

  /** Waits until the customer of an order was told something. */
  async hears(orderId: string, templateId: string): Promise<void> {
    await eventually(`the customer of ${orderId} hears ${templateId}`, async () =>
      (await this.told(orderId)).includes(templateId),
    );
  }

  /** Counts the shelf in Louisville: so many units of a product are there from now on. */
  async count(productId: string, quantity: number): Promise<void> {
    const warehouseId = seededWarehouses[1].id;
    await this.do('PUT', `/v1/inventory/products/${productId}/stock`, { warehouseId, quantity });
  }
}

/** Opens a shop; its log is kept to be read. */
export async function openShop(env: NodeJS.ProcessEnv = {}): Promise<Shop> {
  const lines: string[] = [];
  const log = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return new Shop(await startRuntime({ LOG_LEVEL: 'debug', ...env }, log), lines);
}
