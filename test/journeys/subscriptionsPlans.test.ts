import { expect } from 'chai';
import { newId } from '../../src/http/ids.js';
import { card } from './fixtures.js';
import type { Shop } from './shop.js';
import {
  amountsOf,
  enterprise,
  expectStands,
  type Invoice,
  openShopWithClocks,
  pro,
  Subscriber,
  type Subscription,
  start,
} from './subscriber.js';

interface Upcoming {
  readonly date: string;
  readonly lines: Invoice['lines'];
  readonly subtotal: object;
  readonly tax: object;
  readonly total: object;
}
interface Preview {
  readonly prorationAt: string;
  readonly effectiveAt: string | null;
  readonly now: Upcoming | null;
  readonly next: Upcoming;
  readonly totalAmount: object;
}

describe('a subscription to a plan', function () {
  this.timeout(120_000);
  let shop: Shop;
  before(async () => {
    shop = await openShopWithClocks();
  });
  after(() => shop?.close());

  const preview = ({ id }: Subscriber, planId?: string) =>
    shop.do<Preview>('POST', '/v1/billing/preview', {
      subscriptionId: id,
      ...(planId === undefined ? {} : { planChanges: [{ newPlanId: planId }] }),
    });
  const offer = async (change: object): Promise<string> => {
    const plan = {
      name: 'Basic',
      price: { amount: 999, currency: 'USD' },
      billingCycle: 'monthly',
      taxRegion: 'US-CA',
    };
    return (await shop.do<{ id: string }>('POST', '/v1/plans', { ...plan, ...change })).id;
  };
  const said = (upcoming: Upcoming | null) => {
    const { lines, subtotal, tax, total } = upcoming as Upcoming;
    return { lines, subtotal, tax, total };
  };
  const on = ({ lines, subtotal, tax, total }: Invoice) => ({ lines, subtotal, tax, total });

  it('begins with a trial, and is paid when that is over (S-02, S-05, C-22)', async () => {
    const subscriber = await Subscriber.join(shop, { planId: pro.planId });
    const trial = await subscriber.read();
    expect(trial).to.include({ state: 'trialing', access: 'full', status: 'TRIAL', paymentMethod: null });
    expect(trial.trialEndsAt).to.equal('2026-02-14T10:00:00.000Z');
    expect(await subscriber.invoices()).to.deep.equal([]);
    await subscriber.payWith('visa');

    await subscriber.advance({ to: '2026-02-11T10:00:00.000Z' });
    expect(await subscriber.told()).to.include('trial_ending');
    await subscriber.advance({ to: '2026-02-14T10:00:00.000Z' });
    const paid = await subscriber.read();
    expect(paid).to.include({ state: 'active.current', trialEndsAt: null });
    expect(paid.nextBillingDate).to.equal('2026-03-14T10:00:00.000Z');
    expect((await subscriber.invoices()).map(({ state, total }) => [state, total.amount])).to.deep.equal([
      ['paid', 3239],
    ]);
    expect(subscriber.taken()).to.deep.equal({ charges: 1, declines: 0, net: 3239 });
  });

  it('has its trial once: the next subscription to the plan is charged at once (S-01, R-60)', async () => {
    const { customerId, clockId } = await Subscriber.join(shop, { planId: pro.planId });
    const wish = { customerId, planId: pro.planId };
    await shop.refused(422, 'PAYMENT_METHOD_REQUIRED', 'POST', '/v1/subscriptions', wish);
    const paid = { ...wish, payment: card('visa') };
    const again = await shop.do<Subscription>('POST', '/v1/subscriptions', paid, { prefer: 'wait=20' });
    expect(again).to.include({
      state: 'active.current',
      trialEndsAt: null,
      nextBillingDate: '2026-02-28T10:00:00.000Z',
    });
    await shop.advance(clockId, { by: 'P1D' });
    await shop.quiet();
    const { items } = await shop.do<{ items: Invoice[] }>('GET', `/v1/billing/history/${again.id}`);
    expect(items.map(({ state, total }) => [state, total.amount])).to.deep.equal([['paid', 3239]]);
  });

  it('has its trial once when it is asked for many times at once (R-60)', async () => {
    const customerId = await shop.customer(await shop.clock(start));
    const body = { customerId, planId: pro.planId, payment: card('visa') };
    const subscribe = async (): Promise<Subscription> => {
      const headers = { prefer: 'wait=20', 'idempotency-key': newId() };
      for (;;) {
        const answer = await shop.request<Subscription>('POST', '/v1/subscriptions', body, headers);
        if (answer.status !== 503) return answer.body;
        expect(answer.headers.get('retry-after')).to.equal('1');
      }
    };
    const begun = await Promise.all(Array.from({ length: 6 }, subscribe));
    expect(begun.map(({ state }) => state).sort()).to.deep.equal([...Array(5).fill('active.current'), 'trialing']);
  });

  it('bills the last days of short months, and the 31st where there is one (8.7)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.advance({ to: '2026-04-01T00:00:00.000Z' });
    const periods = (await subscriber.invoices()).map(({ billingPeriod }) => billingPeriod?.start.slice(0, 10));
    expect(periods).to.deep.equal(['2026-01-31', '2026-02-28', '2026-03-31']);
    const numbers = (await subscriber.invoices()).map(({ number }) => number);
    expect(new Set(numbers).size).to.equal(3);
    for (const number of numbers) expect(number).to.match(/^INV-2026-\d{5}$/);
    expect(subscriber.taken().charges).to.equal(3);
  });

  it('says what comes next, to the unit', async () => {
    const subscriber = await Subscriber.join(shop);
    const upcoming = await preview(subscriber);
    expect(upcoming).to.deep.include({ now: null, effectiveAt: null, totalAmount: { amount: 3239, currency: 'USD' } });
    await subscriber.advance({ to: upcoming.next.date });
    expect(on(await subscriber.newestInvoice())).to.deep.equal(said(upcoming.next));
  });

  it('moves to a dearer plan at once, for exactly what was previewed (S-30)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.advance({ to: '2026-02-10T03:04:05.000Z' });
    const team = await offer({ name: 'Team', price: { amount: 9999, currency: 'USD' } });
    const { now, next, prorationAt, effectiveAt, totalAmount } = await preview(subscriber, team);
    expect(effectiveAt).to.equal(prorationAt);
    expect(totalAmount).to.deep.equal(said(now).total);
    await subscriber.advance({ by: 'PT20M' });

    const moved = await subscriber.ask('plan', { planId: team, prorationAt });
    expect(moved.plan).to.include({ id: team, name: 'Team' });
    expect(moved).to.include({ state: 'active.current', planChange: null });
    expect(moved.currentPeriod?.end).to.equal('2026-02-28T10:00:00.000Z');
    const invoice = await subscriber.newestInvoice();
    expect(on(invoice)).to.deep.equal(said(now));
    expect(amountsOf(invoice).map(([kind]) => kind)).to.deep.equal(['unusedTime', 'remainingTime']);
    expect(invoice).to.include({ state: 'paid' });
    expect(subscriber.taken()).to.deep.include({ charges: 2, net: 3239 + invoice.total.amount });

    await subscriber.advance({ to: next.date });
    expect(on(await subscriber.newestInvoice())).to.deep.equal(said(next));
    expect(await subscriber.published()).to.include('PlanMigrationCompleted');
    expect(await subscriber.told()).to.include('plan_changed');
  });

  it('moves up for nothing when what is left to pay is too little to charge, as was previewed (S-30)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.advance({ to: '2026-02-28T09:30:00.000Z' });
    const team = await offer({ name: 'Team', price: { amount: 9999, currency: 'USD' } });
    const { now, prorationAt, totalAmount } = await preview(subscriber, team);
    expect(totalAmount).to.deep.equal({ amount: 0, currency: 'USD' });
    const moved = await subscriber.ask('plan', { planId: team, prorationAt });
    expect(moved.plan?.id).to.equal(team);
    const invoice = (await subscriber.invoices()).find(({ lines }) => lines.some(({ kind }) => kind === 'waived'));
    expect(on(invoice as Invoice)).to.deep.equal(said(now));
    expect(invoice?.state).to.equal('paid');
    expect(subscriber.taken()).to.deep.include({ charges: 1, net: 3239 });
  });

  it('begins a new rhythm with a dearer plan of another cycle', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.advance({ to: '2026-02-10T00:00:00.000Z' });
    const { now, prorationAt } = await preview(subscriber, enterprise.planId);
    const moved = await subscriber.ask('plan', { planId: enterprise.planId, prorationAt });
    expect(moved.currentPeriod).to.deep.equal({ start: prorationAt, end: '2027-02-10T00:00:00.000Z' });
    expect(on(await subscriber.newestInvoice())).to.deep.equal(said(now));
  });

  it('stays as it was when the proration cannot be paid', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.payWith('chargeDeclinedInsufficientFunds');
    const same = await subscriber.ask('plan', { planId: enterprise.planId });
    expect(same.plan?.id).to.equal(pro.planId);
    expect(same).to.include({ state: 'active.current', planChange: null });
    await shop.quiet();
    expect((await subscriber.newestInvoice()).state).to.equal('cancelled');
    expect(await subscriber.told()).to.include('plan_change_failed');
  });

  it('moves to a cheaper plan with the next period, and may think better of it (S-30)', async () => {
    const subscriber = await Subscriber.join(shop);
    const basic = await offer({});
    const { now, next, effectiveAt } = await preview(subscriber, basic);
    expect([now, effectiveAt]).to.deep.equal([null, '2026-02-28T10:00:00.000Z']);
    const waits = await subscriber.ask('plan', { planId: basic });
    expect(waits.plan?.id).to.equal(pro.planId);
    expect(waits.pendingPlan?.id).to.equal(basic);
    expect((await subscriber.ask('plan', { planId: pro.planId })).pendingPlan).to.equal(null);

    await subscriber.ask('plan', { planId: basic });
    await subscriber.advance({ to: '2026-02-28T10:00:00.000Z' });
    const moved = await subscriber.read();
    expect(moved.plan?.id).to.equal(basic);
    expect(on(await subscriber.newestInvoice())).to.deep.equal(said(next));
    expect(subscriber.taken().net).to.equal(3239 + 999 + Math.floor((999 * 820 + 5000) / 10_000));
  });

  it('counts a change from no preview that is older than an hour', async () => {
    const subscriber = await Subscriber.join(shop);
    const { prorationAt } = await preview(subscriber, enterprise.planId);
    await subscriber.advance({ by: 'PT61M' });
    const body = { planId: enterprise.planId, prorationAt };
    const refused = await shop.refused(409, 'CONFLICT_ERROR', 'POST', subscriber.path('plan'), body);
    expect(refused.detail).to.contain('last hour');
    expect(refused).to.include({ currentState: 'active.current' });
    expect((await subscriber.invoices()).length).to.equal(1);
  });

  it('waits during a pause, with the paid time that is left (S-26)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.advance({ to: '2026-02-14T10:00:00.000Z' });
    const paused = await subscriber.ask('pause', { until: '2026-03-20T00:00:00.000Z' });
    expect(paused).to.deep.include({ state: 'paused', access: 'none', nextBillingDate: null });
    await subscriber.advance({ to: '2026-03-14T10:00:00.000Z' });
    expect(subscriber.taken().charges).to.equal(1);
    const resumed = await subscriber.ask('resume');
    expect(resumed).to.include({ state: 'active.current', access: 'full' });
    expect(resumed.nextBillingDate).to.equal('2026-03-28T10:00:00.000Z');
    await subscriber.advance({ to: '2026-03-28T10:00:00.000Z' });
    expect(subscriber.taken().charges).to.equal(2);

    await subscriber.ask('pause', {});
    await subscriber.advance({ by: 'P90D' });
    await expectStands(subscriber, 'active.current', 'full');
    expect(await subscriber.told()).to.include.members(['subscription_paused', 'subscription_resumed']);
  });

  it('ends with its period when it is not to renew, and can be renewed for a week (S-27, S-28)', async () => {
    const subscriber = await Subscriber.join(shop);
    expect((await subscriber.ask('auto-renewal', { autoRenew: false }, 'PUT')).nextBillingDate).to.equal(null);
    await subscriber.advance({ to: '2026-02-28T10:00:00.000Z' });
    await expectStands(subscriber, 'expired', 'none');
    expect((await subscriber.read()).renewableUntil).to.equal('2026-03-07T10:00:00.000Z');
    expect(await subscriber.told()).to.include('renewal_invitation');

    await subscriber.advance({ to: '2026-03-05T12:00:00.000Z' });
    const renewed = await subscriber.ask('renew', { planId: enterprise.planId, payment: card('mastercard') });
    expect(renewed).to.include({ state: 'active.current', access: 'full' });
    expect(renewed.plan?.id).to.equal(enterprise.planId);
    expect(renewed.currentPeriod?.start).to.equal('2026-03-05T12:00:00.000Z');
    expect(subscriber.taken().charges).to.equal(2);
  });

  it('cannot be renewed once that week is over (S-29)', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.ask('auto-renewal', { autoRenew: false }, 'PUT');
    await subscriber.advance({ to: '2026-03-08T00:00:00.000Z' });
    await shop.refused(409, 'CONFLICT_ERROR', 'POST', subscriber.path('renew'), {});
    await expectStands(subscriber, 'expired', 'none');
  });

  it('takes a discount code for its first invoice', async () => {
    const body = { planId: enterprise.planId, payment: card('visa'), discountCode: 'enterprise20' };
    const subscriber = await Subscriber.join(shop, body);
    expect(amountsOf(await subscriber.newestInvoice())).to.deep.equal([
      ['plan', 49_900],
      ['discount', -9_980],
    ]);
    await subscriber.advance({ by: 'P1Y' });
    expect(amountsOf(await subscriber.newestInvoice())).to.deep.equal([['plan', 49_900]]);
  });

  it('tells its whole story, and whose it is', async () => {
    const subscriber = await Subscriber.join(shop);
    await subscriber.advance({ to: '2026-02-28T10:00:00.000Z' });
    const { entries } = await shop.do<{ entries: { sentence: string; actor: { type: string } }[] }>(
      'GET',
      subscriber.path('timeline'),
    );
    const sentences = entries.map(({ sentence }) => sentence);
    expect(sentences[0]).to.contain('subscribed to Pro Monthly');
    expect(sentences.join('\n')).to.match(/Invoice INV-2026-\d{5} over \$32\.39 was issued/);
    expect(sentences.filter((sentence) => sentence.includes('$32.39 was captured')).length).to.be.at.least(2);
    expect(new Set(entries.map(({ actor }) => actor.type))).to.include.keys('subscription', 'invoice', 'payment');
    const { items } = await shop.do<{ items: Subscription[] }>(
      'GET',
      `/v1/subscriptions?customerId=${subscriber.customerId}&status=ACTIVE`,
    );
    expect(items.map(({ id }) => id)).to.deep.equal([subscriber.id]);
    expect(items[0]?.startedAt).to.equal(start);
  });
});
