import { expect } from 'chai';
import { card } from './fixtures.js';
import type { Shop } from './shop.js';
import { expectStands, openShopWithClocks, pro, Subscriber } from './subscriber.js';

const renewal = '2026-02-28T10:00:00.000Z';
const inTax = 3_239;

/** The clock of somebody in arrears, from the day on which the first charge failed. */
const daysLater = (days: number) => ({
  to: new Date(Date.parse(renewal) + days * 86_400_000).toISOString(),
});

describe('a failed renewal', function () {
  this.timeout(120_000);
  let shop: Shop;
  before(async () => {
    shop = await openShopWithClocks();
  });
  after(() => shop?.close());
  afterEach(() => shop.sandbox.clearFaults());

  /** Somebody whose second month was refused so many times, on the day it was due. */
  async function inArrears(refusals: number): Promise<Subscriber> {
    const subscriber = await Subscriber.join(shop);
    await expectStands(subscriber, 'active.current', 'full');
    subscriber.refuse(refusals);
    await subscriber.advance({ to: renewal });
    await expectStands(subscriber, 'pastDue', 'full');
    return subscriber;
  }

  it('is recovered by the second retry, and the billing date stays (S-09, S-10, S-11, R-51)', async () => {
    const subscriber = await inArrears(2);
    const owing = await subscriber.read();
    expect(owing.dunning).to.include({ failedAttempts: 1, scheduledRetriesDone: 0, nextRetryAt: daysLater(1).to });
    expect(owing).to.include({ nextBillingDate: daysLater(1).to, billingCycleStatus: 'Retrying', status: 'PAST_DUE' });
    expect(await subscriber.newestInvoice()).to.include({ state: 'sent', status: 'FAILED', periodStatus: 'Unpaid' });

    await subscriber.advance(daysLater(1));
    expect((await subscriber.read()).dunning).to.include({ failedAttempts: 2, nextRetryAt: daysLater(3).to });
    await subscriber.advance(daysLater(3));
    await expectStands(subscriber, 'active.current', 'full');
    const recovered = await subscriber.read();
    expect(recovered.dunning).to.equal(null);
    expect(recovered.currentPeriod).to.deep.equal({ start: renewal, end: '2026-03-31T10:00:00.000Z' });
    expect(await subscriber.newestInvoice()).to.include({ state: 'paid', status: 'PAID', periodStatus: 'Paid' });
    expect(subscriber.taken()).to.deep.equal({ charges: 2, declines: 2, net: 2 * inTax });
    expect(await subscriber.told()).to.include.members(['subscription_payment_failed', 'subscription_renewed']);
  });

  it('that never recovers goes through grace and suspension to the end (S-12, S-14, S-16, R-53)', async () => {
    const subscriber = await inArrears(100);
    for (const day of [1, 3]) {
      await subscriber.advance(daysLater(day));
      await expectStands(subscriber, 'pastDue', 'full');
    }
    await subscriber.advance(daysLater(7));
    await expectStands(subscriber, 'grace', 'limited');
    expect((await subscriber.read()).dunning).to.include({ failedAttempts: 4, graceUntil: daysLater(14).to });
    expect(await subscriber.newestInvoice()).to.include({ state: 'overdue', periodStatus: 'PastDue' });

    await subscriber.advance(daysLater(14));
    await expectStands(subscriber, 'suspended', 'restricted');
    expect(await subscriber.newestInvoice()).to.include({ state: 'cancelled' });
    const status = await shop.do<object>('GET', `/v1/subscriptions/${subscriber.customerId}/status`);
    expect(status).to.include({ subscriptionStatus: 'expired', detailedStatus: 'suspended', access: 'restricted' });
    expect(await subscriber.published()).to.include('UserSubscriptionCancelled');

    await subscriber.advance(daysLater(44));
    await expectStands(subscriber, 'expired', 'none');
    expect(subscriber.taken()).to.deep.equal({ charges: 1, declines: 4, net: inTax });
    expect(await subscriber.told()).to.include.members([
      'subscription_payment_failed',
      'access_limited',
      'subscription_suspended',
      'renewal_invitation',
    ]);
  });

  it('asks for another card at once when the card will never pass, and charges nothing meanwhile', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.payWith('chargeDeclinedStolenCard');
    await subscriber.advance({ to: renewal });
    const owing = await subscriber.read();
    expect(owing).to.deep.include({ state: 'pastDue', paymentMethod: { type: 'card', isUsable: false } });
    expect(owing.dunning).to.include({ failedAttempts: 1, nextRetryAt: null });
    expect(await subscriber.told()).to.include('payment_method_needed');
    await subscriber.advance(daysLater(3));
    expect(subscriber.taken().declines).to.equal(1);
    await subscriber.advance(daysLater(7));
    await expectStands(subscriber, 'grace', 'limited');
    expect(subscriber.taken().declines).to.equal(1);
  });

  it('is paid at once by another card (S-13)', async () => {
    const subscriber = await inArrears(1);
    const paid = await subscriber.payWith('mastercard');
    expect(paid).to.include({ state: 'active.current', access: 'full' });
    expect(paid.currentPeriod?.start).to.equal(renewal);
    expect(subscriber.taken()).to.deep.equal({ charges: 2, declines: 1, net: 2 * inTax });
  });

  it('can be retried by hand, which uses up no scheduled retry (6.8)', async () => {
    const subscriber = await inArrears(2);
    const { id } = await subscriber.newestInvoice();
    const retry = () =>
      shop.do<{ success: boolean; errorMessage: string; invoice: object }>('PUT', `/v1/billing/retry/${id}`);
    const refused = await retry();
    expect(refused).to.include({ success: false });
    expect(refused.errorMessage).to.be.a('string').that.is.not.empty;
    expect((await subscriber.read()).dunning).to.include({
      failedAttempts: 2,
      scheduledRetriesDone: 0,
      nextRetryAt: daysLater(1).to,
    });
    const paid = await retry();
    expect(paid).to.include({ success: true, errorMessage: null });
    await expectStands(subscriber, 'active.current', 'full');
    await shop.refused(409, 'CONFLICT_ERROR', 'PUT', `/v1/billing/retry/${id}`);
    expect(subscriber.taken()).to.deep.equal({ charges: 2, declines: 2, net: 2 * inTax });
  });

  it('comes back from suspension with another card, in a new rhythm (S-15)', async () => {
    const subscriber = await inArrears(100);
    await subscriber.advance(daysLater(20));
    await expectStands(subscriber, 'suspended', 'restricted');
    shop.sandbox.clearFaults();
    const revived = await subscriber.payWith('mastercard');
    expect(revived).to.include({ state: 'active.current', access: 'full' });
    expect(revived.currentPeriod).to.deep.equal({ start: daysLater(20).to, end: '2026-04-20T10:00:00.000Z' });
    expect((await subscriber.published()).filter((type) => type === 'UserSubscriptionStarted')).to.have.lengthOf(2);
  });

  it('without any card goes straight to the grace period (S-07)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.ask('payment-method', undefined, 'DELETE');
    await subscriber.advance({ to: renewal });
    await expectStands(subscriber, 'grace', 'limited');
    expect(subscriber.taken().declines).to.equal(0);
    expect((await subscriber.payWith('visa')).state).to.equal('active.current');
  });

  it('of the very first charge ends it before it has begun (S-04)', async () => {
    const body = { planId: pro.planId, trialPeriodDays: 0, payment: card('chargeDeclinedExpiredCard') };
    const subscriber = await Subscriber.join(shop, body);
    await subscriber.advance({ by: 'P2D' });
    await expectStands(subscriber, 'failed', 'none');
    expect(await subscriber.newestInvoice()).to.include({ state: 'cancelled' });
    expect(await subscriber.published()).not.to.include('UserSubscriptionStarted');
    expect(await subscriber.told()).to.include('subscription_failed');
  });
});
