import { expect } from 'chai';
import { sql } from 'kysely';
import { type Connection, connect } from '../../src/db/connect.js';
import '../../src/db/tables.all.js';
import type { MessageData } from '../../machines/index.js';
import { newId } from '../../src/http/ids.js';
import { type Principal, scopes } from '../../src/http/principal.js';
import { HttpProblem } from '../../src/http/problem.js';
import { subscribeBody } from '../../src/http/subscribeSchemas.js';
import { createSubscribing } from '../../src/http/subscribing.js';
import type { Accepted, Acceptor } from '../../src/runtime/accept.js';
import { trials } from '../../src/services/subscriptions/trials.js';
import { storeActor } from '../db/storeActor.js';
import { message } from '../machines/given.js';
import { current, pro } from '../machines/subscriptionStory.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';

const customer: Principal = { id: 'ann', role: 'customer', scopes: new Set(['subscriptions:write']) };
const staff: Principal = { id: 'bob', role: 'support', scopes: new Set(scopes) };
const payment = { method: { type: 'card', token: 'pm_card_visa' } };

describe('the days of a trial that a request gets (R-60)', () => {
  let database: TestDatabase;
  let connection: Connection;
  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 4, name: 'test', onError: () => undefined });
    await sql`
      insert into subscriptions.plans (plan_id, name, price_minor, currency, billing_cycle, interval_count, trial_days, tax_region)
      values (${pro.planId}, 'Pro', 2999, 'USD', 'monthly', 1, 14, 'US')`.execute(connection.db);
  });
  after(async () => {
    await connection.close();
    await database.drop();
  });

  /** Only claims are given to somebody on the way to a subscription. */
  const acceptor: Acceptor = {
    accept: async ({ data }) => {
      const claim = message('ClaimTrial', data as MessageData<'ClaimTrial'>);
      const [handled] = await connection.db.transaction().execute((trx) => trials.handle(trx, [claim]));
      return { outcome: 'handled', refusal: null, answer: handled?.answer } as unknown as Accepted;
    },
  };

  /** Somebody new, who asks for subscriptions: what they get are days of trial, or the code of a refusal. */
  async function someone() {
    const customerId = newId();
    await sql`
      insert into orders.customers (customer_id, first_name, last_name, email)
      values (${customerId}, 'Ann', 'Byron', ${`${customerId}@example.com`})`.execute(connection.db);
    const subscribing = createSubscribing({ db: connection.db, acceptor });
    const ask = async (resourceId: string, wish: object, principal = customer): Promise<number | string> => {
      const body = subscribeBody.parse({ customerId, planId: pro.planId, payment, ...wish });
      const call = { body, principal, resourceId, ip: '192.0.2.1' } as unknown as Parameters<typeof subscribing>[0];
      return subscribing(call).then(
        ({ trialDays }) => trialDays,
        (error: unknown) => {
          if (error instanceof HttpProblem) return error.code;
          throw error;
        },
      );
    };
    const begin = (id: string) => {
      const { state, context } = current();
      return storeActor(connection.db, 'subscriptions.subscriptions', id, { state, context });
    };
    /** Asks, and begins what is not refused. */
    const daysOf = async (wish: object, principal = customer): Promise<number | string> => {
      const id = newId();
      const days = await ask(id, wish, principal);
      if (typeof days === 'number') await begin(id);
      return days;
    };
    return { ask, begin, daysOf };
  }

  it('are those of the plan the first time, and none after it', async () => {
    const { daysOf } = await someone();
    expect([await daysOf({}), await daysOf({}), await daysOf({})]).to.deep.equal([14, 0, 0]);
  });

  it('can be fewer, which is their trial nevertheless; who wants none keeps it', async () => {
    const [few, none] = [await someone(), await someone()];
    expect([await few.daysOf({ trialPeriodDays: 3 }), await few.daysOf({})]).to.deep.equal([3, 0]);
    expect([await none.daysOf({ trialPeriodDays: 0 }), await none.daysOf({})]).to.deep.equal([0, 14]);
  });

  it('can be more, or the same again, for staff only, who must say so', async () => {
    const { daysOf } = await someone();
    expect(await daysOf({ trialPeriodDays: 15 })).to.equal('FORBIDDEN');
    expect(await daysOf({}), 'what was refused took nothing').to.equal(14);
    expect(await daysOf({ trialPeriodDays: 14 })).to.equal('FORBIDDEN');
    expect(await daysOf({ trialPeriodDays: 14 }, staff)).to.equal(14);
    expect(await daysOf({}, staff)).to.equal(0);
  });

  it('want a payment method when there are none left', async () => {
    const { daysOf } = await someone();
    await daysOf({});
    expect(await daysOf({ payment: undefined })).to.equal('PAYMENT_METHOD_REQUIRED');
  });

  it('are not known while another request is about to begin with them, which is to be asked again', async () => {
    const { ask, begin } = await someone();
    const [first, second] = [newId(), newId()];
    expect([await ask(first, {}), await ask(first, {}), await ask(second, {})]).to.deep.equal([14, 14, 'UNAVAILABLE']);
    await begin(first);
    expect(await ask(second, {})).to.equal(0);
  });
});
