import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Redis } from 'ioredis';
import { type Kysely, sql } from 'kysely';
import sinon from 'sinon';
import { uuidv7 } from 'uuidv7';
import { openRedis, producerOptions } from '../../queues/connection.js';
import { appendEvents, attributesOf, lastPosition, streamKey } from '../../queues/streams.js';
import type { Database } from '../../src/db/tables.js';
import { type PublishedEvent, Publisher, type PublisherOptions } from '../../src/runtime/publisher.js';
import { logEvents } from '../../src/runtime/writes.js';
import { type TestRedis, testRedis } from '../support/servers.js';
import { startToy, type Toy } from './toy.js';

describe('the publisher', () => {
  let toy: Toy;
  let server: TestRedis;
  let redis: Redis;
  before(async () => {
    toy = await startToy();
    server = await testRedis();
    redis = openRedis(server.url, producerOptions, () => undefined);
    await new Promise((resolve) => redis.once('ready', resolve));
    // One test moves events to other transactions, which nobody else may.
    await sql`alter table runtime.event_log disable trigger append_only`.execute(toy.db);
  });
  after(async () => {
    redis.disconnect();
    await server.drop();
    await toy.close();
  });
  beforeEach(async () => {
    await redis.flushdb();
    await sql`truncate runtime.event_log`.execute(toy.db);
    await sql`update runtime.publisher set xid = '0', seq = 0, positions = '{}'`.execute(toy.db);
  });

  const toRedis = (events: readonly PublishedEvent[]) => appendEvents(redis, server.prefix, events);
  const lastIn = (channel: string) => lastPosition(redis, server.prefix, channel);
  const createPublisher = (options: Partial<PublisherOptions> = {}) =>
    new Publisher({ db: toy.db, append: toRedis, lastIn, onError: () => undefined, ...options });
  /** Logs events, as a drain does, by their subjects' order of mention. */
  const log = async (db: Kysely<Database>, texts: readonly string[], channel = 'game') => {
    const publications = texts.map((text) => {
      const id = uuidv7();
      const envelope = {
        type: 'Joined',
        data: { text },
        id,
        source: '/test',
        correlationId: id,
        causationId: null,
        clockId: null,
      };
      return { envelope, data: envelope.data, channel, version: '1.0.0', subject: id, at: new Date().toISOString() };
    });
    await logEvents(db, publications);
  };
  const streamed = async (channel = 'game') => {
    const entries = await redis.xrange(streamKey(server.prefix, channel), '-', '+');
    return entries.map(([id, fields]) => `${id} ${(attributesOf(fields).data as { text: string }).text}`);
  };

  it('appends each channel’s events in order, numbered from 1 without gaps', async () => {
    await log(toy.db, ['a', 'b']);
    await log(toy.db, ['x'], 'news');
    await log(toy.db, ['c']);
    const publisher = createPublisher();
    expect(await publisher.publish()).to.equal(4);
    await log(toy.db, ['d']);
    expect(await publisher.publish()).to.equal(1);
    expect(await publisher.publish()).to.equal(0);
    expect(await streamed()).to.deep.equal(['1-0 a', '2-0 b', '3-0 c', '4-0 d']);
    expect(await streamed('news')).to.deep.equal(['1-0 x']);
  });

  it('skips no event of a transaction that commits late, and publishes nothing ahead of it', async () => {
    const publisher = createPublisher();
    const late = await toy.db.startTransaction().execute();
    await log(late, ['late']);
    await log(toy.db, ['soon']);
    expect(await publisher.publish(), 'while the older transaction is open').to.equal(0);
    await late.commit().execute();
    await log(toy.db, ['last']);
    expect(await publisher.publish()).to.equal(3);
    expect(await streamed()).to.deep.equal(['1-0 late', '2-0 soon', '3-0 last']);
  });

  it('does not wait for a transaction that began later', async () => {
    await log(toy.db, ['soon']);
    const later = await toy.db.startTransaction().execute();
    await log(later, ['later']);
    expect(await createPublisher().publish()).to.equal(1);
    await later.rollback().execute();
    expect(await createPublisher().publish()).to.equal(0);
    expect(await streamed()).to.deep.equal(['1-0 soon']);
  });

  it('goes by the numbers of transactions, not by their texts', async () => {
    for (const xid of ['99', '100', '9']) {
      await log(toy.db, [xid]);
      await sql`update runtime.event_log set xid = ${xid}::xid8 where data ->> 'text' = ${xid}`.execute(toy.db);
    }
    await createPublisher().publish();
    expect(await streamed()).to.deep.equal(['1-0 9', '2-0 99', '3-0 100']);
  });

  it('takes no more than its bound at once', async () => {
    await log(toy.db, ['a', 'b', 'c', 'd', 'e']);
    const publisher = createPublisher({ limit: 2 });
    const sizes = [await publisher.publish(), await publisher.publish(), await publisher.publish()];
    expect(sizes).to.deep.equal([2, 2, 1]);
    expect(await streamed()).to.deep.equal(['1-0 a', '2-0 b', '3-0 c', '4-0 d', '5-0 e']);
  });

  it('leaves the work to the one that holds the cursor, so that two processes never append side by side', async () => {
    await log(toy.db, ['a']);
    let goOn: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => (goOn = resolve));
    const first = createPublisher({ append: (events) => blocked.then(() => toRedis(events)) }).publish();
    await sleep(50);
    expect(await createPublisher().publish()).to.equal(0);
    goOn();
    expect(await first).to.equal(1);
  });

  it('publishes everything once and in order while others commit and two processes publish', async () => {
    const publishers = [createPublisher({ idleMs: 1, limit: 7 }), createPublisher({ idleMs: 1, limit: 7 })];
    for (const publisher of publishers) publisher.start();
    for (let round = 0; round < 10; round++) {
      await Promise.all(['a', 'b', 'c', 'd'].map((name) => log(toy.db, [`${name}${round}`, `${name}${round}'`])));
    }
    for (let tries = 0; tries < 100 && (await streamed()).length < 80; tries++) await sleep(20);
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    const { rows } = await sql<{
      text: string;
    }>`select data ->> 'text' as text from runtime.event_log order by xid, seq`.execute(toy.db);
    expect(await streamed()).to.deep.equal(rows.map(({ text }, index) => `${index + 1}-0 ${text}`));
    expect(rows).to.have.length(80);
  });

  it('that died after appending leaves no event out and none twice', async () => {
    await log(toy.db, ['a', 'b']);
    const dying = createPublisher({
      append: async (events) => {
        await toRedis(events);
        throw new Error('killed');
      },
    });
    const failed = await dying.publish().catch((error: Error) => error.message);
    expect(failed).to.equal('killed');
    await log(toy.db, ['c']);
    expect(await createPublisher().publish()).to.equal(3);
    expect(await streamed()).to.deep.equal(['1-0 a', '2-0 b', '3-0 c']);
  });

  it('goes on with the next number when Redis has lost everything', async () => {
    await log(toy.db, ['a', 'b']);
    const publisher = createPublisher();
    await publisher.publish();
    await redis.flushdb();
    await log(toy.db, ['c']);
    await publisher.publish();
    expect(await streamed()).to.deep.equal(['3-0 c']);
  });

  it('tries again until Redis is back, and tells of it', async () => {
    const errors: unknown[] = [];
    const published: string[] = [];
    let away = true;
    const publisher = createPublisher({
      append: (events) => (away ? Promise.reject(new Error('Redis is away')) : toRedis(events)),
      onError: (error) => {
        errors.push(error);
        away = false;
      },
      onPublished: (events) => published.push(...events.map((event) => event.type)),
    });
    await log(toy.db, ['a']);
    publisher.start();
    for (let tries = 0; tries < 100 && published.length === 0; tries++) await sleep(20);
    await publisher.stop();
    expect(errors.map(String)).to.deep.equal(['Error: Redis is away']);
    expect(published).to.deep.equal(['Joined']);
    expect(await streamed()).to.deep.equal(['1-0 a']);
  });

  describe('when Redis has lost the end of a stream, as it may when it is killed', () => {
    it('appends it again before what is new, once it is told that Redis was away', async () => {
      const publisher = createPublisher();
      await log(toy.db, ['a', 'b', 'c']);
      await log(toy.db, ['x'], 'other');
      await publisher.publish();
      const key = streamKey(server.prefix, 'game');
      const [first] = await redis.xrange(key, '-', '+', 'COUNT', 1);
      await redis.del(key);
      await redis.xadd(key, first?.[0] as string, ...(first?.[1] ?? []));
      publisher.doubt();
      await log(toy.db, ['d']);
      await publisher.publish();
      expect(await streamed()).to.deep.equal(['1-0 a', '2-0 b', '3-0 c', '4-0 d']);
      expect(await streamed('other')).to.deep.equal(['1-0 x']);
    });

    it('appends nothing that it read before Redis went away', async () => {
      await log(toy.db, ['a']);
      await createPublisher().publish();
      await log(toy.db, ['b']);
      let away = true;
      const publisher = createPublisher({
        lastIn: (channel) => {
          if (away) publisher.doubt();
          return lastIn(channel);
        },
      });
      const failure = await publisher.publish().then(
        () => null,
        (error: unknown) => String(error),
      );
      expect(failure).to.include('was away');
      away = false;
      await publisher.publish();
      expect(await streamed()).to.deep.equal(['1-0 a', '2-0 b']);
    });
  });

  it('appends nothing when it was frozen after it had read: others may have gone on, with a Redis that was emptied', async () => {
    await log(toy.db, ['a']);
    const clock = sinon.stub(performance, 'now');
    clock.onFirstCall().returns(0).returns(2_001);
    const failure = await createPublisher()
      .publish()
      .then(
        () => null,
        (error: unknown) => String(error),
      )
      .finally(() => clock.restore());
    expect(failure).to.include('too long ago');
    expect(await streamed()).to.deep.equal([]);
    expect(await createPublisher().publish()).to.equal(1);
  });
});
