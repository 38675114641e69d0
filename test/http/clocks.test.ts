import { expect } from 'chai';
import { sql } from 'kysely';
import { newId } from '../../src/http/ids.js';
import { eventually } from '../support/eventually.js';
import { orderBody } from './api/orderBodies.js';
import { openShop, type Shop } from './shop.js';

const day = 86_400_000;
const start = '2030-01-31T09:00:00.000Z';
const later = (ms: number) => new Date(Date.parse(start) + ms).toISOString();

describe('test clocks over HTTP', function () {
  this.timeout(60_000);
  let shop: Shop;
  before(async () => {
    shop = await openShop({ TEST_CLOCKS: 'on' });
  });
  after(() => shop?.close());

  const make = async (body: object = { now: start }) => {
    const answer = await shop.request('post', '/v1/clocks').send(body);
    expect(answer.status, answer.text).to.equal(201);
    return answer.body;
  };
  const advance = (id: string, body: object, prefer = 'wait=20') =>
    shop.request('post', `/v1/clocks/${id}/advance`).set('Prefer', prefer).send(body);
  const register = (clockId: string) =>
    shop
      .request('post', '/v1/customers')
      .send({ firstName: 'Ada', lastName: 'Byron', email: `ada.${newId()}@example.com`, clockId });

  const place = (customerId: string) => shop.request('post', '/v1/orders').send(orderBody({ customerId }));

  it('are made, standing still at an instant, and are read', async () => {
    const answer = await shop.request('post', '/v1/clocks').send({ name: 'leap years', now: start });
    expect(answer.body).to.deep.equal({
      id: answer.body.id,
      name: 'leap years',
      now: start,
      status: 'ready',
      target: null,
      nextDueAt: null,
      waitsFor: [],
      parked: [],
    });
    expect(answer.headers.location).to.equal(`/v1/clocks/${answer.body.id}`);
    const read = await shop.request('get', answer.headers.location ?? '');
    expect(read.body).to.deep.equal(answer.body);
  });

  it('stand at the real time unless another is given, and need no body for that', async () => {
    const answer = await shop.request('post', '/v1/clocks');
    expect(Date.parse(answer.body.now)).to.be.closeTo(Date.now(), 10_000);
  });

  it('are moved to an instant, or by a duration, and answer once they are there', async () => {
    const { id } = await make();
    const there = await advance(id, { to: later(day) });
    expect(there.status).to.equal(200);
    expect(there.headers['preference-applied']).to.equal('wait=20');
    expect(there.body).to.include({ status: 'ready', now: later(day), target: null });
    const further = await advance(id, { by: 'P1M' });
    expect(further.body).to.include({ status: 'ready', now: '2030-03-01T09:00:00.000Z' });
  });

  it('say at once that they are on their way to whoever does not wait', async () => {
    const { id } = await make();
    // Whoever moves clocks leaves one alone that somebody else looks at; sending it somewhere is still possible.
    const answer = await shop.db.transaction().execute(async (trx) => {
      await sql`select 1 from runtime.clocks where id = ${id} for key share`.execute(trx);
      return shop.request('post', `/v1/clocks/${id}/advance`).send({ to: later(day) });
    });
    expect(answer.status).to.equal(202);
    expect(answer.body).to.include({ status: 'advancing', now: start, target: later(day) });
    await eventually('it has arrived', async () => {
      const { body } = await shop.request('get', `/v1/clocks/${id}`);
      return body.status === 'ready' && body.now === later(day);
    });
  });

  it('do not go back', async () => {
    const { id } = await make();
    const answer = await advance(id, { to: later(-1) });
    expect(answer.status).to.equal(409);
    expect(answer.body).to.include({ code: 'CLOCK_PAST' });
    expect(answer.body.detail).to.contain(start);
  });

  for (const body of [
    {},
    { to: later(1), by: 'P1D' },
    { by: '-P1D' },
    { by: 'P' },
    { by: 'P1DT' },
    { to: 'tomorrow' },
  ]) {
    it(`are not moved by ${JSON.stringify(body)}`, async () => {
      const { id } = await make();
      const answer = await advance(id, body);
      expect([answer.status, answer.body.code]).to.deep.equal([400, 'VALIDATION_ERROR']);
    });
  }

  it('that are not there are not found', async () => {
    expect((await shop.request('get', `/v1/clocks/${newId()}`)).status).to.equal(404);
    expect((await advance(newId(), { by: 'P1D' })).status).to.equal(404);
  });

  it('tell what they wait for, and what they are blocked by', async () => {
    const { id } = await make();
    const message = newId();
    await sql`insert into runtime.mailbox (id, recipient, actor_id, type, data, source, correlation_id, clock_id, queue, sent_at, wake_at)
      values (${message}, 'order', ${message}, 'CancelOrder', '{}', '/test', ${message}, ${id}, 'orders.commands', ${start}, now() + interval '1 day')`.execute(
      shop.db,
    );
    const waiting = await advance(id, { by: 'P1D' }, 'wait=1');
    expect(waiting.status).to.equal(202);
    expect(waiting.body).to.include({ status: 'advancing', now: start, target: later(day) });
    const row = { id: message, type: 'CancelOrder', recipient: 'order', actorId: message, attempts: 0, until: null };
    expect(waiting.body.waitsFor).to.deep.equal([{ ...row, error: null }]);
    await sql`with dead as (delete from runtime.mailbox where id = ${message} returning *)
      insert into runtime.dead_letters (seq, id, recipient, actor_id, type, data, source, correlation_id, clock_id, queue, sent_at, attempts, error)
      select seq, id, recipient, actor_id, type, data, source, correlation_id, clock_id, queue, sent_at, 0, 'bent' from dead`.execute(
      shop.db,
    );
    const blocked = await advance(id, { by: 'PT0S' });
    expect(blocked.status).to.equal(200);
    expect(blocked.body).to.include({ status: 'blocked', now: start, target: later(day) });
    expect(blocked.body.parked).to.deep.equal([{ ...row, error: 'bent' }]);
  });

  it('are what customers, and what is theirs, live by', async () => {
    const { id } = await make();
    const { body: ada } = await register(id);
    expect(ada).to.include({ clockId: id, dateRegistered: start });
    expect((await shop.request('get', `/v1/customers/${ada.id}`)).body).to.deep.equal(ada);
    const order = await place(ada.id);
    expect(order.body.createdAt).to.equal(start);
    await advance(id, { by: 'PT0S' });
    const { rows } = await sql<{ kind: string; clock_id: string; at: Date }>`
      select 'order' as kind, clock_id, created_at as at from orders.orders where id = ${order.body.id}
      union all select 'payment', clock_id, created_at from payments.payments where order_id = ${order.body.id}
      union all select 'reservation', clock_id, created_at from inventory.reservations where id = ${order.body.id}`.execute(
      shop.db,
    );
    expect(rows.map((row) => row.kind)).to.deep.equal(['order', 'payment', 'reservation']);
    for (const row of rows) expect([row.clock_id, row.at.toISOString()]).to.deep.equal([id, start]);
    const { rows: told } = await sql<{ queued: Date; sent: Date }>`
      select queued_at as queued, sent_at as sent from notifications.notifications where user_id = ${ada.id}`.execute(
      shop.db,
    );
    expect(told).to.have.length.above(0);
    for (const { queued, sent } of told)
      expect([queued, sent].map((at) => at.toISOString())).to.deep.equal([start, start]);
  });

  it('count the orders that a customer places in an hour of theirs (R-26)', async () => {
    const { id } = await make();
    const { body: ada } = await register(id);
    for (let n = 0; n < 10; n++) expect((await place(ada.id)).status).to.equal(201);
    const refused = await place(ada.id);
    expect([refused.status, refused.body.code]).to.deep.equal([429, 'RATE_LIMITED']);
    await advance(id, { by: 'PT1H' });
    expect((await place(ada.id)).status).to.equal(201);
  });

  it('must be there for a customer to live by one', async () => {
    const answer = await register(newId());
    expect([answer.status, answer.body.code]).to.deep.equal([422, 'UNKNOWN_CLOCK']);
  });
});

describe('without TEST_CLOCKS', function () {
  this.timeout(60_000);
  let shop: Shop;
  before(async () => {
    shop = await openShop();
  });
  after(() => shop?.close());

  const refused = { status: 404, code: 'TEST_CLOCKS_OFF' };

  it('no clock is made, read or moved', async () => {
    const path = `/v1/clocks/${newId()}`;
    for (const answer of [
      await shop.request('post', '/v1/clocks').send({}),
      await shop.request('get', path),
      await shop.request('post', `${path}/advance`).send({ by: 'P1D' }),
    ]) {
      expect(answer.body).to.include(refused);
    }
  });

  it('no customer lives by one', async () => {
    const body = { firstName: 'Ada', lastName: 'Byron', email: `ada.${newId()}@example.com` };
    const answer = await shop.request('post', '/v1/customers').send({ ...body, clockId: newId() });
    expect(answer.body).to.include(refused);
    expect((await shop.request('post', '/v1/customers').send(body)).body).to.include({ clockId: null });
  });
});
