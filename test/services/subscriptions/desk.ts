import { expect } from 'chai';
import { type Kysely, sql } from 'kysely';
import type { FlowmartReceived, MessageData, MessageName } from '../../../machines/index.js';
import type { InvoiceContext } from '../../../machines/invoice/invoice.context.js';
import type { OrderContext } from '../../../machines/order/order.context.js';
import { deriveId } from '../../../machines/shared/ids.js';
import type { SubscriptionContext } from '../../../machines/subscription/subscription.context.js';
import { check, route } from '../../../queues/routing.js';
import type { Database } from '../../../src/db/tables.js';
import { createClock, type Goal, readClock, sendClock } from '../../../src/runtime/clockRows.js';
import { sendMessages } from '../../../src/runtime/writes.js';
import { eventually } from '../../support/eventually.js';
import { startRuntime, type TestRuntime } from '../../support/runtime.js';
import { card, proMonthly } from './catalogue.js';

type Subscribe = MessageData<'SubscribeUser'>;

/** A stored actor: where it is and what it knows. */
export interface Stored<C> {
  readonly id: string;
  readonly state: string;
  readonly context: C;
}

let made = 0;
/** A new UUIDv7, another one in every run. */
export const newId = (): string => {
  made += 1;
  const time = Date.now().toString(16).padStart(12, '0');
  return deriveId(`${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`, `${process.pid} ${made}`);
};

/** A whole FlowMart that runs, and what can be told to its subscriptions and seen of them. */
export class Desk {
  private constructor(private readonly runtime: TestRuntime) {}

  static async open(env: NodeJS.ProcessEnv = {}): Promise<Desk> {
    return new Desk(await startRuntime({ TEST_CLOCKS: 'on', ...env }));
  }

  get db(): Kysely<Database> {
    return this.runtime.db;
  }
  get sandbox() {
    return this.runtime.sandbox;
  }
  /** Where its web process answers. */
  get url(): string {
    return this.runtime.url;
  }
  close(): Promise<void> {
    return this.runtime.close();
  }

  /** From now on every message is put into its mailbox twice, under the same id, but for calls to the world outside. */
  async deliverTwice(): Promise<void> {
    await sql`
      create function public.again() returns trigger language plpgsql as $$
      begin
        insert into runtime.mailbox (id, recipient, actor_id, type, data, source, correlation_id, causation_id, clock_id, queue, sent_at, wake_at, deferred)
        values (new.id, new.recipient, new.actor_id, new.type, new.data, new.source, new.correlation_id, new.causation_id, new.clock_id, new.queue,
          new.sent_at, new.wake_at, new.deferred);
        return null;
      end $$`.execute(this.db);
    await sql`
      create trigger again after insert on runtime.mailbox for each row
      when (pg_trigger_depth() = 0 and new.recipient not in ('gateway', 'agreements', 'carrier', 'delivery')) execute function public.again()`.execute(
      this.db,
    );
  }

  /** A test clock that stands at an instant: what is born with it lives by it. */
  async clock(now: string): Promise<string> {
    const id = newId();
    await createClock(this.db, { id, name: null, now });
    return id;
  }

  /** Lets time pass on a clock, by an ISO 8601 duration or to an instant, and everything that is due happen. */
  async advance(clockId: string, goal: Goal): Promise<void> {
    // What is under way belongs to the present.
    await this.quiet();
    expect(await sendClock(this.db, clockId, goal), JSON.stringify(goal)).to.equal(true);
    await eventually(`the clock has come to ${JSON.stringify(goal)}`, async () => {
      const clock = await readClock(this.db, clockId);
      if (clock?.status === 'blocked') throw new Error(`the clock is blocked: ${JSON.stringify(clock.parked)}`);
      return clock?.status === 'ready';
    }).catch(async (error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await readClock(this.db, clockId))}`);
    });
    await this.quiet();
  }

  /** Puts a message into the mailboxes of its receivers, as its sender's commit would. */
  async tell<N extends MessageName>(type: N, data: MessageData<N>, clockId: string | null = null): Promise<void> {
    check(type, data);
    const id = newId();
    const envelope = { type, data, id, source: '/test', correlationId: id, causationId: null, clockId };
    const at = new Date().toISOString();
    const sendings = route(type, data).deliveries.map((delivery) => ({
      envelope,
      delivery: { ...delivery, queue: delivery.queue ?? '' },
      at,
      deferred: false,
    }));
    await sendMessages(this.db, sendings, 0);
  }

  /** Somebody new, whose history is in nobody's way. */
  async customer(): Promise<string> {
    const customerId = newId();
    const email = `${customerId}@quillfeather.example`;
    await this.tell('RegisterCustomer', { customerId, firstName: 'Zenobia', lastName: 'Quill', email });
    await eventually('the customer is stored', async () => {
      const { rows } = await sql`select from orders.customers where customer_id = ${customerId}`.execute(this.db);
      return rows.length === 1;
    });
    return customerId;
  }

  /** Subscribes somebody new to Pro Monthly without a trial, with changes, by a clock; answers the subscription's id. */
  async subscribe(change: Partial<Subscribe> = {}, clockId: string | null = null): Promise<string> {
    const subscriptionId = newId();
    const subscription: Subscribe = {
      subscriptionId,
      customerId: change.customerId ?? (await this.customer()),
      terms: { kind: 'plan', plan: proMonthly },
      trialDays: 0,
      paymentMethod: card('visa'),
      autoRenew: true,
      discount: null,
      source: 'web_checkout',
      checkout: { deviceId: subscriptionId, previousOrders: 2, customerSince: '2024-01-01T00:00:00.000Z' },
      ...change,
    };
    await this.tell('SubscribeUser', subscription, clockId);
    return subscriptionId;
  }

  async subscription(id: string): Promise<Stored<SubscriptionContext> | undefined> {
    const { rows } = await sql<Stored<SubscriptionContext>>`
      select id, state, snapshot -> 'context' as context from subscriptions.subscriptions where id = ${id}`.execute(
      this.db,
    );
    return rows[0];
  }

  /** Waits until a subscription is in a state. */
  async in(id: string, state: string): Promise<SubscriptionContext> {
    let last: string | undefined;
    return eventually(`subscription ${id} is ${state}`, async () => {
      const found = await this.subscription(id);
      last = found?.state;
      return last === state ? found?.context : null;
    }).catch((error: Error) => {
      throw new Error(`${error.message}, it is ${last}`);
    });
  }

  /** The invoices of a subscription, the oldest first. */
  async invoices(subscriptionId: string): Promise<Stored<InvoiceContext>[]> {
    const { rows } = await sql<Stored<InvoiceContext>>`
      select id, state, snapshot -> 'context' as context from billing.invoices
      where subscription_id = ${subscriptionId} order by invoice_number`.execute(this.db);
    return rows;
  }

  /** The orders that a subscription has placed, the oldest first. */
  async orders(subscriptionId: string): Promise<Stored<OrderContext>[]> {
    const { rows } = await sql<Stored<OrderContext>>`
      select id, state, snapshot -> 'context' as context from orders.orders
      where subscription_id = ${subscriptionId} order by placed_at, id`.execute(this.db);
    return rows;
  }

  /** What a subscription's payments came to, by state: `['completed 3239', …]`, the oldest first. */
  async payments(subscriptionId: string): Promise<string[]> {
    const { rows } = await sql<{ state: string; amount: string }>`
      select state, amount_minor as amount from payments.payments
      where snapshot #>> '{context,subscriptionId}' = ${subscriptionId} order by created_at, id`.execute(this.db);
    return rows.map(({ state, amount }) => `${state} ${amount}`);
  }

  /** Templates of what the customer of a subscription was told, in order. */
  async told(subscriptionId: string): Promise<string[]> {
    const { rows } = await sql<{ template_id: string }>`
      select template_id from notifications.notifications
      where data ->> 'subscriptionId' = ${subscriptionId} order by queued_at, source_event_id, notification_id`.execute(
      this.db,
    );
    return rows.map((row) => row.template_id);
  }

  /** The public events that a subscription, or an invoice of it, sent to the streams, in order. */
  async published(subscriptionId: string): Promise<FlowmartReceived['type'][]> {
    const { rows } = await sql<{ type: FlowmartReceived['type'] }>`
      select type from runtime.event_log where data ->> 'subscriptionId' = ${subscriptionId} order by seq`.execute(
      this.db,
    );
    return rows.map(({ type }) => type);
  }

  /** What Stripe took and gave back for the payments of a subscription, minor units. */
  taken(subscriptionId: string): { charges: number; net: number } {
    const entries = this.sandbox
      .ledger()
      .filter((entry) => 'intent' in entry && entry.intent?.metadata.subscriptionId === subscriptionId);
    const charged = entries.filter(({ type }) => type === 'charged');
    const amountOf = (type: string) =>
      entries.reduce((sum, entry) => sum + (entry.type === type && 'amount' in entry ? entry.amount : 0), 0);
    return { charges: charged.length, net: amountOf('charged') - amountOf('refunded') };
  }

  /** What Stripe took and did not give back, minor units, by the invoice that it was for. */
  takenByInvoice(): Map<string, number> {
    const taken = new Map<string, number>();
    const intents = new Map<string, string>();
    for (const entry of this.sandbox.ledger()) {
      if (!('intent' in entry) || !entry.intent) continue;
      const { invoiceId } = entry.intent.metadata;
      if (invoiceId) intents.set(entry.intent.id, invoiceId);
      const id = intents.get(entry.intent.id);
      const sign = { charged: 1, refunded: -1 }[entry.type as string] ?? 0;
      if (id && sign !== 0) taken.set(id, (taken.get(id) ?? 0) + sign * entry.amount);
    }
    return taken;
  }

  /** Waits until no message waits to be handled. */
  async quiet(): Promise<void> {
    await this.sandbox.webhooksSettled();
    await eventually('no message waits', async () => {
      const { rows } = await sql`select from runtime.mailbox limit 1`.execute(this.db);
      return rows.length === 0;
    });
  }
}
