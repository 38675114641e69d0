import { expect } from 'chai';
import fc from 'fast-check';
import { allocate, basisPointsOf, percentOf } from '../../machines/shared/allocate.js';
import { periodOf } from '../../machines/shared/calendar.js';
import { days, later, seconds } from '../../machines/shared/instants.js';
import { migrated, prorate } from '../../machines/subscription/subscription.billing.js';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import { splitAt } from '../../machines/subscription/subscription.rules.js';
import type { Discount, Plan } from '../../machines/subscription/subscription.values.js';
import { basic, daily, enterprise, pro, running, START, team, usd } from './subscriptionStory.js';

const sum = (parts: readonly number[]): number => parts.reduce((all, part) => all + part, 0);

/** Largest remainder, the slow way: whole units first, then one unit after the other to whoever lacks most. */
function handOut(amount: number, weights: readonly number[]): number[] {
  const total = weights.reduce((all, weight) => all + BigInt(weight), 0n);
  const owed = weights.map((weight) => BigInt(amount) * BigInt(weight)); // in units of 1/total
  const parts = weights.map(() => 0);
  const give = (to: number) => {
    parts[to] = (parts[to] ?? 0) + 1;
    owed[to] = (owed[to] ?? 0n) - total;
  };
  weights.forEach((_, index) => {
    while ((owed[index] ?? 0n) >= total) give(index);
  });
  while (sum(parts) < amount) {
    give(owed.reduce((most, one, index) => (one > (owed[most] ?? 0n) ? index : most), 0));
  }
  return parts;
}

/** What the seconds of a stretch cost, one after the other, each its share of the price: minor units times `length`. */
function costOfSeconds(price: number, from: number, to: number): bigint {
  let cost = 0n;
  for (let second = from; second < to; second++) cost += BigInt(price);
  return cost;
}

const change = (context: SubscriptionContext, plan: Plan, at: string) => {
  if (!context.period) throw new Error('no period');
  return prorate(context, context.period, plan, at);
};
const net = (proration: ReturnType<typeof prorate>): number => sum(proration.lines.map(({ total }) => total.amount));

describe('splitting an amount', () => {
  const amounts = fc.integer({ min: 0, max: 100_000 });
  const weights = fc
    .array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 8 })
    .filter((all) => sum(all) > 0);

  it('gives the units that are left to the largest remainders', () => {
    expect(allocate(100, [1, 1, 1])).to.deep.equal([34, 33, 33]);
    expect(allocate(10, [3, 3, 4])).to.deep.equal([3, 3, 4]);
    expect(allocate(7, [1, 2])).to.deep.equal([2, 5]);
    expect(allocate(-100, [1, 1, 1])).to.deep.equal([-34, -33, -33]);
    expect(allocate(5, [0, 0])).to.deep.equal([5, 0]);
  });

  it('agrees with handing out one unit after the other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), weights, (amount, shares) => {
        expect(allocate(amount, shares)).to.deep.equal(handOut(amount, shares));
      }),
    );
  });

  it('loses nothing, and is never a unit off', () => {
    fc.assert(
      fc.property(amounts, weights, (amount, shares) => {
        const parts = allocate(amount, shares);
        expect(sum(parts)).to.equal(amount);
        parts.forEach((part, index) => {
          expect(Math.abs(part - (amount * (shares[index] ?? 0)) / sum(shares))).to.be.lessThan(1);
        });
      }),
    );
  });

  it('is exact where floating point is not', () => {
    const amount = 9_007_199_254_740_991;
    expect(allocate(amount, [1, 2])).to.deep.equal([3_002_399_751_580_330, 6_004_799_503_160_661]);
    expect(basisPointsOf(amount, 10_000)).to.equal(amount);
    expect(basisPointsOf(5, 1_000)).to.equal(1); // half up
    expect(percentOf(amount, 100)).to.equal(amount);
  });
});

describe('a discount', () => {
  it('is never more than its percentage, and less than a unit below it (R-58)', () => {
    expect(percentOf(2999, 25)).to.equal(749); // 749.75
    fc.assert(
      fc.property(fc.nat({ max: 1_000_000 }), fc.integer({ min: 1, max: 100 }), (amount, percent) => {
        const off = percentOf(amount, percent) * 100;
        expect(off)
          .to.be.at.most(amount * percent)
          .and.above(amount * percent - 100);
      }),
    );
  });
});

describe('proration', () => {
  it('agrees with adding up the seconds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.nat({ max: 5000 }),
        (price, length, cut) => {
          const at = Math.min(cut, length);
          const { used, unused } = splitAt(
            price,
            { start: START, end: later(START, seconds(length)) },
            later(START, seconds(at)),
          );
          expect(used + unused).to.equal(price);
          const whole = BigInt(length);
          const exact = costOfSeconds(price, at, length);
          // Rounded to the nearest unit; a half goes to the time that was used.
          const rounded = (exact * 2n + whole - 1n) / (whole * 2n);
          expect(BigInt(unused)).to.equal(rounded);
        },
      ),
    );
  });

  it('counts whole seconds only', () => {
    const period = { start: '2026-01-01T00:00:00.900Z', end: '2026-01-01T00:00:10.900Z' };
    expect(splitAt(10, period, '2026-01-01T00:00:03.100Z')).to.deep.equal({ used: 3, unused: 7 });
    expect(splitAt(10, period, '2026-01-01T00:00:03.999Z')).to.deep.equal({ used: 3, unused: 7 });
  });

  it('gives all back at the start, nothing at the end, and no more outside', () => {
    const period = periodOf(START, pro, 0);
    expect(splitAt(2999, period, period.start).unused).to.equal(2999);
    expect(splitAt(2999, period, period.end).unused).to.equal(0);
    expect(splitAt(2999, period, later(period.start, -1000)).unused).to.equal(2999);
    expect(splitAt(2999, period, later(period.end, 1000)).unused).to.equal(0);
  });

  it('charges every second of a period by the plan that was on then, however often it changes', () => {
    const length = 86_400;
    const changes = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: length - 1 }), rise: fc.integer({ min: 1, max: 5000 }) }),
      {
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), changes, (first, moves) => {
        const inOrder = [...moves].sort((a, b) => a.at - b.at);
        let price = first;
        let context = running({ ...daily, price: usd(price) });
        let charged = price;
        let waived = 0n;
        let seconds_ = 0;
        let exact = 0n;
        for (const { at, rise } of inOrder) {
          exact += costOfSeconds(price, seconds_, at);
          price += rise;
          const proration = change(context, { ...daily, price: usd(price) }, later(START, seconds(at)));
          expect(net(proration)).to.be.at.least(0);
          charged += net(proration);
          for (const { kind, total } of proration.lines) if (kind === 'waived') waived -= BigInt(total.amount);
          context = { ...context, ...migrated(context, { ...proration, invoiceId: '', total: null, attempt: null }) };
          seconds_ = at;
        }
        exact += costOfSeconds(price, seconds_, length);
        // Every change rounds twice, by half a unit at most; credit that is kept counts as given back, and the customer may
        // keep what was waived.
        const off = exact - BigInt(charged - context.credit) * BigInt(length);
        const rounding = BigInt(inOrder.length) * BigInt(length);
        expect(off >= 0n - rounding && off <= rounding + waived * BigInt(length)).to.equal(true);
      }),
      { numRuns: 40 },
    );
  });

  it('charges exactly the price of the new plan when it changes in the first second', () => {
    for (const plan of [team, { ...team, price: usd(1_000_001) }]) {
      expect(2999 + net(change(running(pro), plan, START))).to.equal(plan.price.amount);
    }
  });

  it('shows lines that add up to what is asked for, never less than nothing', () => {
    const plans = fc.constantFrom(
      basic,
      pro,
      team,
      enterprise,
      { ...team, price: usd(7) },
      { ...pro, billingCycle: 'quarterly' as const },
    );
    const discounts = fc.option(
      fc.integer({ min: 1, max: 100 }).map((percent): Discount => ({ code: null, percent, timesLeft: 2 })),
    );
    fc.assert(
      fc.property(plans, plans, discounts, fc.integer({ min: 0, max: days(28) - 1 }), (from, to, discount, ms) => {
        const context = running(from, discount);
        const proration = change(context, to, later(START, ms));
        expect(net(proration)).to.be.at.least(0);
        for (const { quantity, unitPrice, total } of proration.lines)
          expect(total.amount).to.equal(quantity * unitPrice.amount);
        if (proration.creditKept > 0) expect(net(proration)).to.equal(0);
        // What was paid before, what is paid now, and what the old plan has used up add up to the new coverage and the credit.
        const unused = -sum(
          proration.lines.filter(({ kind }) => kind === 'unusedTime').map(({ total }) => total.amount),
        );
        expect(unused + net(proration)).to.equal(proration.coverage.amount + proration.creditKept);
      }),
    );
  });

  it('gives back what was paid, not what the plan costs without the discount', () => {
    const half = { code: null, percent: 50, timesLeft: null };
    const lines = change(running(pro, half), team, START).lines.map(({ kind, total }) => [kind, total.amount]);
    expect(lines).to.deep.equal([
      ['unusedTime', -1500], // of 2,999 less 1,499.5
      ['remainingTime', 5999],
      ['discount', -2999], // 2,999.5, rounded down
    ]);
  });

  it('charges the rest of a period after a pause by the length of a whole period', () => {
    const end = later(START, days(7)); // seven days that a pause had kept
    const context: SubscriptionContext = {
      ...running(pro),
      period: { start: START, end },
      anchor: end,
      nextIndex: 0,
      coverage: { start: START, end, amount: 700 },
    };
    // 7 February − 1 month = 7 January: 31 days
    expect(change(context, team, START).lines.map(({ total }) => total.amount)).to.deep.equal([
      -700,
      Math.round((5999 * 7) / 31),
    ]);
  });
});
