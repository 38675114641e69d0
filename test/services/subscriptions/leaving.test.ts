import { expect } from 'chai';
import type { MessageData } from '../../../machines/index.js';
import { agreeAtStripe, agreementsAtStripe } from '../../support/agreements.js';
import { itKeepsItsBooks } from './books.js';
import { proMonthly } from './catalogue.js';
import { Desk } from './desk.js';

describe('a subscription whose customer wants to leave', function () {
  this.timeout(60_000);
  let desk: Desk;
  before(async () => {
    desk = await Desk.open();
    await desk.deliverTwice();
  });
  after(() => desk?.close());

  const begun = async (): Promise<string> => {
    const id = await desk.subscribe();
    await desk.in(id, 'active.current');
    return id;
  };
  const leave = (subscriptionId: string, change: Partial<MessageData<'CancelSubscription'>> = {}) =>
    desk.tell('CancelSubscription', {
      subscriptionId,
      reason: 'too_expensive',
      note: null,
      requestedBy: 'customer',
      mode: 'period_end',
      offerDecision: null,
      accountLocked: false,
      ...change,
    });

  it('is offered 25 % off, once, and ends with its period when it insists (S-17, S-19, S-20)', async () => {
    const id = await begun();
    await leave(id);
    const { cancellation } = await desk.in(id, 'active.offerPending');
    expect(cancellation?.offer?.discount).to.deep.equal({ percent: 25, times: 3 });
    await desk.tell('DeclineOffer', { subscriptionId: id });
    const { period, cancellation: end } = await desk.in(id, 'cancelScheduled');
    expect(end?.effectiveAt).to.equal(period?.end);
    await desk.quiet();
    expect(await desk.told(id)).to.include.members(['retention_offer', 'subscription_cancelled']);
    expect((await desk.published(id)).filter((type) => type === 'UserSubscriptionCancelled')).to.have.length(1);
  });

  it('stays for the discount, which the next invoices have (S-18)', async () => {
    const id = await begun();
    await leave(id);
    await desk.in(id, 'active.offerPending');
    await desk.tell('AcceptOffer', { subscriptionId: id, choice: 'discount' });
    expect((await desk.in(id, 'active.current')).discount).to.deep.equal({ code: null, percent: 25, timesLeft: 3 });
    await desk.quiet();
    expect(await desk.told(id))
      .to.include('offer_accepted')
      .and.not.to.include('subscription_cancelled');
  });

  it('is called by support when it chose a talk (S-18)', async () => {
    const id = await begun();
    await leave(id);
    await desk.in(id, 'active.offerPending');
    await desk.tell('AcceptOffer', { subscriptionId: id, choice: 'support' });
    await desk.in(id, 'active.current');
    await desk.quiet();
    expect(await desk.told(id)).to.include.members(['offer_accepted', 'call_subscriber']);
  });

  it('comes back before the end (S-25)', async () => {
    const id = await begun();
    await leave(id, { offerDecision: 'decline' });
    await desk.in(id, 'cancelScheduled');
    await desk.tell('ReactivateSubscription', { subscriptionId: id });
    await desk.in(id, 'active.current');
    await desk.quiet();
    expect(await desk.told(id)).to.include('subscription_reactivated');
  });

  it('ends at once when it asks for that, and begins anew within the week (S-21, S-28)', async () => {
    const id = await begun();
    await leave(id, { mode: 'immediate', offerDecision: 'decline' });
    await desk.in(id, 'cancelled');
    await desk.tell('RenewSubscription', {
      subscriptionId: id,
      terms: { kind: 'plan', plan: proMonthly },
      paymentMethod: null,
    });
    await desk.in(id, 'active.current');
    await desk.quiet();
    expect(desk.taken(id)).to.deep.equal({ charges: 2, net: 2 * 3_239 });
    expect(await desk.told(id)).to.include.members(['subscription_cancelled', 'reactivation_offer']);
    expect((await desk.invoices(id)).map(({ state }) => state)).to.deep.equal(['paid', 'paid']);
  });

  it('is refused while the account is locked, and support is told (S-23)', async () => {
    const id = await begun();
    await leave(id, { accountLocked: true });
    await desk.quiet();
    await desk.in(id, 'active.current');
    expect(await desk.told(id)).to.include.members(['cancellation_rejected', 'cancellation_review']);
  });

  describe('with an agreement at the provider', () => {
    const agree = (subscriptionId: string) => agreeAtStripe(desk.sandbox, subscriptionId);
    const agreementsOf = (subscriptionId: string) => agreementsAtStripe(desk.sandbox, subscriptionId);

    it('has it ended with the period (S-20)', async () => {
      const id = await begun();
      await agree(id);
      await leave(id, { offerDecision: 'decline' });
      await desk.in(id, 'cancelScheduled');
      expect(agreementsOf(id)).to.deep.equal(['active', 'active, ending']);
    });

    it('has it ended at once (S-21)', async () => {
      const id = await begun();
      await agree(id);
      await leave(id, { mode: 'immediate', offerDecision: 'decline' });
      await desk.in(id, 'cancelled');
      expect(agreementsOf(id)).to.deep.equal(['active', 'canceled']);
    });

    it('has it resumed when it comes back before the end, once (S-25)', async () => {
      const id = await begun();
      await agree(id);
      await leave(id, { offerDecision: 'decline' });
      await desk.in(id, 'cancelScheduled');
      await desk.tell('ReactivateSubscription', { subscriptionId: id });
      await desk.in(id, 'active.current');
      await desk.quiet();
      expect(agreementsOf(id)).to.deep.equal(['active', 'active, ending', 'active']);
      expect((await desk.in(id, 'active.current')).resuming).to.equal(null);
    });

    it('comes back although the provider does not resume it, and a person looks (S-25)', async () => {
      const id = await begun();
      await agree(id);
      await leave(id, { offerDecision: 'decline' });
      await desk.in(id, 'cancelScheduled');
      desk.sandbox.addFault({ match: { method: 'GET', path: '/v1/subscriptions/search' }, fault: 'error_500' });
      await desk.tell('ReactivateSubscription', { subscriptionId: id });
      await desk.in(id, 'active.current');
      await desk.quiet();
      desk.sandbox.clearFaults();
      expect(await desk.told(id)).to.include.members(['subscription_reactivated', 'agreement_review']);
      expect((await desk.in(id, 'active.current')).resuming).to.equal(null);
    });

    it('stays when the provider does not answer, and a person looks (S-22)', async () => {
      const id = await begun();
      desk.sandbox.addFault({ match: { method: 'GET', path: '/v1/subscriptions/search' }, fault: 'error_500' });
      await leave(id, { offerDecision: 'decline' });
      await desk.in(id, 'active.cancelling');
      const { refusal, cancellation } = await desk.in(id, 'active.current');
      desk.sandbox.clearFaults();
      expect([refusal?.reason, cancellation]).to.deep.equal(['providerFailed', null]);
      await desk.quiet();
      expect(await desk.told(id)).to.include.members(['cancellation_rejected', 'cancellation_review']);
      expect(await desk.published(id)).not.to.include('UserSubscriptionCancelled');
    });
  });

  itKeepsItsBooks(() => desk);
});
