import { expect } from 'chai';
import { sql } from 'kysely';
import { type Connection, connect } from '../../../src/db/connect.js';
import '../../../src/db/tables.all.js';
import type { TrialClaim } from '../../../machines/subscription/plan.messages.js';
import { newId } from '../../../src/http/ids.js';
import { trials } from '../../../src/services/subscriptions/trials.js';
import { storeActor } from '../../db/storeActor.js';
import { message } from '../../machines/given.js';
import { current, pro } from '../../machines/subscriptionStory.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';

describe('the trial of a plan (R-60)', () => {
  let database: TestDatabase;
  let connection: Connection;
  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 8, name: 'test', onError: () => undefined });
    await addPlan(pro.planId);
  });
  after(async () => {
    await connection.close();
    await database.drop();
  });

  const addPlan = (planId: string) =>
    sql`
      insert into subscriptions.plans (plan_id, name, price_minor, currency, billing_cycle, interval_count, trial_days, tax_region)
      values (${planId}, 'Pro', 2999, 'USD', 'monthly', 1, 14, 'US')`.execute(connection.db);
  const claiming = (customerId: string, subscriptionId = newId(), planId = pro.planId) =>
    message('ClaimTrial', { customerId, planId, subscriptionId });
  /** What comes of claims that are handled together. */
  const tell = async (...claims: ReturnType<typeof claiming>[]): Promise<TrialClaim[]> => {
    const handled = await connection.db.transaction().execute((trx) => trials.handle(trx, claims));
    return handled.map(({ answer }) => answer as TrialClaim);
  };
  const claim = async (...wish: Parameters<typeof claiming>): Promise<TrialClaim | undefined> =>
    (await tell(claiming(...wish)))[0];
  const begin = (subscriptionId: string) => {
    const { state, context } = current();
    return storeActor(connection.db, 'subscriptions.subscriptions', subscriptionId, { state, context });
  };

  it('is free for one subscription of a customer, however often that asks, and taken once it has begun', async () => {
    const [ann, first, second] = [newId(), newId(), newId()];
    expect(await claim(ann, first)).to.equal('free');
    expect(await claim(ann, first)).to.equal('free');
    expect(await claim(ann, second)).to.equal('claimed');
    await begin(first);
    expect(await claim(ann, second)).to.equal('taken');
    expect(await claim(ann, first)).to.equal('free');
  });

  it('is nothing to other customers, or to other plans', async () => {
    const [ann, bob, other] = [newId(), newId(), newId()];
    await addPlan(other);
    expect(await claim(ann)).to.equal('free');
    expect(await claim(bob)).to.equal('free');
    expect(await claim(ann, newId(), other)).to.equal('free');
  });

  it('is free for one of many that ask at the same time', async () => {
    const ann = newId();
    const answers = await Promise.all(Array.from({ length: 16 }, () => claim(ann)));
    expect(answers.filter((answer) => answer === 'free')).to.have.length(1);
  });

  it('is the first one’s of those that are handled together, customer by customer', async () => {
    const [ann, bob, first] = [newId(), newId(), newId()];
    const together = [claiming(ann, first), claiming(ann, first), claiming(bob), claiming(ann)];
    expect(await tell(...together)).to.deep.equal(['free', 'free', 'free', 'claimed']);
  });

  it('is free again a minute after a request that died before its subscription began, and only then', async () => {
    const [ann, bob, died, begun] = [newId(), newId(), newId(), newId()];
    const age = (customerId: string, ms: number) =>
      sql`update subscriptions.trials set claimed_at = now() - ${ms} * interval '1 millisecond' where customer_id = ${customerId}`.execute(
        connection.db,
      );
    await claim(ann, died);
    await age(ann, 55_000);
    expect(await claim(ann)).to.equal('claimed');
    await age(ann, 61_000);
    expect(await claim(ann)).to.equal('free');
    await claim(bob, begun);
    await begin(begun);
    await age(bob, 61_000);
    expect(await claim(bob)).to.equal('taken');
  });
});
