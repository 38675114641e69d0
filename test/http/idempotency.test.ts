import { expect } from 'chai';
import { type Kysely, sql } from 'kysely';
import { z } from 'zod';
import type { Database } from '../../src/db/tables.js';
import { createIdempotencyKeys, forgetExpiredKeys } from '../../src/http/idempotency.js';
import { newId } from '../../src/http/ids.js';
import { problem } from '../../src/http/problem.js';
import { type Answer, type Call, route } from '../../src/http/route.js';
import { routerOf } from '../../src/http/serve.js';
import { BacklogFullError } from '../../src/runtime/accept.js';
import { openDatabase } from './connection.js';
import { serving, silent } from './serving.js';

describe('idempotency keys', () => {
  let db: Kysely<Database>;
  let close: () => Promise<void>;
  let work: (call: Call) => Promise<Answer>;
  let calls: Call[];
  let server: ReturnType<typeof serving>;

  before(async () => {
    ({ db, close } = await openDatabase());
    const thing = route(
      {
        method: 'post',
        path: '/v1/things/{kind}',
        operationId: 'makeThing',
        tag: 'Products',
        scope: 'catalogue:read',
        summary: 'Make a thing',
        body: z.strictObject({ size: z.int() }),
        responses: { 201: { description: 'Made.' } },
      },
      (call) => {
        calls.push(call);
        return work(call);
      },
    );
    const router = routerOf([thing], { keys: createIdempotencyKeys(db), log: silent });
    server = serving(router);
  });

  after(() => close());

  beforeEach(() => {
    calls = [];
    work = async ({ resourceId }) => ({
      status: 201,
      headers: { Location: `/v1/things/${resourceId}`, ETag: '"1"' },
      body: { id: resourceId },
    });
  });

  const post = (key: string, body: object = { size: 1 }, path = '/v1/things/toy') =>
    server.post(path).set('Idempotency-Key', key).send(body);

  const age = (key: string, seconds: number) =>
    sql`update runtime.idempotency_keys set claimed_at = claimed_at - ${seconds}::int * interval '1 second' where key = ${key}`.execute(
      db,
    );

  it('answer a repetition as the first time, and say so', async () => {
    const key = newId();
    const first = await post(key);
    const again = await post(key);
    expect(calls).to.have.lengthOf(1);
    expect(again.status).to.equal(201);
    expect(again.text).to.equal(first.text);
    expect(again.headers).to.include({
      location: first.headers.location,
      etag: '"1"',
      'idempotency-replayed': 'true',
      'content-type': 'application/json',
    });
    expect(first.headers).not.to.have.property('idempotency-replayed');
  });

  it('do the work of requests that come at the same moment once', async () => {
    const key = newId();
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const made = work;
    work = async (call) => {
      await finished;
      return made(call);
    };
    const answers = Promise.all(Array.from({ length: 8 }, () => post(key).then((answer) => answer)));
    while (calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    setTimeout(finish, 50);
    const statuses = (await answers).map(({ status }) => status).sort();
    expect(statuses).to.deep.equal([201, 409, 409, 409, 409, 409, 409, 409]);
    expect(calls).to.have.lengthOf(1);
    const refused = (await answers).find(({ status }) => status === 409);
    expect(refused?.body.code).to.equal('IDEMPOTENCY_IN_FLIGHT');
    expect(refused?.headers['retry-after']).to.equal('1');
  });

  for (const [what, body, path] of [
    ['another body', { size: 2 }, '/v1/things/toy'],
    ['another path', { size: 1 }, '/v1/things/book'],
  ] as const) {
    it(`are not for ${what}`, async () => {
      const key = newId();
      await post(key);
      const answer = await post(key, body, path);
      expect(answer.status).to.equal(422);
      expect(answer.body.code).to.equal('IDEMPOTENCY_KEY_REUSED');
      expect(calls).to.have.lengthOf(1);
    });
  }

  it('keep refusals, too', async () => {
    const key = newId();
    work = () => Promise.reject(problem('PRICE_MISMATCH', 'Changed.'));
    const first = await post(key);
    const again = await post(key);
    expect([first.status, again.status]).to.deep.equal([422, 422]);
    expect(again.text).to.equal(first.text);
    expect(again.headers['content-type']).to.equal('application/problem+json');
    expect(again.headers['idempotency-replayed']).to.equal('true');
    expect(calls).to.have.lengthOf(1);
  });

  it('are not spent on a request that is not valid', async () => {
    const key = newId();
    expect((await post(key, { size: 'big' })).status).to.equal(400);
    expect((await post(key)).status).to.equal(201);
  });

  for (const [what, error, status] of [
    ['a fault of ours', new Error('boom'), 500],
    ['a full backlog', new BacklogFullError(2), 429],
  ] as const) {
    it(`let a request be sent again at once after ${what}, under the same ids`, async () => {
      const key = newId();
      const made = work;
      work = () => Promise.reject(error);
      expect((await post(key)).status).to.equal(status);
      work = made;
      const again = await post(key);
      expect(again.status).to.equal(201);
      expect(calls.map(({ repeated }) => repeated)).to.deep.equal([false, true]);
      expect(calls[1]?.resourceId).to.equal(calls[0]?.resourceId);
    });
  }

  it('let a repetition take over from a process that died, under the same ids', async () => {
    const key = newId();
    await post(key);
    await sql`update runtime.idempotency_keys set status = null, headers = null, body = null where key = ${key}`.execute(
      db,
    );
    expect((await post(key)).status).to.equal(409);
    await age(key, 31);
    const answer = await post(key);
    expect(answer.status).to.equal(201);
    expect(calls).to.have.lengthOf(2);
    expect(calls[1]).to.include({ resourceId: calls[0]?.resourceId, repeated: true });
  });

  it('do not let another body take over', async () => {
    const key = newId();
    await post(key);
    await sql`update runtime.idempotency_keys set status = null, headers = null, body = null where key = ${key}`.execute(
      db,
    );
    await age(key, 31);
    expect((await post(key, { size: 2 })).status).to.equal(422);
  });

  it('mean something new after 24 hours (R-23)', async () => {
    const key = newId();
    await post(key);
    await age(key, 24 * 3600 + 1);
    const answer = await post(key, { size: 2 });
    expect(answer.status).to.equal(201);
    expect(calls[1]?.resourceId).not.to.equal(calls[0]?.resourceId);
  });

  it('are forgotten after 24 hours, and not before', async () => {
    const [old, young] = [newId(), newId()];
    await post(old);
    await post(young);
    await age(old, 24 * 3600 + 1);
    await age(young, 24 * 3600 - 60);
    expect(await forgetExpiredKeys(db)).to.equal(1);
    await post(young);
    expect(calls).to.have.lengthOf(2);
  });

  it('serve many requests that come together', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => post(newId()).then((answer) => answer)));
    expect(new Set(answers.map(({ body }) => body.id)).size).to.equal(60);
    expect(answers.every(({ status }) => status === 201)).to.be.true;
  });

  it('answer the client even when the answer cannot be kept', async () => {
    const key = newId();
    const made = work;
    work = async (call) => {
      await sql`alter table runtime.idempotency_keys rename to away`.execute(db);
      return made(call);
    };
    try {
      expect((await post(key)).status).to.equal(201);
    } finally {
      await sql`alter table runtime.away rename to idempotency_keys`.execute(db);
    }
  });
});
