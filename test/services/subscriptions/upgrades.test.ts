import { expect } from 'chai';
import { sql } from 'kysely';
import { days, later } from '../../../machines/shared/instants.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import { dayOf } from '../../../src/services/subscriptions/queries.js';
import { at, message } from '../../machines/given.js';
import { customerId, onPlan } from '../../machines/subscriptionStory.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';
import { ago, type Counted, Counter, counted, report } from './counting.js';

describe('a larger plan (S-08)', () => {
  let database: TestDatabase;
  let connection: Connection;
  let counter: Counter;
  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 2, name: 'test', onError: () => undefined });
    counter = new Counter(connection.db);
  });
  after(async () => {
    await connection.close();
    await database.drop();
  });

  const basic = counted('Basic', 1_000, 999);
  const team = counted('Team', 5_000, 4_999);
  const plus = counted('Plus', 2_000, 1_999);
  /** Thirty days, so that ninety are three of them. */
  const period = { start: at(), end: later(at(), days(30)) };

  beforeEach(async () => {
    await sql`truncate subscriptions.plans, subscriptions.usage, subscriptions.suggested_upgrades, subscriptions.subscriptions cascade`.execute(
      connection.db,
    );
    for (const plan of [basic, team, plus]) await counter.offer(plan);
  });

  const question = (
    subscriptionId: string,
    { plan = basic, since = ago(200) }: { plan?: Counted; since?: string } = {},
  ) => message('AnalyseUsage', { subscriptionId, customerId, plan, period, since });
  /** The plans that are suggested to those who are asked about together. */
  const suggested = async (...questions: ReturnType<typeof question>[]) =>
    (await counter.tell(...questions)).map(({ emit = [] }) =>
      emit.map(({ data }) => (data as { suggested: { name: string } }).suggested.name),
    );
  const subscriber = async (name: string, uses: readonly (readonly [quantity: number, at: string])[], plan = basic) => {
    const ann = await counter.subscribed(name, onPlan(plan));
    await counter.tell(...uses.map(([quantity, when]) => report(ann, quantity, when)));
    return ann;
  };
  const retire = (plan: Counted) =>
    sql`update subscriptions.plans set retired_at = now() where plan_id = ${plan.planId}`.execute(connection.db);

  it('is suggested from 80 % of the allowance on, at the pace of the last 90 days: the cheapest, with its figures', async () => {
    const ann = await subscriber('ann', [
      [1_000, ago(80)],
      [1_400, ago(2)],
    ]);
    const bob = await subscriber('bob', [
      [1_000, ago(80)],
      [1_399, ago(2)],
    ]);
    const [forAnn, forBob] = await counter.tell(question(ann), question(bob));
    expect(forAnn).to.deep.equal({
      emit: [
        {
          type: 'UpgradeSuggested',
          data: {
            subscriptionId: ann,
            customerId,
            plan: { planId: basic.planId, name: 'Basic', allowance: 1_000 },
            suggested: { planId: plus.planId, name: 'Plus', allowance: 2_000, price: plus.price },
            unit: 'API calls',
            used: 2_400,
            expected: 800,
            period,
          },
        },
      ],
    });
    expect(forBob).to.deep.equal({});
  });

  it('counts what was used 90 days ago, and nothing of 91 (R-62)', async () => {
    const use = async (name: string, day: string) => {
      const ann = await counter.subscribed(name, onPlan(basic));
      await sql`insert into subscriptions.usage values (${ann}, 'API calls', ${dayOf(day)}, 2400)`.execute(
        connection.db,
      );
      return question(ann);
    };
    expect(await suggested(await use('90', ago(90)), await use('91', ago(91)))).to.deep.equal([['Plus'], []]);
  });

  it('goes by the time that there was to use anything, in a subscription that is younger', async () => {
    const ann = await subscriber('young', [[800, ago(3)]]);
    expect(await suggested(question(ann, { since: ago(31) }))).to.deep.equal([[]]);
    expect(await suggested(question(ann, { since: ago(30) }))).to.deep.equal([['Plus']]);
  });

  it('counts only what the plan allows', async () => {
    const ann = await subscriber('moved', [[2_400, ago(3)]]);
    const plan = { ...basic, usage: { ...basic.usage, unit: 'GB' } };
    await sql`update subscriptions.plans set usage_unit = 'GB' where plan_id <> ${basic.planId}`.execute(connection.db);
    expect(await suggested(question(ann, { plan }))).to.deep.equal([[]]);
  });

  it('is one that is on offer, and allows more of the same, as often, in the same money and region', async () => {
    const ann = await subscriber('choosy', [[9_000, ago(3)]]);
    const others: Counted[] = [
      { ...counted('as large', 1_000, 100) },
      { ...counted('dollars of Canada', 9_000, 100), price: { amount: 100, currency: 'CAD' } },
      { ...counted('elsewhere', 9_000, 100), taxRegion: 'US-NY' },
      { ...counted('other unit', 9_000, 100), usage: { unit: 'GB', allowance: 9_000 } },
      { ...counted('by the year', 9_000, 100), billingCycle: 'annual' },
      { ...counted('every other month', 9_000, 100), intervalCount: 2 },
    ];
    for (const other of others) await counter.offer(other);
    await retire(plus);
    expect(await suggested(question(ann))).to.deep.equal([['Team']]);
    await retire(team);
    const bob = await subscriber('bob', [[9_000, ago(3)]]);
    expect(await suggested(question(bob))).to.deep.equal([[]]);
  });

  it('is suggested to a subscription once, however often it is asked for; another one may be', async () => {
    const [ann, bob] = [await subscriber('ann', [[9_000, ago(3)]]), await subscriber('bob', [[9_000, ago(3)]])];
    const told = question(ann);
    expect(await suggested(told, told, question(bob))).to.deep.equal([['Plus'], [], ['Plus']]);
    expect(await suggested(told, question(ann), question(bob))).to.deep.equal([[], [], []]);
    await retire(plus);
    expect(await suggested(question(ann))).to.deep.equal([['Team']]);
  });

  it('is looked for after the reports that came with the question', async () => {
    const ann = await counter.subscribed('at once', onPlan(basic));
    const [asked, counting] = await counter.tell(question(ann), report(ann, 2_400));
    expect(asked?.emit).to.have.length(1);
    expect(counting).to.deep.equal({});
  });
});
