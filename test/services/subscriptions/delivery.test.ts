import { expect } from 'chai';
import type { MessageData } from '../../../machines/index.js';
import { seededWarehouses } from '../../../scripts/seed/catalogue.js';
import type { OrderView } from '../../../src/http/orderViews.js';
import { eventually } from '../../support/eventually.js';
import { itKeepsItsBooks } from './books.js';
import { card, deliveryOf, product } from './catalogue.js';
import { Desk } from './desk.js';

const begin = '2026-01-31T10:00:00.000Z';
const due = '2026-02-28T10:00:00.000Z';
const beans = product('COF-BEAN-1KG');
const mug = product('MUG-STONE-35');
const kettle = product('KET-GOOSE-09');
const [reno] = seededWarehouses;

for (const times of ['once', 'twice'] as const)
  describe(`a subscription to a delivery, with every message delivered ${times}`, function () {
    this.timeout(120_000);
    let desk: Desk;
    before(async () => {
      desk = await Desk.open();
      if (times === 'twice') await desk.deliverTwice();
    });
    after(() => desk?.close());

    /** A monthly delivery since 31 January, whose first order has been paid. */
    const begun = async (change: Partial<MessageData<'SubscribeUser'>> = {}) => {
      const clock = await desk.clock(begin);
      const terms = deliveryOf({ [beans.sku]: 2, [mug.sku]: 1 });
      const id = await desk.subscribe({ terms, ...change }, clock);
      await desk.in(id, 'active.current');
      await desk.quiet();
      return { id, clock };
    };
    const skusOf = (order: { context: { items: readonly { sku: string; quantity: number }[] } } | undefined) =>
      order?.context.items.map(({ sku, quantity }) => `${quantity} ${sku}`);
    const price = async (sku: string, minor: number) => {
      await desk.db
        .updateTable('inventory.products')
        .set({ price_minor: minor })
        .where('product_id', '=', product(sku).id)
        .execute();
    };
    const shelve = (sku: string, quarantined: boolean) =>
      desk.db
        .updateTable('inventory.stock_items')
        .set({ status: quarantined ? 'QUARANTINED' : 'ACTIVE' })
        .where('product_id', '=', product(sku).id)
        .execute();

    /** Everything of a product is gone, but for one unit in Reno. */
    const leaveOne = async (sku: string) => {
      const { id: productId } = product(sku);
      await shelve(sku, true);
      const item = await desk.db
        .selectFrom('inventory.stock_items')
        .selectAll()
        .where('product_id', '=', productId)
        .where('warehouse_id', '=', reno.id)
        .executeTakeFirstOrThrow();
      await desk.db
        .updateTable('inventory.stock_items')
        .set({ status: 'ACTIVE', on_hand: item.reserved + 1 })
        .where('stock_item_id', '=', item.stock_item_id)
        .execute();
    };

    it('places an ordinary order: priced, numbered, paid, held and sent (S-01, S-03)', async () => {
      const { id } = await begun();
      const [order, ...others] = await desk.orders(id);
      expect(others).to.deep.equal([]);
      const subtotal = 2 * beans.prices.USD + mug.prices.USD;
      const discount = Math.floor(subtotal / 10);
      expect(order?.state).to.equal('fulfilling.booked');
      expect(order?.context).to.deep.include({
        subtotal: { amount: subtotal, currency: 'USD' },
        discount: { amount: discount, currency: 'USD' },
        tax: { amount: 0, currency: 'USD' },
      });
      const seen = (await (await fetch(`${desk.url}/v1/orders/${order?.id}`)).json()) as OrderView;
      expect(seen).to.deep.include({ subscriptionId: id, status: 'processing' });
      expect(seen.orderNumber).to.match(/^ORD-/);
      expect(Object.keys(order?.context.shipments ?? {})).to.have.length(1);
      expect(desk.taken(id)).to.deep.equal({ charges: 1, net: seen.totalAmount.amount });
      expect(await desk.invoices(id)).to.deep.equal([]);
    });

    it('orders again at every renewal, at the price of the day', async () => {
      const { id, clock } = await begun();
      await price(mug.sku, mug.prices.USD + 1);
      await desk.advance(clock, { to: due });
      await price(mug.sku, mug.prices.USD);
      const orders = await desk.orders(id);
      expect(orders.map(({ context }) => context.items[1]?.unitPrice.amount)).to.deep.equal([
        mug.prices.USD,
        mug.prices.USD + 1,
      ]);
      const { period } = await desk.in(id, 'active.current');
      expect(period).to.deep.equal({ start: due, end: '2026-03-31T10:00:00.000Z' });
      expect(await desk.told(id)).to.include.members(['delivery_reminder', 'subscription_renewed']);
    });

    it('leaves out what has become more than 10 % dearer until the customer agrees', async () => {
      const { id, clock } = await begun();
      const dear = Math.ceil(mug.prices.USD * 1.2);
      await price(mug.sku, dear);
      await desk.advance(clock, { to: due });
      expect(skusOf((await desk.orders(id))[1])).to.deep.equal([`2 ${beans.sku}`]);
      expect(await desk.told(id)).to.include('delivery_adjusted');
      const prices = [{ productId: mug.id, unitPrice: { amount: dear, currency: 'USD' } }];
      await desk.tell('ApprovePrices', { subscriptionId: id, prices });
      await desk.advance(clock, { to: '2026-03-31T10:00:00.000Z' });
      await price(mug.sku, mug.prices.USD);
      expect(skusOf((await desk.orders(id))[2])).to.deep.equal([`2 ${beans.sku}`, `1 ${mug.sku}`]);
    });

    it('leaves out what cannot be had in the full quantity, and has it again the next time', async () => {
      const { id, clock } = await begun();
      await shelve(mug.sku, true);
      await desk.advance(clock, { to: due });
      await shelve(mug.sku, false);
      expect(skusOf((await desk.orders(id))[1])).to.deep.equal([`2 ${beans.sku}`]);
      expect((await desk.in(id, 'active.current')).leftOut).to.deep.equal([
        { productId: mug.id, reason: 'unavailable', unitPrice: null },
      ]);
      await desk.advance(clock, { to: '2026-03-31T10:00:00.000Z' });
      expect(skusOf((await desk.orders(id))[2])).to.deep.equal([`2 ${beans.sku}`, `1 ${mug.sku}`]);
    });

    it('does not happen when nothing of it can be had, and goes on the next time', async () => {
      const { id, clock } = await begun({ terms: deliveryOf({ [mug.sku]: 1 }) });
      await shelve(mug.sku, true);
      await desk.advance(clock, { to: due });
      await shelve(mug.sku, false);
      await desk.in(id, 'active.current');
      expect(await desk.orders(id)).to.have.length(1);
      expect(await desk.told(id)).to.include('delivery_skipped');
      await desk.advance(clock, { to: '2026-03-31T10:00:00.000Z' });
      expect(await desk.orders(id)).to.have.length(2);
    });

    it('comes to one of two when there is one left, and the other goes on the next time', async () => {
      const clock = await desk.clock(begin);
      const terms = deliveryOf({ [kettle.sku]: 1 });
      const ids = [await desk.subscribe({ terms }, clock), await desk.subscribe({ terms }, clock)];
      for (const id of ids) await desk.in(id, 'active.current');
      await desk.quiet();
      await leaveOne(kettle.sku);
      await desk.advance(clock, { to: due });
      for (const id of ids) await desk.in(id, 'active.current');
      const states = (await Promise.all(ids.map((id) => desk.orders(id)))).flat().map(({ state }) => state);
      expect(states.filter((state) => state === 'fulfilling.booked')).to.have.length(3);
      const told = await Promise.all(ids.map((id) => desk.told(id)));
      expect(told.filter((templates) => templates.includes('delivery_skipped'))).to.have.length(1);
      expect(ids.reduce((sum, id) => sum + desk.taken(id).charges, 0)).to.equal(3);
    });

    it('is skipped, and moved, as its customer asks', async () => {
      const { id, clock } = await begun();
      await desk.tell('SkipDelivery', { subscriptionId: id });
      await desk.advance(clock, { to: '2026-03-30T10:00:00.000Z' });
      expect(await desk.orders(id)).to.have.length(1);
      await desk.tell('MoveDelivery', { subscriptionId: id, deliverAt: '2026-04-02T08:00:00.000Z' });
      await desk.advance(clock, { to: '2026-04-02T08:00:00.000Z' });
      const [, second] = await desk.orders(id);
      expect(second?.context.placedAt).to.equal('2026-04-02T08:00:00.000Z');
      expect((await desk.in(id, 'active.current')).period?.end).to.equal('2026-04-30T10:00:00.000Z');
    });

    it('comes in other quantities from the next delivery on', async () => {
      const { id, clock } = await begun();
      const items = [
        { productId: beans.id, quantity: 3, agreedUnitPrice: { amount: beans.prices.USD, currency: 'USD' } },
      ];
      await desk.tell('ChangeQuantities', { subscriptionId: id, items });
      await desk.advance(clock, { to: due });
      expect(skusOf((await desk.orders(id))[1])).to.deep.equal([`3 ${beans.sku}`]);
    });

    it('is owed when its order cannot be paid, and ordered anew with another method (S-09, S-13)', async () => {
      const { id, clock } = await begun();
      const paymentMethod = card('chargeDeclinedInsufficientFunds');
      await desk.tell('ChangeSubscriptionPaymentMethod', { subscriptionId: id, paymentMethod });
      await desk.advance(clock, { to: due });
      // The order itself tries three times, ten minutes apart.
      await desk.advance(clock, { by: 'PT1H' });
      await desk.in(id, 'pastDue');
      expect((await desk.orders(id)).map(({ state }) => state)).to.deep.equal(['fulfilling.booked', 'cancelled']);
      await desk.tell('ChangeSubscriptionPaymentMethod', { subscriptionId: id, paymentMethod: card('visa') });
      await desk.in(id, 'active.current');
      await desk.quiet();
      const states = (await desk.orders(id)).map(({ state }) => state);
      expect(states).to.deep.equal(['fulfilling.booked', 'cancelled', 'fulfilling.booked']);
      expect(desk.taken(id).charges).to.equal(2);
    });

    it('rests while it is paused, and the time that was left runs on (S-26)', async () => {
      const { id, clock } = await begun();
      await desk.tell('PauseSubscription', { subscriptionId: id, until: '2026-03-15T10:00:00.000Z' });
      await desk.in(id, 'paused');
      await desk.advance(clock, { to: due });
      expect(await desk.orders(id)).to.have.length(1);
      await desk.advance(clock, { to: '2026-03-15T10:00:00.000Z' });
      await desk.in(id, 'active.current');
      await desk.advance(clock, { to: '2026-04-12T10:00:00.000Z' });
      expect(await desk.orders(id)).to.have.length(2);
    });

    it('has an order called off that is still being paid when its customer leaves (4.6 step 3)', async () => {
      const { id, clock } = await begun();
      const paymentMethod = card('chargeDeclinedInsufficientFunds');
      await desk.tell('ChangeSubscriptionPaymentMethod', { subscriptionId: id, paymentMethod });
      await desk.advance(clock, { to: due });
      await desk.in(id, 'active.renewing');
      await desk.tell('CancelSubscription', {
        subscriptionId: id,
        reason: 'no_longer_needed',
        note: null,
        requestedBy: 'customer',
        mode: 'period_end',
        offerDecision: 'decline',
        accountLocked: false,
      });
      await desk.in(id, 'cancelled');
      await desk.quiet();
      expect((await desk.orders(id)).map(({ state }) => state)).to.deep.equal(['fulfilling.booked', 'cancelled']);
    });

    it('to where FlowMart does not deliver does not happen, and its customer hears of it', async () => {
      const id = await desk.subscribe({ terms: deliveryOf({ [mug.sku]: 1 }, 'AQ') });
      await eventually('the customer was told', async () => (await desk.told(id)).includes('delivery_skipped'));
      expect(await desk.orders(id)).to.deep.equal([]);
      await desk.in(id, 'active.current');
    });

    itKeepsItsBooks(() => desk);
  });
