import { expect } from 'chai';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { orderBooks } from '../../scripts/stripeSandbox/orderBooks.js';
import { fold, readJournal } from '../../src/runtime/fold.js';
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

    it('has charged every order what its state says, to the cent', async () => {
      const { rows } = await sql<{ id: string; state: string; total: string }>`
        select id, state, total_minor as total from orders.orders`.execute(shop().db);
      const books = orderBooks(shop().sandbox.ledger());
      for (const { id, state, total } of rows) {
        const owed = /^(paid|fulfilling|shipped|delivered)/.test(state) ? Number(total) : 0;
        expect(books.get(id)?.net ?? 0, `order ${id}, ${state}`).to.equal(owed);
      }
      const { rows: sums } = await sql<{ order_id: string; net: string }>`
        select order_id, sum(coalesce(captured_minor, 0) - refunded_minor) as net
        from payments.payments group by order_id`.execute(shop().db);
      for (const { order_id, net } of sums) {
        expect(Number(net), `payments of ${order_id}`).to.equal(books.get(order_id)?.net ?? 0);
      }
    });

    it('has the stock that its movements add up to, and holds what its orders hold', async () => {
      const { rows: wrong } = await sql`
        select i.sku, i.on_hand, i.reserved, m.on_hand as moved, m.reserved as held from inventory.stock_items i
        left join (
          select stock_item_id, sum(on_hand_change) as on_hand, sum(reserved_change) as reserved
          from inventory.stock_movements group by 1) m using (stock_item_id)
        where i.on_hand <> coalesce(m.on_hand, 0) or i.reserved <> coalesce(m.reserved, 0)`.execute(shop().db);
      expect(wrong).to.deep.equal([]);
      const { rows: unheld } = await sql`
        select i.sku, i.reserved, h.held from inventory.stock_items i
        left join (
          select (a ->> 'stockItemId')::uuid as stock_item_id, sum((a ->> 'quantity')::int) as held
          from inventory.reservations r, jsonb_array_elements(r.snapshot #> '{context,allocations}') a
          where r.state like 'confirmed.%' and not r.snapshot #> '{context,shippedWarehouses}' @> jsonb_build_array(a -> 'warehouseId')
          group by 1) h using (stock_item_id)
        where i.reserved <> coalesce(h.held, 0)`.execute(shop().db);
      expect(unheld).to.deep.equal([]);
    });

    it('folds every actor’s journal to its snapshot, byte for byte (invariant 7)', async () => {
      for (const [recipient, actor] of Object.entries(actors)) {
        const { rows } = await sql<{ id: string; version: number }>`
          select id, version from ${sql.table(actor.table)}`.execute(shop().db);
        expect(rows, recipient).to.not.have.length(0);
        for (const { id, version } of rows) {
          const folded = fold(actor, await readJournal(shop().db, recipient, id));
          expect(folded?.version, `${recipient} ${id}`).to.equal(version);
          const { rows: same } = await sql<{ stored: string; folded: string }>`
            select snapshot::text as stored, ${JSON.stringify(folded?.snapshot)}::jsonb::text as folded
            from ${sql.table(actor.table)} where id = ${id}`.execute(shop().db);
          expect(same[0]?.folded, `${recipient} ${id}`).to.equal(same[0]?.stored);
        }
      }
    });

    it('streams every public event once and in order, without gaps', async () => {
      await withRedis(shop(), async (redis) => {
        const { rows } = await sql<{ channel: string; ids: string[] }>`
          select channel, array_agg(id::text order by xid, seq) as ids from runtime.event_log group by channel`.execute(
          shop().db,
        );
        for (const { channel, ids } of rows) {
          const key = `${shop().redis.prefix}:stream:${channel}`;
          await eventually(`${channel} has all events`, async () => (await redis.xlen(key)) >= ids.length);
          const entries = await redis.xrange(key, '-', '+');
          expect(entries.map(([, fields]) => fields[fields.indexOf('id') + 1])).to.deep.equal(ids);
          expect(entries.map(([position]) => position)).to.deep.equal(ids.map((_, index) => `${index + 1}-0`));
        }
      });
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
