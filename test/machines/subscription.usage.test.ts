import { expect } from 'chai';
import { id } from './given.js';
import {
  cancelling,
  current,
  customerId,
  day,
  onPlan,
  pro,
  renewing,
  START,
  Story,
  subscribe,
  subscriptionId,
  usd,
} from './subscriptionStory.js';

describe('the usage analysis of a subscription (S-08)', () => {
  const counted = { ...pro, usage: { unit: 'API calls', allowance: 10_000 } };
  const terms = onPlan(counted);

  it('is asked for when a renewal of a plan with an allowance has been paid', () => {
    const story = renewing({ terms }).pay();
    expect(story.state).to.equal('active.current');
    expect(story.types).to.deep.equal(['SubscriptionRenewed', 'AnalyseUsage']);
    expect(story.one('AnalyseUsage')).to.deep.equal({
      subscriptionId,
      customerId,
      plan: counted,
      period: { start: '2026-02-28T10:00:00.000Z', end: '2026-03-31T10:00:00.000Z' },
      since: START,
    });
  });

  it('looks back to the beginning of the trial when that has been paid for', () => {
    const story = Story.begin(subscribe({ terms, trialDays: 14 }))
      .until(day(14))
      .pay();
    expect(story.one('AnalyseUsage')).to.deep.include({
      since: START,
      period: { start: day(14), end: '2026-03-14T10:00:00.000Z' },
    });
  });

  it('is about the plan that the renewal begins', () => {
    const smaller = { ...counted, planId: id('plan smaller'), price: usd(1_999) };
    const story = current({ terms })
      .tell('ChangePlan', { subscriptionId, plan: smaller, prorationAt: null })
      .until('2026-02-28T10:00:00.000Z')
      .pay();
    expect(story.one('AnalyseUsage').plan).to.deep.equal(smaller);
  });

  it('is not asked for where nothing is counted, nor by a first period', () => {
    expect(renewing().pay().types).to.deep.equal(['SubscriptionRenewed']);
    expect(current({ terms }).types).to.deep.equal(['UserSubscriptionStarted']);
  });

  it('is not asked for after arrears (S-11), nor while the customer thinks of leaving (S-17)', () => {
    const late = renewing({ terms }).decline().fire().pay();
    expect(late.types).to.deep.equal(['SubscriptionRenewed']);
    const leaving = renewing({ terms }).tell('CancelSubscription', cancelling()).pay();
    expect(leaving.state).to.equal('active.offerPending');
    expect(leaving.types).to.deep.equal(['SubscriptionRenewed']);
  });
});
