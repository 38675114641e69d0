import { expect } from 'chai';
import fc from 'fast-check';
import {
  basic,
  cancelling,
  coffee,
  day,
  enterprise,
  mastercard,
  onPlan,
  plan,
  pro,
  subscribe,
  team,
  visa,
} from './subscriptionStory.js';
import { type Deed, type Fate, World } from './subscriptionWorld.js';

// A plan never changes: other terms are another plan.
const biweekly = plan('Biweekly', 999, { billingCycle: 'weekly', intervalCount: 2 });
const quarterly = plan('Quarterly', 5999, { billingCycle: 'quarterly' });
const plans = fc.constantFrom(pro, team, basic, enterprise, biweekly, quarterly);

const fate: fc.Arbitrary<Fate> = fc.record({
  answer: fc.oneof(
    { weight: 6, arbitrary: fc.constant('yes' as const) },
    { weight: 3, arbitrary: fc.constant('no' as const) },
    { weight: 1, arbitrary: fc.constant('never' as const) },
  ),
  afterHours: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }) },
  ),
});

const deedOf = (what: Deed['what'], data: fc.Arbitrary<object> = fc.constant({})) =>
  fc.record({ afterHours: fc.integer({ min: 1, max: 2000 }), what: fc.constant(what), data });
const deed: fc.Arbitrary<Deed> = fc.oneof(
  deedOf(
    'CancelSubscription',
    fc
      .record({
        mode: fc.constantFrom('period_end' as const, 'immediate' as const),
        offerDecision: fc.constantFrom(null, 'decline' as const),
        accountLocked: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
      })
      .map((change) => cancelling(change)),
  ),
  deedOf('AcceptOffer', fc.record({ choice: fc.constantFrom('discount', 'pause', 'support') })),
  deedOf('DeclineOffer'),
  deedOf('ReactivateSubscription'),
  deedOf('RenewSubscription', fc.constant({ terms: null, paymentMethod: visa })),
  deedOf('PauseSubscription'),
  deedOf('ResumeSubscription'),
  deedOf(
    'ChangePlan',
    plans.map((plan) => ({ plan, prorationAt: null })),
  ),
  deedOf(
    'ChangePlan',
    plans.map((plan) => ({ plan, prorationAt: null })),
  ),
  deedOf(
    'ChangeSubscriptionPaymentMethod',
    fc.constantFrom(visa, mastercard).map((paymentMethod) => ({ paymentMethod })),
  ),
  deedOf(
    'ChangeSubscriptionPaymentMethod',
    fc.constantFrom(visa, mastercard).map((paymentMethod) => ({ paymentMethod })),
  ),
  deedOf('InvalidatePaymentMethod'),
  deedOf('RetryInvoice'),
  deedOf('ChangeAutoRenewal', fc.record({ autoRenew: fc.boolean() })),
  deedOf('SkipDelivery'),
  deedOf('MoveDelivery'),
);

const beginning = fc.record({
  terms: fc.oneof({ weight: 4, arbitrary: plans.map(onPlan) }, { weight: 1, arbitrary: fc.constant(coffee) }),
  trialDays: fc.constantFrom(0, 0, 5, 14, 30),
  autoRenew: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  discount: fc.option(fc.constant({ code: 'WELCOME', percent: 30, timesLeft: 2 })),
});

describe('a subscription through years of anything', () => {
  const live = (years: number) =>
    fc.property(
      beginning,
      fc.array(deed, { maxLength: 30 }),
      fc.array(fate, { minLength: 1, maxLength: 12 }),
      (start, deeds, fates) => {
        const world = new World(subscribe(start), deeds, fates);
        world.liveUntil(day(365 * years));
        expect(world.wrongs).to.deep.equal([]);
        // Let what is under way come to its end: money and invoices agree to the unit.
        world.liveUntil(day(365 * years + 4));
        expect(world.books.captured).to.equal(world.books.invoiced);
        const numbers = world.numbers.map((number) => Number(number.split('-')[1]));
        expect(numbers).to.deep.equal(numbers.map((_, index) => index + 1));
      },
    );

  it('is billed once for each period and never in a pause, has the access it was told, and is never stuck', function () {
    this.timeout(60_000);
    fc.assert(live(2), { numRuns: 40 });
  });

  it('is billed for every period when nothing ever goes wrong', () => {
    const world = new World(subscribe(), [], [{ answer: 'yes', afterHours: 0 }]);
    world.liveUntil(day(365 * 3));
    expect(world.wrongs).to.deep.equal([]);
    expect(world.periods).to.equal(36);
    expect(world.books).to.deep.equal({ captured: 36 * 3239, invoiced: 36 * 3239 });
  });
});
