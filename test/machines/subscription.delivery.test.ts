import { expect } from 'chai';
import fc from 'fast-check';
import { percentOf } from '../../machines/shared/allocate.js';
import { composeDelivery } from '../../machines/subscription/subscription.rules.js';
import type { Delivery, Quote } from '../../machines/subscription/subscription.values.js';
import { id } from './given.js';
import {
  beans,
  cancelling,
  coffee,
  customerId,
  type DataFor,
  day,
  dead,
  declined,
  filters,
  mastercard,
  processed,
  START,
  Story,
  subscribe,
  subscriptionId,
  telling,
  usd,
  visa,
} from './subscriptionStory.js';

const quoteOf = (productId: string, amount: number, available = 100): Quote => ({
  productId,
  sku: `SKU-${productId.slice(-4)}`,
  productName: 'Coffee',
  unitPrice: usd(amount),
  available,
});
const asAgreed = [quoteOf(beans, 2500), quoteOf(filters, 500)];

const orderOf = (story: Story): string => story.context.bill?.attempt?.id ?? '';
const quoted = (story: Story, quotes = asAgreed): Story =>
  story.tell('DeliveryQuoted', { subscriptionId, orderId: orderOf(story), quotes });
const paid = (story: Story): Story =>
  story.take(processed(id(`payment ${orderOf(story)}`), usd(4950), { orderId: orderOf(story) }, story.now));
const notPaid = (story: Story, change = {}): Story =>
  story.take(declined(id(`payment ${orderOf(story)}`), usd(4950), { orderId: orderOf(story) }, story.now, change));
const ended = (story: Story, reason: DataFor<'OrderCancelled'>['cancellationReason']): Story =>
  story.tell('OrderCancelled', {
    orderId: orderOf(story),
    orderNumber: 'FM-2026-000001',
    customerId,
    userId: customerId,
    orderItems: [],
    orderStatus: 'cancelled',
    totalAmount: usd(4950),
    cancellationReason: reason,
    refund: null,
    subscriptionId,
    timestamp: story.now,
  });

const begun = (): Story => Story.begin(subscribe({ terms: coffee }));
const current = (): Story => paid(quoted(begun()));
const due = (): Story => current().until('2026-02-28T10:00:00.000Z');

describe('a subscription to a delivery', () => {
  it('asks for today’s prices, then orders, and begins once the order is paid (S-01, S-03)', () => {
    const asked = begun();
    expect(asked.types).to.deep.equal(['QuoteDelivery']);
    expect(asked.one('QuoteDelivery').items).to.deep.equal([
      { productId: beans, quantity: 2 },
      { productId: filters, quantity: 1 },
    ]);
    const placed = quoted(asked);
    expect(placed.state).to.equal('pending');
    expect(placed.types).to.deep.equal(['PlaceSubscriptionOrder']);
    expect(placed.one('PlaceSubscriptionOrder')).to.deep.include({
      orderId: asked.one('QuoteDelivery').orderId,
      subtotal: usd(5500),
      discount: usd(550),
      paymentMethod: visa,
    });
    const story = paid(placed);
    expect(story.state).to.equal('active.current');
    expect(story.one('UserSubscriptionStarted').plan).to.deep.include({
      planId: null,
      price: null,
      billingCycle: 'monthly',
    });
  });

  it('has no invoice, and reminds 3 days before it leaves (S-06)', () => {
    const story = current().until('2026-02-28T10:00:00.000Z');
    expect(story.types).to.deep.equal(['SubscriptionReminderDue', 'QuoteDelivery']);
    expect(story.one('SubscriptionReminderDue')).to.deep.include({ about: 'delivery', amount: null });
    expect(story.state).to.equal('active.renewing');
  });

  it('sends every period once its order is paid (S-08)', () => {
    const placed = quoted(due());
    const story = paid(placed);
    expect(story.state).to.equal('active.current');
    expect(story.types).to.deep.equal(['SubscriptionRenewed']);
    expect(story.one('SubscriptionRenewed')).to.deep.include({
      invoiceId: null,
      orderId: orderOf(placed),
      nextBillingDate: '2026-03-31T10:00:00.000Z',
    });
  });

  it('does not happen when Orders cannot place it, and goes on (S-08)', () => {
    const placed = quoted(due());
    const refusal = { subscriptionId, orderId: orderOf(placed), failureMessage: 'FlowMart does not deliver to AQ.' };
    const story = placed.tell('SubscriptionOrderRefused', refusal);
    expect(story.state).to.equal('active.current');
    expect(story.types).to.deep.equal(['DeliverySkipped']);
    expect(story.one('DeliverySkipped').reason).to.equal('orderCancelled');
    expect(placed.tell('SubscriptionOrderRefused', { ...refusal, orderId: id('another') }).ignored).to.have.length(1);
  });

  it('waits for the order while Orders tries again, and hands a new method to it', () => {
    const setback = notPaid(quoted(due()), { ...dead, canRetry: false });
    expect(setback.state).to.equal('active.renewing');
    expect(setback.types).to.deep.equal(['PaymentMethodRequested']);
    const changed = setback.tell('ChangeSubscriptionPaymentMethod', { subscriptionId, paymentMethod: mastercard });
    expect(changed.one('ChangePaymentMethod')).to.deep.equal({ orderId: orderOf(setback), paymentMethod: mastercard });
    expect(paid(changed).state).to.equal('active.current');
  });

  it('is in dunning when its order was not paid, and orders anew at each retry (S-09, S-10, S-11)', () => {
    const failed = ended(quoted(due()), 'PAYMENT_FAILED');
    expect(failed.state).to.equal('pastDue');
    expect(failed.one('SubscriptionPaymentFailed')).to.deep.include({
      invoiceId: null,
      failureReason: 'PAYMENT_FAILED',
      nextRetryAt: '2026-03-01T10:00:00.000Z',
    });
    const again = failed.fire();
    expect(again.types).to.deep.equal(['QuoteDelivery']);
    expect(orderOf(again)).not.to.equal(failed.one('SubscriptionPaymentFailed').orderId);
    expect(paid(quoted(again)).state).to.equal('active.current');
  });

  it('ends in grace and suspension like any other (S-12, S-14), and comes back with a delivery (S-15)', () => {
    let story = ended(quoted(due()), 'PAYMENT_FAILED');
    for (const _ of [1, 2, 3]) story = ended(quoted(story.fire()), 'PAYMENT_FAILED');
    expect(story.state).to.equal('grace');
    const suspended = story.fire();
    expect(suspended.types).to.deep.equal(['UserSubscriptionCancelled', 'SubscriptionSuspended']);
    const revived = suspended.tell('ChangeSubscriptionPaymentMethod', { subscriptionId, paymentMethod: mastercard });
    expect(revived.types).to.deep.equal(['QuoteDelivery']);
    expect(paid(quoted(revived)).one('UserSubscriptionStarted').source).to.equal('reactivation');
  });

  it('fails when the first order is not paid (S-04)', () => {
    expect(ended(quoted(begun()), 'FRAUD').state).to.equal('failed');
  });

  describe('that cannot be sent as agreed', () => {
    it('leaves out what is not in stock, and says so', () => {
      const story = quoted(due(), [quoteOf(beans, 2500, 1), quoteOf(filters, 500)]);
      expect(story.types).to.deep.equal(['PlaceSubscriptionOrder', 'DeliveryAdjusted']);
      expect(story.one('PlaceSubscriptionOrder').items.map(({ productId }) => productId)).to.deep.equal([filters]);
      expect(story.one('DeliveryAdjusted').leftOut).to.deep.equal([
        { productId: beans, reason: 'unavailable', unitPrice: null },
      ]);
      const next = quoted(paid(story).until('2026-03-31T10:00:00.000Z'));
      expect(next.one('PlaceSubscriptionOrder').items).to.have.length(2);
    });

    it('charges the price of the day, up to 10 % above what was agreed', () => {
      const story = quoted(due(), [quoteOf(beans, 2750), quoteOf(filters, 300)]);
      expect(story.one('PlaceSubscriptionOrder')).to.deep.include({ subtotal: usd(5800), discount: usd(580) });
    });

    it('leaves out what has become dearer, until the customer consents', () => {
      const dearer = [quoteOf(beans, 2751), quoteOf(filters, 500)];
      const story = quoted(due(), dearer);
      expect(story.one('DeliveryAdjusted').leftOut).to.deep.equal([
        { productId: beans, reason: 'priceRise', unitPrice: usd(2751) },
      ]);
      const prices = [{ productId: beans, unitPrice: usd(2751) }];
      const agreed = paid(story).tell('ApprovePrices', { subscriptionId, prices });
      expect(
        quoted(agreed.until('2026-03-31T10:00:00.000Z'), dearer).one('PlaceSubscriptionOrder').items,
      ).to.have.length(2);
    });

    it('is skipped when nothing is left, without a debt', () => {
      const story = quoted(due(), []);
      expect(story.state).to.equal('active.current');
      expect(story.types).to.deep.equal(['DeliverySkipped']);
      expect(story.one('DeliverySkipped')).to.deep.include({
        reason: 'nothingToSend',
        nextDeliveryAt: '2026-03-31T10:00:00.000Z',
      });
      expect(story.one('DeliverySkipped').leftOut).to.have.length(2);
      expect(story.context.lastPaymentAt).to.equal(START);
    });

    it('is skipped when its order was cancelled for another reason than money', () => {
      for (const reason of ['OUT_OF_STOCK', 'CUSTOMER_REQUEST', 'SYSTEM'] as const) {
        const story = ended(quoted(due()), reason);
        expect(story.state).to.equal('active.current');
        expect(story.one('DeliverySkipped').reason).to.equal('orderCancelled');
      }
    });

    it('begins all the same when the first delivery has nothing to send', () => {
      const story = quoted(begun(), []);
      expect(story.state).to.equal('active.current');
      expect(story.types).to.deep.equal(['UserSubscriptionStarted', 'DeliverySkipped']);
    });

    it('takes the retention discount off after the standing percentage', () => {
      const held = { code: null, percent: 20, timesLeft: 3 };
      const story = quoted(Story.begin(subscribe({ terms: coffee, discount: held })));
      expect(story.one('PlaceSubscriptionOrder').discount).to.deep.equal(usd(550 + 990));
      expect(paid(story).context.discount?.timesLeft).to.equal(2);
    });

    it('keeps the retention discount for a delivery that happens', () => {
      const held = { code: null, percent: 20, timesLeft: 3 };
      expect(
        quoted(Story.begin(subscribe({ terms: coffee, discount: held })), []).context.discount?.timesLeft,
      ).to.equal(3);
    });
  });

  describe('that its customer changes', () => {
    it('leaves the next one out: the dates after it stay', () => {
      const story = current().tell('SkipDelivery', { subscriptionId });
      expect(story.one('DeliverySkipped')).to.deep.include({
        reason: 'customer',
        nextDeliveryAt: '2026-03-31T10:00:00.000Z',
      });
      const next = story.until('2026-03-31T10:00:00.000Z');
      expect(next.types).to.deep.equal(['SubscriptionReminderDue', 'QuoteDelivery']);
      expect(paid(quoted(next)).context.period?.end).to.equal('2026-04-30T10:00:00.000Z');
    });

    it('leaves out one only when the request is told again', () => {
      const request = telling('SkipDelivery', { subscriptionId }, START);
      const story = current().take(request).take(request);
      expect(story.ignored).to.deep.equal(['SkipDelivery']);
      expect(story.context.period?.end).to.equal('2026-03-31T10:00:00.000Z');
    });

    it('moves the next one: the dates after it stay', () => {
      const story = current().tell('MoveDelivery', { subscriptionId, deliverAt: '2026-03-10T15:00:00.000Z' });
      expect(story.until('2026-03-10T14:59:59.999Z').state).to.equal('active.current');
      const next = story.until('2026-03-10T15:00:00.000Z');
      expect(next.state).to.equal('active.renewing');
      expect(paid(quoted(next)).context.period).to.deep.equal({
        start: '2026-03-10T15:00:00.000Z',
        end: '2026-03-31T10:00:00.000Z',
      });
    });

    it('moves it neither into the past nor behind the one after it', () => {
      for (const deliverAt of [START, '2026-03-31T10:00:00.000Z']) {
        expect(current().tell('MoveDelivery', { subscriptionId, deliverAt }).ignored).to.deep.equal(['MoveDelivery']);
      }
    });

    it('sends other quantities from the next one on', () => {
      const items = [{ productId: beans, quantity: 5, agreedUnitPrice: usd(2500) }];
      const story = current().tell('ChangeQuantities', { subscriptionId, items }).until('2026-02-28T10:00:00.000Z');
      expect(story.one('QuoteDelivery').items).to.deep.equal([{ productId: beans, quantity: 5 }]);
    });

    it('keeps its currency', () => {
      const items = [{ productId: beans, quantity: 5, agreedUnitPrice: { amount: 2500, currency: 'EUR' } }];
      expect(current().tell('ChangeQuantities', { subscriptionId, items }).ignored).to.have.length(1);
    });

    it('changes nothing while a delivery is being ordered', () => {
      expect(due().tell('SkipDelivery', { subscriptionId }).ignored).to.deep.equal(['SkipDelivery']);
    });

    it('calls an order off that is not paid yet when the customer leaves (S-20)', () => {
      const asked = quoted(due()).tell('CancelSubscription', cancelling({ offerDecision: 'decline' }));
      const { cancellationId } = asked.one('ConfirmCancellation');
      const story = asked.tell('CancellationConfirmed', { subscriptionId, cancellationId });
      expect(story.types).to.deep.equal(['CancelOrder', 'UserSubscriptionCancelled', 'SubscriptionEnded']);
      expect(story.one('CancelOrder').orderId).to.equal(orderOf(asked));
    });

    it('pauses and goes on with the days that were left (S-26)', () => {
      const paused = current()
        .until(day(20))
        .tell('PauseSubscription', { subscriptionId, until: day(50) });
      expect(paused.fire().context.period?.end).to.equal(day(58));
    });
  });

  it('never orders above the agreed price by more than 10 %, nor more than is there', () => {
    const product = fc.record({
      agreed: fc.integer({ min: 1, max: 5000 }),
      price: fc.integer({ min: 1, max: 6000 }),
      quantity: fc.integer({ min: 1, max: 9 }),
      available: fc.integer({ min: 0, max: 12 }),
      isSold: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(product, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 90 }),
        (products, percentOff) => {
          const named = products.map((one, n) => ({ ...one, productId: id(`product ${n}`) }));
          const delivery: Delivery = {
            ...(coffee.kind === 'delivery' ? coffee.delivery : ({} as Delivery)),
            percentOff,
            items: named.map(({ productId, quantity, agreed }) => ({
              productId,
              quantity,
              agreedUnitPrice: usd(agreed),
            })),
          };
          const quotes = named
            .filter(({ isSold }) => isSold)
            .map((one) => quoteOf(one.productId, one.price, one.available));
          const { items, leftOut, subtotal, discount } = composeDelivery(delivery, quotes, 0);
          const expected = named.filter(
            (one) => one.isSold && one.available >= one.quantity && one.price <= one.agreed * 1.1 + 1e-9,
          );
          expect(items.map(({ productId }) => productId)).to.deep.equal(expected.map(({ productId }) => productId));
          expect(items.length + leftOut.length).to.equal(named.length);
          expect(subtotal).to.equal(expected.reduce((sum, one) => sum + one.price * one.quantity, 0));
          expect(discount).to.equal(percentOf(subtotal, percentOff));
        },
      ),
    );
  });
});
