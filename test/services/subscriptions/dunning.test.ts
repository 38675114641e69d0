import { expect } from 'chai';
import { itKeepsItsBooks } from './books.js';
import { card } from './catalogue.js';
import { Desk } from './desk.js';

const begin = '2026-01-31T10:00:00.000Z';
const due = '2026-02-28T10:00:00.000Z';

for (const times of ['once', 'twice'] as const)
  describe(`a subscription that renews, with every message delivered ${times}`, function () {
    this.timeout(120_000);
    let desk: Desk;
    before(async () => {
      desk = await Desk.open();
      if (times === 'twice') await desk.deliverTwice();
    });
    after(() => desk?.close());

    /** A subscription since 31 January; its second period is due on 28 February. */
    const since31January = async (method = 'visa') => {
      const clock = await desk.clock(begin);
      const id = await desk.subscribe({}, clock);
      await desk.in(id, 'active.current');
      await desk.tell('ChangeSubscriptionPaymentMethod', { subscriptionId: id, paymentMethod: card(method) });
      return { id, clock };
    };

    it('is invoiced 7 days ahead, reminded 3 days ahead, and charged on the day (S-06, S-08, R-54, R-55)', async () => {
      const { id, clock } = await since31January();
      await desk.advance(clock, { to: '2026-02-21T10:00:00.000Z' });
      const invoices = await desk.invoices(id);
      expect(invoices.map(({ state, context }) => [state, context.billingPeriod?.start])).to.deep.equal([
        ['paid', begin],
        ['sent', due],
      ]);
      await desk.advance(clock, { to: '2026-02-25T10:00:00.000Z' });
      expect(await desk.told(id)).to.include('renewal_reminder');
      expect(desk.taken(id).charges).to.equal(1);
      await desk.advance(clock, { to: due });
      const { period } = await desk.in(id, 'active.current');
      expect(period).to.deep.equal({ start: due, end: '2026-03-31T10:00:00.000Z' });
      expect(desk.taken(id)).to.deep.equal({ charges: 2, net: 2 * 3_239 });
      expect(await desk.told(id)).to.include('subscription_renewed');
    });

    it('bills every month of a year once, and the 31st where there is one', async () => {
      const { id, clock } = await since31January();
      await desk.advance(clock, { to: '2027-01-31T10:00:00.000Z' });
      const starts = (await desk.invoices(id)).map(({ context }) => context.billingPeriod?.start.slice(0, 10));
      const days = ['01-31', '02-28', '03-31', '04-30', '05-31', '06-30', '07-31', '08-31', '09-30', '10-31', '11-30'];
      expect(starts).to.deep.equal([...days, '12-31'].map((day) => `2026-${day}`).concat('2027-01-31'));
      expect(desk.taken(id)).to.deep.equal({ charges: 13, net: 13 * 3_239 });
    });

    it('recovers on the second retry, with its billing date kept (S-09…S-11)', async () => {
      const { id, clock } = await since31January();
      const match = { metadata: { subscriptionId: id }, times: 2 };
      desk.sandbox.addFault({ match, fault: 'insufficient_funds' });
      await desk.advance(clock, { to: due });
      await desk.in(id, 'pastDue');
      expect(await desk.told(id)).to.include('subscription_payment_failed');
      await desk.advance(clock, { by: 'P1D' });
      expect((await desk.in(id, 'pastDue')).dunning).to.include({ retriesDone: 1, failedAttempts: 2 });
      await desk.advance(clock, { by: 'P2D' });
      const { period } = await desk.in(id, 'active.current');
      expect(period).to.deep.equal({ start: due, end: '2026-03-31T10:00:00.000Z' });
      expect(desk.taken(id).charges).to.equal(2);
      expect((await desk.invoices(id)).map(({ state }) => state)).to.deep.equal(['paid', 'paid']);
    });

    it('is limited after the last retry, suspended after a week, and expires after 30 days more (S-12, S-14, S-16)', async () => {
      const { id, clock } = await since31January('chargeDeclinedInsufficientFunds');
      await desk.advance(clock, { to: '2026-03-07T10:00:00.000Z' });
      await desk.in(id, 'grace');
      expect(await desk.told(id)).to.include('access_limited');
      await desk.advance(clock, { by: 'P7D' });
      await desk.in(id, 'suspended');
      await desk.quiet();
      expect(await desk.told(id)).to.include('subscription_suspended');
      expect((await desk.invoices(id)).map(({ state }) => state)).to.deep.equal(['paid', 'cancelled']);
      expect((await desk.published(id)).filter((type) => type === 'SubscriptionPaymentDue')).to.have.length(4);
      expect((await desk.published(id)).filter((type) => type === 'UserSubscriptionCancelled')).to.have.length(1);
      await desk.advance(clock, { by: 'P30D' });
      await desk.in(id, 'expired');
      expect(desk.taken(id)).to.deep.equal({ charges: 1, net: 3_239 });
    });

    it('is revived by a new method while it is suspended, from that day on (S-15)', async () => {
      const { id, clock } = await since31January('chargeDeclinedInsufficientFunds');
      await desk.advance(clock, { to: '2026-03-20T10:00:00.000Z' });
      await desk.in(id, 'suspended');
      await desk.tell('ChangeSubscriptionPaymentMethod', { subscriptionId: id, paymentMethod: card('visa') });
      const { period } = await desk.in(id, 'active.current');
      expect(period?.start).to.equal('2026-03-20T10:00:00.000Z');
      await desk.quiet();
      expect((await desk.published(id)).filter((type) => type === 'UserSubscriptionStarted')).to.have.length(2);
    });

    it('asks for another method at once when the card will never pass, and charges a new one at once (S-13)', async () => {
      const { id, clock } = await since31January('chargeDeclinedStolenCard');
      await desk.advance(clock, { to: due });
      await desk.in(id, 'pastDue');
      expect(await desk.told(id)).to.include('payment_method_needed');
      await desk.advance(clock, { by: 'P3D' });
      expect((await desk.payments(id)).filter((payment) => payment.startsWith('failed'))).to.have.length(1);
      await desk.tell('ChangeSubscriptionPaymentMethod', { subscriptionId: id, paymentMethod: card('visa') });
      await desk.in(id, 'active.current');
      expect(desk.taken(id).charges).to.equal(2);
    });

    it('is charged by hand without using up a scheduled retry', async () => {
      const { id, clock } = await since31January('chargeDeclinedInsufficientFunds');
      await desk.advance(clock, { to: due });
      const { bill } = await desk.in(id, 'pastDue');
      await desk.tell('RetryInvoice', { subscriptionId: id, invoiceId: bill?.invoiceId ?? '' });
      await desk.quiet();
      expect((await desk.in(id, 'pastDue')).dunning).to.include({ retriesDone: 0, failedAttempts: 2 });
    });

    it('comes to an end when it does not renew by itself (S-27)', async () => {
      const { id, clock } = await since31January();
      await desk.tell('ChangeAutoRenewal', { subscriptionId: id, autoRenew: false });
      await desk.advance(clock, { to: due });
      await desk.in(id, 'expired');
      expect(await desk.told(id)).to.include.members(['subscription_ending', 'renewal_invitation']);
      expect(desk.taken(id).charges).to.equal(1);
    });

    it('is told that its trial is ending, and is charged then (S-05, R-55)', async () => {
      const clock = await desk.clock(begin);
      const id = await desk.subscribe({ trialDays: 14 }, clock);
      await desk.in(id, 'trialing');
      await desk.advance(clock, { to: '2026-02-11T10:00:00.000Z' });
      expect(await desk.told(id)).to.include('trial_ending');
      await desk.advance(clock, { to: '2026-02-14T10:00:00.000Z' });
      await desk.in(id, 'active.current');
      expect(desk.taken(id)).to.deep.equal({ charges: 1, net: 3_239 });
    });

    itKeepsItsBooks(() => desk);
  });
