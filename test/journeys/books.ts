import { expect } from 'chai';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { streamKey } from '../../queues/streams.js';
import { columnsFollowSnapshots, journalsFold } from '../../scripts/chaos/check/journals.js';
import { chargesMatchStates, nothingIsChargedTwice, paymentsMatchGateway } from '../../scripts/chaos/check/money.js';
import { reservedStockIsHeld, stockFollowsMovements, stockIsNeverNegative } from '../../scripts/chaos/check/stock.js';
import { streamsFollowTheLog } from '../../scripts/chaos/check/streams.js';
import { actors } from '../../src/services/registry.js';
import { eventually } from '../support/eventually.js';
import { personal } from './fixtures.js';
import type { Shop } from './shop.js';

/** What must hold of a shop after whatever its suite did to it: the last tests of every suite. */
export function itKeepsItsBooks(shop: () => Shop): void {
  describe('afterwards', () => {
    it('has nothing left to do, and nothing dead', async () => {
      await shop().sandbox.webhooksSettled();
      const { rows: dead } = await sql`select type, error from runtime.dead_letters`.execute(shop().db);
      expect(dead).to.deep.equal([]);
      let waiting: unknown[] = [];
      await eventually('every mailbox is empty', async () => {
        const { rows } = await sql`select type, deferred, last_error from runtime.mailbox`.execute(shop().db);
        waiting = rows;
        return rows.length === 0;
      }).catch(() => undefined);
      expect(waiting).to.deep.equal([]);
    });

    it('has charged every order what its state says, to the cent, and never twice', async () => {
      const evidence = { db: shop().db, ledger: shop().sandbox.ledger() };
      expect(await chargesMatchStates(evidence)).to.deep.equal([]);
      expect(await paymentsMatchGateway(evidence)).to.deep.equal([]);
      expect(await nothingIsChargedTwice(evidence)).to.deep.equal([]);
    });

    it('has the stock that its movements add up to, and holds what its orders hold', async () => {
      expect(await stockFollowsMovements(shop())).to.deep.equal([]);
      expect(await stockIsNeverNegative(shop())).to.deep.equal([]);
      expect(await reservedStockIsHeld(shop())).to.deep.equal([]);
    });

    it('folds every actor’s journal to its snapshot, byte for byte (invariant 7)', async () => {
      let kindsSeen = 0;
      for (const actor of Object.values(actors)) {
        const { rows } = await sql`select id from ${sql.table(actor.table)} limit 1`.execute(shop().db);
        kindsSeen += rows.length;
      }
      expect(kindsSeen).to.be.above(0);
      expect(await journalsFold(shop())).to.deep.equal([]);
    });

    it('shows people what the snapshots say', async () => {
      expect(await columnsFollowSnapshots(shop())).to.deep.equal([]);
    });

    it('streams every public event once and in order, without gaps', async () => {
      await withRedis(shop(), async (redis) => {
        const { rows } = await sql<{ channel: string; events: string }>`
          select channel, count(*) as events from runtime.event_log group by channel`.execute(shop().db);
        const { prefix } = shop().redis;
        for (const { channel, events } of rows) {
          const key = streamKey(prefix, channel);
          await eventually(`${channel} has all events`, async () => (await redis.xlen(key)) >= Number(events));
          expect((await redis.xrange(key, '-', '+', 'COUNT', 1))[0]?.[0]).to.equal('1-0');
        }
        expect(await streamsFollowTheLog({ db: shop().db, redis, prefix })).to.deep.equal([]);
      });
    });

    it('logs events for the outside without what is personal in them (invariant 10)', async () => {
      const { rows } = await sql<{ data: string }>`select data::text from runtime.event_log`.execute(shop().db);
      for (const { data } of rows) expect(leak(data)).to.equal(null);
    });

    it('has put no card token, e-mail, street or name into a job, a stream or the log (invariant 10)', async () => {
      await withRedis(shop(), async (redis) => {
        const keys = await redis.keys(`${shop().redis.prefix}*`);
        expect(keys.some((key) => key.includes(':stream:'))).to.equal(true);
        for (const key of keys) expect(leak(await contentOf(redis, key)), key).to.equal(null);
      });
      expect(shop().log).to.include('"msg":"request"');
      expect(leak(shop().log)).to.equal(null);
    });
  });
}

/** The first personal thing in a text, with what is around it. */
function leak(text: string): string | null {
  const found = personal.exec(text);
  return found && text.slice(Math.max(0, found.index - 120), found.index + 60);
}

async function contentOf(redis: Redis, key: string): Promise<string> {
  switch (await redis.type(key)) {
    case 'stream':
      return JSON.stringify(await redis.xrange(key, '-', '+'));
    case 'hash':
      return JSON.stringify(await redis.hgetall(key));
    case 'list':
      return JSON.stringify(await redis.lrange(key, 0, -1));
    case 'zset':
      return JSON.stringify(await redis.zrange(key, '0', '-1'));
    case 'set':
      return JSON.stringify(await redis.smembers(key));
    default:
      return (await redis.get(key)) ?? '';
  }
}

async function withRedis(shop: Shop, work: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis(shop.redis.url);
  try {
    await work(redis);
  } finally {
    redis.disconnect();
  }
}
