import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import fc from 'fast-check';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import type { Allocation } from '../../../machines/shared/values.js';
import type { Database } from '../../../src/db/tables.js';
import { stock } from '../../../src/services/inventory/stock.js';
import { message } from '../../machines/given.js';
import { added, chair, dublin, lamp, mug, osaka, reno, Shop, type StockMessages, said, wanted } from './shop.js';

const products = [mug, lamp, chair];
const warehouses = [reno, dublin, osaka];

/** One thing that a worker does: buy, or end what it bought earlier, or fill the shelf. */
type Move =
  | { readonly do: 'buy'; readonly lines: readonly (readonly [number, number])[]; readonly country: string }
  | { readonly do: 'release' | 'commit' | 'ship'; readonly which: number }
  | { readonly do: 'add'; readonly product: number; readonly warehouse: number; readonly quantity: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('buy' as const),
      lines: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 3 }),
      country: fc.constantFrom('US', 'DE', 'JP'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('release' as const, 'commit' as const, 'ship' as const),
      which: fc.nat(20),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      product: fc.nat(2),
      warehouse: fc.nat(2),
      quantity: fc.integer({ min: 1, max: 6 }),
    }),
  },
);

const batches = fc.array(fc.array(move, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 6 });

/** A worker that drains its batches one after the other, knowing only its own orders. */
class Worker {
  readonly held: {
    readonly orderId: string;
    readonly lines: ReadonlyMap<string, number>;
    readonly allocations: readonly Allocation[];
  }[] = [];

  constructor(private readonly shop: Shop) {}

  async work(moves: readonly Move[]): Promise<void> {
    const messages = moves.flatMap((one) => this.#message(one));
    if (messages.length === 0) return;
    const handled = await this.shop.db.transaction().execute(async (trx) => {
      const answers = await stock.handle(trx, messages);
      await sleep(1); // The rest of the drain, with the locks held.
      return answers;
    });
    for (const [index, sent] of messages.entries()) {
      if (sent.type !== 'AllocateStock') continue;
      const { orderId, lines } = sent.data as ReturnType<typeof wanted>['data'];
      const [granted] = said(handled[index], 'StockAllocated');
      if (!granted) continue;
      const sums = new Map<string, number>();
      for (const line of lines) sums.set(line.productId, (sums.get(line.productId) ?? 0) + line.quantity);
      this.held.push({ orderId, lines: sums, allocations: granted.data.allocations });
    }
  }

  #message(one: Move): StockMessages {
    if (one.do === 'buy') {
      return [
        wanted(
          one.lines.map(([product, quantity]) => [products[product] as string, quantity] as const),
          one.country,
        ),
      ];
    }
    if (one.do === 'add')
      return [added(products[one.product] as string, warehouses[one.warehouse] as string, one.quantity)];
    const order = this.held[one.which % Math.max(1, this.held.length)];
    if (!order) return [];
    const data = { orderId: order.orderId, allocations: [...order.allocations] };
    if (one.do === 'commit') return [message('CommitStock', data)];
    this.held.splice(this.held.indexOf(order), 1);
    return [
      one.do === 'ship'
        ? message('ShipStock', data)
        : message('ReleaseStock', { ...data, reason: 'reservation_released' }),
    ];
  }
}

describe('stock under concurrent transactions', function () {
  this.timeout(120_000);
  let shop: Shop;

  before(async () => {
    shop = await Shop.open();
  });
  beforeEach(() => shop.empty());
  after(() => shop.close());

  it('is never negative, explained by its movements, all or none per order, and never in a deadlock, whatever is interleaved', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(batches, { minLength: 2, maxLength: 5 }), async (plans) => {
        await shop.empty();
        await shop.tell(...products.flatMap((product) => warehouses.map((warehouse) => added(product, warehouse, 6))));
        const workers = plans.map((plan) => ({ plan, worker: new Worker(shop) }));
        await Promise.all(
          workers.map(async ({ plan, worker }) => {
            for (const moves of plan) await worker.work(moves);
          }),
        );
        const held = workers.flatMap(({ worker }) => worker.held);
        for (const { lines, allocations } of held) {
          for (const [product, quantity] of lines) {
            const got = allocations
              .filter((one) => one.productId === product)
              .reduce((sum, one) => sum + one.quantity, 0);
            expect(got, 'units held for a line').to.equal(quantity);
          }
        }
        const reservedOf = new Map<string, number>();
        for (const { stockItemId, quantity } of held.flatMap((order) => order.allocations)) {
          reservedOf.set(stockItemId, (reservedOf.get(stockItemId) ?? 0) + quantity);
        }
        for (const row of await shop.ledger()) {
          expect(row.onHand).to.equal(row.onHandMoved);
          expect(row.reserved).to.equal(row.reservedMoved);
          expect(row.reserved).to.equal(reservedOf.get(row.item) ?? 0);
          expect(row.onHand - row.reserved).to.be.at.least(0);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('sells the last unit once, to one of twenty orders that want it at the same time', async () => {
    await shop.stockUp(mug, dublin, 1);
    const handled = await Promise.all(Array.from({ length: 20 }, () => shop.tell(wanted([[mug, 1]]))));
    const sold = handled.filter(([one]) => said(one, 'StockAllocated').length === 1);
    expect(sold).to.have.length(1);
    expect(handled.filter(([one]) => said(one, 'StockInsufficient').length === 1)).to.have.length(19);
    expect(await shop.level(mug, dublin)).to.deep.equal([1, 1, 0]);
  });

  it('makes one stock item when the first goods of a product come in twice at once', async () => {
    const goods = (nth: number) =>
      message('AddInventory', { ...added(mug, reno, 3).data, stockItemId: wanted([[mug, nth]]).data.orderId });
    await Promise.all([shop.tell(goods(1)), shop.tell(goods(2)), shop.tell(goods(3))]);
    expect((await shop.ledger()).map((row) => row.onHand)).to.deep.equal([9]);
  });

  it('never overfills a warehouse from two sides', async () => {
    await shop.stockUp(mug, reno, 1);
    await shop.db.updateTable('inventory.warehouses').set({ capacity: 11 }).where('warehouse_id', '=', reno).execute();
    const handled = await Promise.all([mug, lamp, chair, lamp].map((product) => shop.tell(added(product, reno, 4))));
    expect(handled.map(([one]) => one?.refuse?.code).filter(Boolean)).to.deep.equal([
      'WAREHOUSE_FULL',
      'WAREHOUSE_FULL',
    ]);
  });
});

describe('the stock handler', () => {
  let shop: Shop;
  let db: Kysely<Database>;
  let statements = 0;

  before(async () => {
    shop = await Shop.open();
    db = new Kysely<Database>({
      dialect: new PostgresDialect({ pool: new Pool({ connectionString: shop.url, max: 1 }) }),
      log: ({ query }) => {
        if (query.sql !== 'begin' && query.sql !== 'commit') statements += 1;
      },
    });
  });
  after(async () => {
    await db.destroy();
    await shop.close();
  });

  it('asks the database equally often for one order and for fifty', async () => {
    await shop.tell(added(mug, reno, 500), added(lamp, dublin, 500));
    const ask = async (count: number) => {
      statements = 0;
      const wishes = Array.from({ length: count }, () =>
        wanted([
          [mug, 1],
          [lamp, 2],
        ]),
      );
      await db.transaction().execute((trx) => stock.handle(trx, wishes));
      return statements;
    };
    expect([await ask(1), await ask(50)]).to.deep.equal([3, 3]);
  });
});
