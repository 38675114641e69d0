import { expect } from 'chai';
import { sql } from 'kysely';
import type { z } from 'zod';
import { seededPlans } from '../../scripts/seed/plans.js';
import type { InvoiceView } from '../../src/http/invoiceSchemas.js';
import type { cancellationSchema, SubscriptionView } from '../../src/http/subscriptionSchemas.js';
import { card } from './fixtures.js';
import { openShop, type Shop } from './shop.js';

export type Subscription = SubscriptionView;
export type Invoice = InvoiceView;
export type Cancellation = z.output<typeof cancellationSchema>;

export const [pro, enterprise] = seededPlans;

/** Opens a shop with test clocks. */
export const openShopWithClocks = (): Promise<Shop> => openShop({ TEST_CLOCKS: 'on' });

/** What somebody subscribes with when nothing else is said: Pro Monthly, charged at once. */
const toPro = { planId: pro.planId, trialPeriodDays: 0, payment: card('visa') };

/** The last day of January, so that the short months show. */
export const start = '2026-01-31T10:00:00.000Z';

/** A customer on a test clock of their own, and their subscription; all over HTTP. */
export class Subscriber {
  private constructor(
    readonly shop: Shop,
    readonly customerId: string,
    readonly clockId: string,
    readonly id: string,
  ) {}

  /** Somebody who has just subscribed; waits until what that brings is done. */
  static async join(shop: Shop, body: object = toPro, now = start): Promise<Subscriber> {
    const clockId = await shop.clock(now);
    const customerId = await shop.customer(clockId);
    const wanted = { customerId, ...body };
    const { id } = await shop.do<Subscription>('POST', '/v1/subscriptions', wanted, { prefer: 'wait=20' });
    const subscriber = new Subscriber(shop, customerId, clockId, id);
    await shop.quiet();
    return subscriber;
  }

  /** Moves the clock, by a duration or to an instant, and waits until it has settled. */
  async advance(goal: { by: string } | { to: string }): Promise<void> {
    // What is under way belongs to the present.
    await this.shop.quiet();
    await this.shop.advance(this.clockId, goal);
    await this.shop.quiet();
  }

  read(): Promise<Subscription> {
    return this.shop.do<Subscription>('GET', `/v1/subscriptions/${this.id}`);
  }

  /** Asks for something, and waits until nothing is under way. */
  ask(verb: string, body?: object, method = 'POST'): Promise<Subscription> {
    return this.shop.do<Subscription>(method, this.path(verb), body, { prefer: 'wait=20' });
  }

  path(verb: string): string {
    return `/v1/subscriptions/${this.id}/${verb}`;
  }

  cancel(body: object = {}): Promise<Cancellation> {
    return this.shop.do<Cancellation>('POST', this.path('cancel'), { reason: 'too_expensive', ...body });
  }

  payWith(name: string): Promise<Subscription> {
    return this.ask('payment-method', { payment: card(name) });
  }

  /** From now on the card is refused so many times, for want of money. */
  refuse(times: number): void {
    const match = { path: '/v1/payment_intents', metadata: { subscriptionId: this.id }, times };
    this.shop.sandbox.addFault({ match, fault: 'insufficient_funds' });
  }

  /** Its invoices, oldest first. */
  async invoices(): Promise<Invoice[]> {
    const { items } = await this.shop.do<{ items: Invoice[] }>('GET', `/v1/billing/history/${this.id}?limit=100`);
    return items.reverse();
  }

  async newestInvoice(): Promise<Invoice> {
    return (await this.invoices()).at(-1) as Invoice;
  }

  /** Where it is, and what its shop may let it do. */
  async stands(): Promise<[state: string, access: string]> {
    const { state, access } = await this.read();
    return [state, access];
  }

  /** Templates of what the customer was told, in order. */
  async told(): Promise<string[]> {
    const { rows } = await sql<{ template_id: string }>`
      select template_id from notifications.notifications
      where user_id = ${this.customerId} order by queued_at, notification_id`.execute(this.shop.db);
    return rows.map((row) => row.template_id);
  }

  /** The public events of it, in order. */
  async published(): Promise<string[]> {
    const { rows } = await sql<{ type: string }>`
      select type from runtime.event_log where data ->> 'subscriptionId' = ${this.id} order by seq`.execute(
      this.shop.db,
    );
    return rows.map(({ type }) => type);
  }

  /** What Stripe really did: charges that it made and refused, and what is left with us in minor units. */
  taken(): { charges: number; declines: number; net: number } {
    const books = { charges: 0, declines: 0, net: 0 };
    for (const entry of this.shop.sandbox.ledger()) {
      if (!('intent' in entry) || entry.intent?.metadata.subscriptionId !== this.id) continue;
      if (entry.type === 'declined') books.declines++;
      if (entry.type === 'charged') books.charges++;
      if (entry.type === 'charged') books.net += entry.amount;
      if (entry.type === 'refunded') books.net -= entry.amount;
    }
    return books;
  }
}

/** The lines of an invoice by kind and amount. */
export const amountsOf = ({ lines }: Pick<Invoice, 'lines'>): [string, number][] =>
  lines.map(({ kind, total }) => [kind, total.amount]);

export const expectStands = async (subscriber: Subscriber, state: string, access: string): Promise<void> => {
  expect(await subscriber.stands()).to.deep.equal([state, access]);
};
