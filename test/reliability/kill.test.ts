import { expect } from 'chai';
import { sql } from 'kysely';
import { seededProducts } from '../../scripts/seed/catalogue.js';
import { orderBooks } from '../../scripts/stripeSandbox/orderBooks.js';
import { type Fleet, startFleet } from '../support/fleet.js';

const orderCount = 500;
const lines = [
  { productId: seededProducts[0]?.id as string, quantity: 1 },
  { productId: seededProducts[1]?.id as string, quantity: 2 },
];

/**
 * Nothing is lost and nothing is charged twice, whatever dies: real processes, killed with -9 while they work on 500 orders,
 * and a Redis that forgets everything once.
 */
describe('two webs and three workers that are killed in the middle of 500 orders', function () {
  this.timeout(240_000);
  let fleet: Fleet;
  const accepted = new Map<string, number>();
  before(async () => {
    fleet = await startFleet({ webs: 2, workers: 3 });
    await sql`update inventory.stock_items set on_hand = on_hand + 100000
      where product_id = any(${lines.map(({ productId }) => productId)}::uuid[])`.execute(fleet.db);
    stockBefore = await onHand();
  });
  after(() => fleet?.close());
  let stockBefore = 0;

  const onHand = async (): Promise<number> => {
    const { rows } = await sql<{ n: string }>`select sum(on_hand) as n from inventory.stock_items`.execute(fleet.db);
    return Number(rows[0]?.n);
  };

  /** Places one order; on any failure again under the same key, at the other web. */
  const place = async (number: number): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      const web = fleet.webs[(number + attempt) % fleet.webs.length];
      try {
        const response = await fetch(`${web?.url}/v1/orders`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': `kill-${number}` },
          body: JSON.stringify({
            items: lines,
            currency: 'USD',
            shippingAddress: {
              street: `${number} Main Street`,
              city: 'Springfield',
              state: 'IL',
              postalCode: '62701',
              country: 'US',
            },
            payment: { method: { type: 'card', token: 'pm_card_visa' } },
          }),
          signal: AbortSignal.timeout(20_000),
        });
        const body = (await response.json()) as { id: string; totalAmount: { amount: number } };
        if (response.status === 201) {
          accepted.set(body.id, body.totalAmount.amount);
          return;
        }
      } catch {
        // The web was killed under the request: a customer would try again, too.
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  };

  it('brings all of them to a paid state, charges each once, and keeps the stock exact', async () => {
    let next = 0;
    const customers = Promise.all(
      Array.from({ length: 12 }, async () => {
        while (next < orderCount) await place(next++);
      }),
    );
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const kills = async (): Promise<void> => {
      await pause(800);
      for (const victim of [fleet.workers[0], fleet.webs[0], fleet.workers[1], fleet.webs[1], fleet.workers[2]]) {
        await victim?.killAndReplace();
        if (victim === fleet.workers[1]) await fleet.redis.flushall();
        await pause(300);
      }
    };
    await Promise.all([customers, kills()]);

    await waitFor(async () => {
      const { rows } = await sql<{
        n: string;
      }>`select count(*) as n from orders.orders where state = 'fulfilling.booked'`.execute(fleet.db);
      return Number(rows[0]?.n) === orderCount;
    }, 120_000);

    const { rows: orders } = await sql<{ id: string; state: string }>`select id, state from orders.orders`.execute(
      fleet.db,
    );
    expect(orders, 'one order per customer request').to.have.length(orderCount);
    expect([...accepted.keys()].sort()).to.deep.equal(orders.map(({ id }) => id).sort());
    const books = orderBooks(fleet.sandbox.ledger());
    for (const [id, total] of accepted) {
      expect(books.get(id), id).to.include({ charges: 1, refunds: 0, net: total });
    }

    const { rows: stock } = await sql<{ reserved: string; sold: string }>`
      select (select sum(reserved) from inventory.stock_items) as reserved,
        (select sum(reserved_change) from inventory.stock_movements) as sold`.execute(fleet.db);
    expect(await onHand()).to.equal(stockBefore);
    expect(Number(stock[0]?.reserved)).to.equal(orderCount * 3);
    expect(Number(stock[0]?.sold)).to.equal(orderCount * 3);

    const { rows: left } = await sql<{ mailbox: string; dead: string }>`
      select (select count(*) from runtime.mailbox where type <> 'SendNotification') as mailbox,
        (select count(*) from runtime.dead_letters) as dead`.execute(fleet.db);
    expect(left[0]).to.deep.equal({ mailbox: '0', dead: '0' });
  });
});

/** Polls until it holds. */
async function waitFor(holds: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
