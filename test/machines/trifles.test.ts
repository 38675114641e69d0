import { expect } from 'chai';
import fc from 'fast-check';
import type { InvoiceLine } from '../../machines/invoice/invoice.messages.js';
import { totalsOf } from '../../machines/invoice/invoice.rules.js';
import { days, later } from '../../machines/shared/instants.js';
import { smallestCharge, smallestSubtotal } from '../../machines/shared/smallestCharge.js';
import { taxRateOf } from '../../machines/shared/taxRates.js';
import { migrated, nextBill, prorate } from '../../machines/subscription/subscription.billing.js';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import type { Discount, Plan } from '../../machines/subscription/subscription.values.js';
import { checkAmount } from '../../scripts/stripeSandbox/amounts.js';
import { sellingCurrencies } from '../../src/services/orders/shippingRates.js';
import { basic, pro, running, START, team, usd } from './subscriptionStory.js';

const region = fc.constantFrom(
  { currency: 'USD', taxRegion: 'US-NY' },
  { currency: 'USD', taxRegion: 'US-OR' },
  { currency: 'EUR', taxRegion: 'FI' },
  { currency: 'GBP', taxRegion: 'GB' },
  { currency: 'JPY', taxRegion: 'JP' },
);
const discounts = fc.option(
  fc.integer({ min: 1, max: 100 }).map((percent): Discount => ({ code: null, percent, timesLeft: 2 })),
);
const priced = (
  plan: Plan,
  amount: number,
  { currency, taxRegion }: { currency: string; taxRegion: string },
): Plan => ({
  ...plan,
  price: { amount, currency },
  taxRegion,
});

const totalOf = (lines: readonly InvoiceLine[], { taxRegion }: Plan): number =>
  totalsOf(lines, taxRateOf(taxRegion) ?? 0).total;
const amountsOf = (lines: readonly InvoiceLine[]) => lines.map(({ kind, total }) => [kind, total.amount]);
const partOf = (lines: readonly InvoiceLine[], ...kinds: InvoiceLine['kind'][]): number =>
  lines.filter(({ kind }) => kinds.includes(kind)).reduce((all, { total }) => all + total.amount, 0);

const billed = (plan: Plan, change: Partial<SubscriptionContext>) =>
  nextBill({ ...running(plan), ...change }, '0190aaaa-0000-7000-8000-000000000001', null);

describe('the smallest charge', () => {
  it('is the least that the gateway takes, in every currency that FlowMart sells in', () => {
    for (const currency of sellingCurrencies) {
      const least = smallestCharge(currency);
      expect(checkAmount(least, currency), currency).to.equal(currency.toLowerCase());
      expect(() => checkAmount(least - 1, currency), currency).to.throw();
    }
    expect(smallestCharge('XTS')).to.equal(1);
  });

  it('counts with tax: a subtotal is enough as soon as its total is', () => {
    for (const rate of [0, 890, 2000, 2550, 10_000]) {
      const totals = Array.from({ length: 60 }, (_, amount) => totalsOf([{ total: usd(amount) }], rate).total);
      expect(smallestSubtotal('USD', rate), `${rate}`).to.equal(totals.findIndex((total) => total >= 50));
    }
  });
});

describe('what is too little to charge', () => {
  it('is never left by credit: as much is used as leaves nothing or enough, and the rest is kept (S-08)', () => {
    const plan = { ...pro, taxRegion: 'US-OR' };
    expect(amountsOf(billed(plan, { credit: 2960 }).lines)).to.deep.equal([
      ['plan', 2999],
      ['creditUsed', -2949],
    ]);
    fc.assert(
      fc.property(
        region,
        fc.integer({ min: 1, max: 400 }),
        discounts,
        fc.nat({ max: 500 }),
        (where, price, discount, credit) => {
          const here = priced(pro, price, where);
          const { lines, creditUsed } = billed(here, { discount, credit });
          const asked = partOf(lines, 'plan', 'discount');
          const leaves = (used: number) => totalOf([{ ...lines[0], total: usd(asked - used) } as InvoiceLine], here);
          const isFine = (used: number) => leaves(used) === 0 || leaves(used) >= smallestCharge(where.currency);
          const all = Array.from({ length: Math.min(credit, asked) + 1 }, (_, used) => used);
          expect(creditUsed).to.equal(all.filter(isFine).at(-1) ?? 0);
          expect(partOf(lines, 'creditUsed')).to.equal(0 - creditUsed);
        },
      ),
    );
  });

  it('is waived by a line of its own when a period costs so little, tax included', () => {
    const cheap = { ...pro, price: usd(45) }; // 48.6 with tax
    const bill = billed(cheap, {});
    expect(amountsOf(bill.lines)).to.deep.equal([
      ['plan', 45],
      ['waived', -45],
    ]);
    expect(bill.net).to.equal(0);
    expect(amountsOf(billed({ ...pro, price: usd(46) }, {}).lines)).to.deep.equal([['plan', 46]]); // 49.68, which is 50
  });

  it('is waived when a plan changes, and what was waived never comes back (S-30)', () => {
    const context = running(basic);
    if (!context.period) throw new Error('no period');
    const nearEnd = later(context.period.end, -60 * 5_000);
    const change = prorate(context, context.period, team, nearEnd);
    expect(amountsOf(change.lines)).to.deep.equal([
      ['remainingTime', 1],
      ['waived', -1],
    ]);
    expect(change.coverage.amount).to.equal(0);
    const moved = { ...context, ...migrated(context, { ...change, invoiceId: '', total: null, attempt: null }) };
    const again = prorate(moved, change.period, { ...team, price: usd(900_000) }, nearEnd);
    expect(partOf(again.lines, 'unusedTime')).to.equal(0);
  });

  it('is nothing that any invoice asks for', () => {
    fc.assert(
      fc.property(
        region,
        fc.tuple(fc.integer({ min: 1, max: 6000 }), fc.integer({ min: 1, max: 6000 })),
        discounts,
        fc.nat({ max: 7000 }),
        fc.nat({ max: days(31) }),
        (where, [from, to], discount, credit, ms) => {
          const context = { ...running(priced(pro, from, where), discount), credit };
          if (!context.period) throw new Error('no period');
          const plan = priced(team, to, where);
          const change = prorate(context, context.period, plan, later(START, ms));
          for (const lines of [change.lines, billed(plan, { discount, credit }).lines]) {
            const total = totalOf(lines, plan);
            if (total !== 0) expect(total).to.be.at.least(smallestCharge(where.currency));
            const waived = 0 - partOf(lines, 'waived');
            expect(waived === 0 || (total === 0 && waived < 50), `${waived} waived`).to.equal(true);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
