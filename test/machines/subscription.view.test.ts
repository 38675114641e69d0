import { expect } from 'chai';
import {
  type Access,
  billingCycleStatus,
  nextBillingDate,
  type SubscriptionState,
  subscriptionStatus,
  viewSubscription,
} from '../../machines/subscription/subscription.view.js';
import {
  cancelling,
  coffee,
  current,
  customerId,
  day,
  dead,
  enterprise,
  grace,
  onPlan,
  pastDue,
  renewing,
  START,
  Story,
  subscribe,
  subscriptionId,
  suspended,
  usd,
} from './subscriptionStory.js';

const leave = (story: Story, change = {}): Story => story.tell('CancelSubscription', cancelling(change));
const gone = (mode: 'period_end' | 'immediate'): Story => {
  const asked = leave(current(), { offerDecision: 'decline', mode });
  const { cancellationId } = asked.one('ConfirmCancellation');
  return asked.tell('CancellationConfirmed', { subscriptionId, cancellationId });
};

const stories: Record<SubscriptionState, () => Story> = {
  pending: () => Story.begin(),
  trialing: () => Story.begin(subscribe({ trialDays: 14 })),
  'active.current': current,
  'active.renewing': renewing,
  'active.offerPending': () => leave(current()),
  'active.cancelling': () => leave(current(), { offerDecision: 'decline' }),
  pastDue,
  grace,
  suspended,
  paused: () => current().tell('PauseSubscription', { subscriptionId, until: null }),
  cancelScheduled: () => gone('period_end'),
  cancelled: () => gone('immediate'),
  expired: () => suspended().fire(),
  failed: () => Story.begin().decline(),
};

const views: Record<SubscriptionState, [database: string, query: string, access: Access, cycle: string]> = {
  pending: ['PENDING', 'pending', 'none', 'Processing'],
  trialing: ['TRIAL', 'active', 'full', 'Scheduled'],
  'active.current': ['ACTIVE', 'active', 'full', 'Scheduled'],
  'active.renewing': ['ACTIVE', 'active', 'full', 'Processing'],
  'active.offerPending': ['ACTIVE', 'active', 'full', 'Scheduled'],
  'active.cancelling': ['ACTIVE', 'active', 'full', 'Scheduled'],
  pastDue: ['PAST_DUE', 'active', 'full', 'Retrying'],
  grace: ['PAST_DUE', 'active', 'limited', 'Retrying'],
  suspended: ['SUSPENDED', 'expired', 'restricted', 'Suspended'],
  paused: ['PAUSED', 'pending', 'none', 'Cancelled'],
  cancelScheduled: ['ACTIVE', 'active', 'full', 'Cancelled'],
  cancelled: ['CANCELLED', 'canceled', 'none', 'Cancelled'],
  expired: ['EXPIRED', 'expired', 'none', 'Cancelled'],
  failed: ['EXPIRED', 'expired', 'none', 'Failed'],
};

describe('a subscription in other words', () => {
  for (const [state, [database, query, access, cycle]] of Object.entries(views)) {
    it(`is ${database}, ${query}, with ${access} access, its cycle ${cycle}, when ${state} (8.3, 8.7)`, () => {
      const story = stories[state as SubscriptionState]();
      expect(story.state).to.equal(state);
      expect(viewSubscription(story.state, story.context)).to.deep.equal({ database, query, access });
      expect(billingCycleStatus(story.state, story.context)).to.equal(cycle);
    });
  }

  it('has a Failed cycle while no charge is planned: the method is dead, or there was none (8.7)', () => {
    const declined = pastDue(dead);
    expect(billingCycleStatus(declined.state, declined.context)).to.equal('Failed');
    const without = Story.begin(subscribe({ trialDays: 14, paymentMethod: null })).until(day(14));
    expect(without.state).to.equal('grace');
    expect(billingCycleStatus(without.state, without.context)).to.equal('Failed');
  });

  it('keeps the cycle and the access of a debt while an offer stands', () => {
    const story = leave(grace());
    expect(viewSubscription(story.state, story.context).access).to.equal('limited');
    expect(billingCycleStatus(story.state, story.context)).to.equal('Retrying');
  });

  it('answers GetSubscriptionStatus (2.10)', () => {
    const story = current({ terms: onPlan(enterprise) });
    expect(subscriptionStatus(story.state, story.context)).to.deep.equal({
      userId: customerId,
      subscriptionId,
      subscriptionStatus: 'active',
      detailedStatus: 'active.current',
      access: 'full',
      subscriptionPlan: 'Enterprise Annual',
      nextBillingDate: '2027-01-31T10:00:00.000Z',
      billingFrequency: 'yearly', // C-25
      amount: usd(49_900),
      currency: 'USD',
      lastPaymentDate: START,
      cancelAtPeriodEnd: false,
    });
    const ending = gone('period_end');
    expect(subscriptionStatus(ending.state, ending.context)).to.include({
      cancelAtPeriodEnd: true,
      nextBillingDate: null,
    });
    const delivery = Story.begin(subscribe({ terms: coffee }));
    expect(subscriptionStatus(delivery.state, delivery.context)).to.include({
      subscriptionPlan: 'Subscribe & Save',
      billingFrequency: 'monthly',
      amount: null,
    });
  });

  it('says when it is charged next', () => {
    const next = (story: Story) => nextBillingDate(story.state, story.context);
    expect(next(Story.begin(subscribe({ trialDays: 14 })))).to.equal(day(14)); // C-22
    expect(next(renewing())).to.equal('2026-02-28T10:00:00.000Z');
    expect(next(pastDue())).to.equal('2026-03-01T10:00:00.000Z');
    expect(next(pastDue(dead))).to.equal(null);
    expect(next(grace())).to.equal(null);
    expect(next(current({ autoRenew: false }))).to.equal(null);
  });
});
