import { expect } from 'chai';
import { sql } from 'kysely';
import { card } from './fixtures.js';
import type { Shop } from './shop.js';
import { openShopWithClocks, Subscriber } from './subscriber.js';

interface Usage {
  readonly allowance: number;
  readonly usedInPeriod: number;
  readonly usedInLast90Days: number;
}

describe('a subscription to a plan that allows only so much', function () {
  this.timeout(120_000);
  let shop: Shop;
  before(async () => {
    shop = await openShopWithClocks();
  });
  after(() => shop?.close());

  const offer = async (name: string, amount: number, allowance: number): Promise<string> => {
    const usage = { unit: 'API calls', allowance };
    const terms = { price: { amount, currency: 'USD' }, billingCycle: 'monthly', taxRegion: 'US-CA' };
    return (await shop.do<{ id: string }>('POST', '/v1/plans', { name, ...terms, usage })).id;
  };
  const use = (subscriber: Subscriber, quantity: number, at?: string) =>
    shop.do<Usage>('POST', subscriber.path('usage'), { quantity, at });
  const suggestions = async ({ id }: Subscriber) => {
    const { rows } = await sql<{ data: { suggested: { name: string }; used: number; expected: number } }>`
      select data from runtime.journal where actor_id = ${id} and type = 'UpgradeSuggested' order by seq`.execute(
      shop.db,
    );
    return rows.map(({ data: { suggested, used, expected } }) => [suggested.name, used, expected]);
  };

  it('is shown the cheapest larger plan, once, when it renews and its use comes near the allowance (S-08, R-62)', async () => {
    const basic = await offer('Basic', 999, 1_000);
    const [, team] = [await offer('Fleet', 9_999, 50_000), await offer('Team', 2_999, 5_000)];
    const subscriber = await Subscriber.join(shop, { planId: basic, payment: card('visa') });

    // January 31 to February 28: 28 days at 20 a day, which is 62 % in the 31 days that follow.
    await subscriber.advance({ to: '2026-02-20T10:00:00.000Z' });
    expect(await use(subscriber, 560)).to.include({ allowance: 1_000, usedInPeriod: 560 });
    await subscriber.advance({ to: '2026-02-28T10:00:00.000Z' });
    expect(await suggestions(subscriber)).to.deep.equal([]);

    // By March 31 it is 1,593 in 59 days, which is 810 in the 30 days that follow.
    await subscriber.advance({ to: '2026-03-20T10:00:00.000Z' });
    expect(await use(subscriber, 1_033, '2026-03-10T00:00:00.000Z')).to.include({
      usedInPeriod: 1_033,
      usedInLast90Days: 1_593,
    });
    expect(await subscriber.told()).not.to.include('upgrade_suggested');
    await subscriber.advance({ to: '2026-03-31T10:00:00.000Z' });
    expect((await subscriber.read()).currentPeriod?.end).to.equal('2026-04-30T10:00:00.000Z');
    expect(await suggestions(subscriber)).to.deep.equal([['Team', 1_593, 810]]);

    await use(subscriber, 3_000);
    await subscriber.advance({ to: '2026-04-30T10:00:00.000Z' });
    expect(await suggestions(subscriber)).to.have.lengthOf(1);
    expect((await subscriber.told()).filter((template) => template === 'upgrade_suggested')).to.have.lengthOf(1);
    expect(subscriber.taken().charges).to.equal(4);

    const { entries } = await shop.do<{ entries: { sentence: string }[] }>('GET', subscriber.path('timeline'));
    expect(entries.map(({ sentence }) => sentence)).to.include(
      '810 API calls are to be expected of 1000: Team was suggested.',
    );
    expect((await subscriber.ask('plan', { planId: team })).plan).to.deep.include({
      name: 'Team',
      usage: { unit: 'API calls', allowance: 5_000 },
    });
    const { body } = await shop.request<Usage>('GET', subscriber.path('usage'));
    expect(body).to.include({ allowance: 5_000, usedInLast90Days: 4_593 });
  });
});
