import { expect } from 'chai';
import type { MessageData } from '../../../machines/index.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import '../../../src/db/tables.all.js';
import { plans } from '../../../src/services/subscriptions/plans.js';
import { listPlans, type PlanView, plansByIds } from '../../../src/services/subscriptions/queries.js';
import { at, id, message } from '../../machines/given.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';

describe('the plans', () => {
  let database: TestDatabase;
  let connection: Connection;
  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 2, name: 'test', onError: () => undefined });
  });
  beforeEach(() => connection.db.deleteFrom('subscriptions.plans').execute());
  after(async () => {
    await connection.close();
    await database.drop();
  });

  const create = (name: string, change: Partial<MessageData<'CreatePlan'>> = {}, when = at()) =>
    message(
      'CreatePlan',
      {
        planId: id(name),
        name,
        price: { amount: 2_999, currency: 'USD' },
        billingCycle: 'monthly',
        intervalCount: 1,
        trialDays: 14,
        taxRegion: 'US-CA',
        ...change,
      },
      when,
    );
  const retire = (name: string, when = at()) => message('RetirePlan', { planId: id(name) }, when);
  const tell = (...messages: Parameters<typeof plans.handle>[1]) =>
    connection.db.transaction().execute((trx) => plans.handle(trx, messages));
  const pro: PlanView = {
    planId: id('Pro'),
    name: 'Pro',
    price: { amount: 2_999, currency: 'USD' },
    billingCycle: 'monthly',
    intervalCount: 1,
    trialDays: 14,
    taxRegion: 'US-CA',
    usage: null,
    status: 'active',
    createdAt: '2026-03-02T09:00:00.000000Z',
    retiredAt: null,
  };

  it('are offered, and told as they are', async () => {
    expect(await tell(create('Pro'))).to.deep.equal([{ answer: pro }]);
    expect(await plansByIds(connection.db, [id('Pro'), id('none')])).to.deep.equal(new Map([[id('Pro'), pro]]));
  });

  it('may allow so much of something in each period', async () => {
    const usage = { unit: 'API calls', allowance: 1_000_000_000_000 };
    expect(await tell(create('Pro', { usage }))).to.deep.equal([{ answer: { ...pro, usage } }]);
    expect(await tell(create('Pro', { usage: null }))).to.deep.equal([{ answer: { ...pro, usage } }]);
    expect(await tell(create('Pro Plus', { usage: null }))).to.deep.equal([
      { answer: { ...pro, planId: id('Pro Plus'), name: 'Pro Plus' } },
    ]);
  });

  it('stay as they were offered, whoever offers the same one again', async () => {
    await tell(create('Pro'));
    expect(await tell(create('Pro', { name: 'Pro Plus' }, at(5)))).to.deep.equal([{ answer: pro }]);
  });

  it('are retired once, and known ever after', async () => {
    await tell(create('Pro'));
    const retired = { ...pro, status: 'retired', retiredAt: at(60) };
    expect(await tell(retire('Pro', at(60)))).to.deep.equal([{ answer: retired }]);
    expect(await tell(retire('Pro', at(90)))).to.deep.equal([{ answer: retired }]);
    expect((await plansByIds(connection.db, [id('Pro')])).get(id('Pro'))).to.deep.equal(retired);
  });

  it('are refused where FlowMart does not sell, and cannot be retired when there is none', async () => {
    const [refused, unknown, made] = await tell(create('Polar', { taxRegion: 'AQ' }), retire('Polar'), create('Pro'));
    expect(refused?.refuse).to.include({ code: 'UNSUPPORTED_COUNTRY' });
    expect(unknown?.refuse).to.include({ code: 'UNKNOWN_PLAN' });
    expect(made?.answer).to.deep.equal(pro);
    expect(await listPlans(connection.db, { limit: 9 })).to.have.length(1);
  });

  it('cost at least what can be charged with the tax of their region', async () => {
    const costing = (amount: number, taxRegion: string) =>
      create(`${amount} in ${taxRegion}`, { price: { amount, currency: 'USD' }, taxRegion });
    // 0.46 and 8.9 % of it are 0.50, the least that can be charged in dollars; in Oregon there is no tax.
    const answers = await tell(
      ...[costing(45, 'US-NY'), costing(46, 'US-NY'), costing(49, 'US-OR'), costing(50, 'US-OR')],
    );
    expect(answers.map(({ refuse }) => refuse?.code ?? 'taken')).to.deep.equal([
      ...['PRICE_TOO_SMALL', 'taken', 'PRICE_TOO_SMALL', 'taken'],
    ]);
  });

  it('are listed newest first, page by page, the retired ones only on request', async () => {
    await tell(create('A'), create('B', {}, at(1)), create('C', {}, at(2)), retire('B', at(3)));
    const names = async (options: Partial<Parameters<typeof listPlans>[1]>) =>
      (await listPlans(connection.db, { limit: 9, ...options })).map(({ name }) => name);
    expect(await names({})).to.deep.equal(['C', 'A']);
    expect(await names({ withRetired: true })).to.deep.equal(['C', 'B', 'A']);
    const [first] = await listPlans(connection.db, { limit: 1 });
    expect(await names({ after: { createdAt: first?.createdAt ?? '', id: first?.planId ?? '' } })).to.deep.equal(['A']);
  });
});
