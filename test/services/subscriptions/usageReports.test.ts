import { expect } from 'chai';
import { sql } from 'kysely';
import { later } from '../../../machines/shared/instants.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import { forgetReports } from '../../../src/services/subscriptions/usageReports.js';
import { at, id } from '../../machines/given.js';
import { coffee, onPlan, pro } from '../../machines/subscriptionStory.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';
import { ago, Counter, counted, report } from './counting.js';

describe('reports of use', () => {
  let database: TestDatabase;
  let connection: Connection;
  let counter: Counter;
  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 8, name: 'test', onError: () => undefined });
    counter = new Counter(connection.db);
    for (const plan of [basic, { ...basic, ...pro, usage: basic.usage }]) await counter.offer(plan);
  });
  after(async () => {
    await connection.close();
    await database.drop();
  });

  const basic = counted('Basic', 10_000);
  const codesOf = async (...reports: ReturnType<typeof report>[]) =>
    (await counter.tell(...reports)).map(({ refuse }) => refuse?.code ?? 'counted');

  it('add up day by day, those that are handled together and those that come at the same time', async () => {
    const ann = await counter.subscribed('adds up', onPlan(basic));
    await counter.tell(report(ann, 3), report(ann, 4, at(-60)), report(ann, 5, ago(1)));
    await Promise.all(Array.from({ length: 8 }, () => counter.tell(report(ann, 10))));
    expect(await counter.counted(ann)).to.deep.equal(['2026-03-01 5 API calls', '2026-03-02 87 API calls']);
  });

  it('count once, however often they are told, and together or not', async () => {
    const ann = await counter.subscribed('once', onPlan(basic));
    const told = report(ann, 7);
    expect(await codesOf(told, told)).to.deep.equal(['counted', 'counted']);
    expect(await codesOf(told)).to.deep.equal(['counted']);
    await counter.subscribed('once', onPlan(basic), ago(200), 'cancelled');
    expect(await codesOf(told, report(ann, 7))).to.deep.equal(['counted', 'SUBSCRIPTION_ENDED']);
    expect(await counter.counted(ann)).to.deep.equal(['2026-03-02 7 API calls']);
  });

  it('are for what was used until now, 90 days late at most, and not before the subscription', async () => {
    const [old, young] = [
      await counter.subscribed('old', onPlan(basic)),
      await counter.subscribed('young', onPlan(basic), ago(10)),
    ];
    const next = (instant: string, ms: number) => later(instant, ms);
    expect(
      await codesOf(
        ...[report(old, 1, at()), report(old, 1, next(at(), 1))],
        ...[report(old, 1, ago(90)), report(old, 1, next(ago(90), -1))],
        ...[report(young, 1, ago(10)), report(young, 1, next(ago(10), -1))],
      ),
    ).to.deep.equal(['counted', 'USAGE_OUT_OF_TIME', 'counted', 'USAGE_OUT_OF_TIME', 'counted', 'USAGE_OUT_OF_TIME']);
  });

  it('are forgotten once telling them again would be too late', async () => {
    const ann = await counter.subscribed('forgotten', onPlan(basic));
    const [old, young] = [report(ann, 1, at()), report(ann, 2, at())];
    await counter.tell(old, young);
    await sql`update subscriptions.usage_reports set counted_at = now() - interval '91 days' where report_id = ${old.id}`.execute(
      connection.db,
    );
    await sql`update subscriptions.usage_reports set counted_at = now() - interval '89 days' where report_id = ${young.id}`.execute(
      connection.db,
    );
    expect(await forgetReports(connection.db)).to.equal(1);
    await counter.tell(young);
    expect(await counter.counted(ann)).to.deep.equal(['2026-03-02 3 API calls']);
  });

  it('are refused where nothing is counted, where there is nobody, before the beginning, and after the end', async () => {
    const none = await counter.subscribed('no allowance', onPlan(pro));
    const delivery = await counter.subscribed('delivery', coffee);
    const ended = await Promise.all(
      ['cancelled', 'expired', 'failed'].map((state) => counter.subscribed(state, onPlan(basic), ago(9), state)),
    );
    const pending = await counter.subscribed('pending', onPlan(basic), null, 'pending');
    const all = [none, delivery, id('nobody'), ...ended, pending];
    expect(await codesOf(...all.map((subscriptionId) => report(subscriptionId, 1)))).to.deep.equal([
      ...['NO_USAGE_ALLOWANCE', 'NO_USAGE_ALLOWANCE', 'NOT_FOUND'],
      ...['SUBSCRIPTION_ENDED', 'SUBSCRIPTION_ENDED', 'SUBSCRIPTION_ENDED', 'USAGE_OUT_OF_TIME'],
    ]);
    for (const subscriptionId of all) expect(await counter.counted(subscriptionId)).to.deep.equal([]);
  });
});
