import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type MessageData, messages } from '../../../machines/index.js';
import { type Connection, connect } from '../../../src/db/connect.js';
import type { Handled } from '../../../src/runtime/ports.js';
import { customers } from '../../../src/services/customers/customers.js';
import { listCustomers, readCustomers } from '../../../src/services/customers/queries.js';
import { at, id, message } from '../../machines/given.js';
import { type TestDatabase, testDatabase } from '../../support/servers.js';

const registering = (name: string, change: Partial<MessageData<'RegisterCustomer'>> = {}, minute = 0) =>
  message(
    'RegisterCustomer',
    { customerId: id(name), firstName: name, lastName: 'Byron', email: `${name}@example.com`, ...change },
    at(minute),
  );

describe('Customers', () => {
  let database: TestDatabase;
  let connection: Connection;

  before(async () => {
    database = await testDatabase();
    connection = connect({ url: database.url, poolSize: 4, name: 'test', onError: () => {} });
  });
  beforeEach(() => connection.db.deleteFrom('orders.customers').execute());
  after(async () => {
    await connection.close();
    await database.drop();
  });

  const tell = (...all: Parameters<typeof customers.handle>[1]) =>
    connection.db.transaction().execute((trx) => customers.handle(trx, all));

  it('stores a customer and tells that there is one, without saying who (C-56)', async () => {
    const address = { street: '1 Main St', city: 'Dublin', postalCode: 'D01', country: 'IE' };
    const [handled] = await tell(
      registering('ada', { phone: '+353123456789', locale: 'en-IE', preferredCurrency: 'EUR', address }),
    );
    expect(handled?.emit).to.deep.equal([
      {
        type: 'UserSignedUp',
        data: { userId: id('ada'), customerId: id('ada'), locale: 'en-IE', country: 'IE', timestamp: at() },
      },
    ]);
    messages.UserSignedUp.schema.parse(handled?.emit?.[0]?.data);
    expect(handled?.answer).to.deep.equal({
      customerId: id('ada'),
      firstName: 'ada',
      lastName: 'Byron',
      email: 'ada@example.com',
      phone: '+353123456789',
      locale: 'en-IE',
      preferredCurrency: 'EUR',
      address,
      dateRegistered: at(),
      isLocked: false,
      clockId: null,
    });
    expect((await readCustomers(connection.db, [id('ada')])).get(id('ada'))).to.deep.equal(handled?.answer);
  });

  it('registers the same customer once, in one batch and in two', async () => {
    const both = await tell(registering('ada'), registering('ada', { firstName: 'Augusta' }));
    const later = await tell(registering('ada', { firstName: 'Augusta' }));
    expect([...both, ...later].map((handled) => handled.emit?.length ?? 0)).to.deep.equal([1, 0, 0]);
    expect([...both, ...later].map((handled) => (handled.answer as { firstName: string }).firstName)).to.deep.equal([
      'ada',
      'ada',
      'ada',
    ]);
  });

  it('gives an e-mail address to one customer, however it is written', async () => {
    const handled = await tell(
      registering('ada'),
      registering('eve', { email: 'ADA@example.com' }),
      registering('bob'),
    );
    expect(handled.map((one) => one.refuse?.code)).to.deep.equal([undefined, 'EMAIL_TAKEN', undefined]);
    const [again] = await tell(registering('mallory', { email: 'Ada@Example.com' }));
    expect(again?.refuse?.code).to.equal('EMAIL_TAKEN');
    expect(await readCustomers(connection.db, [id('eve'), id('mallory')])).to.have.property('size', 0);
  });

  it('lists customers, the newest first, page by page', async () => {
    await tell(registering('a', {}, 1), registering('b', {}, 3), registering('c', {}, 2), registering('d', {}, 3));
    const first = await listCustomers(connection.db, { limit: 2, after: null });
    const last = first.at(-1);
    const rest = await listCustomers(connection.db, {
      limit: 9,
      after: last ? { createdAt: last.dateRegistered, id: last.customerId } : null,
    });
    expect(first.map((one) => one.firstName)).to.have.members(['b', 'd']);
    expect(rest.map((one) => one.firstName)).to.deep.equal(['c', 'a']);
  });

  it('never waits in a circle when two batches bring the same people in different order', async () => {
    const batch = (prefix: string, names: readonly string[]) =>
      tell(...names.map((name) => registering(`${prefix} ${name}`, { email: `${name}@example.com` })));
    // Somebody holds the middle one until both batches have come that far.
    const rolledBack = await connection.db
      .transaction()
      .execute(async (trx) => {
        await customers.handle(trx, [registering('m')]);
        const both = Promise.allSettled([batch('x', ['a', 'm', 'z']), batch('y', ['z', 'm', 'a'])]);
        await sleep(200);
        throw Object.assign(new Error('rolled back'), { both });
      })
      .catch((error) => error);
    const ends: readonly PromiseSettledResult<readonly Handled[]>[] = await rolledBack.both;
    expect(ends.map((end) => end.status)).to.deep.equal(['fulfilled', 'fulfilled']);
    const handled = ends.flatMap((end) => (end.status === 'fulfilled' ? end.value : []));
    expect(handled.filter((one) => one.refuse === undefined)).to.have.length(3);
  });
});
