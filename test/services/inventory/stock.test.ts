import { expect } from 'chai';
import { messages } from '../../../machines/index.js';
import type { Handled } from '../../../src/runtime/ports.js';
import { message } from '../../machines/given.js';
import { added, allocationsOf, chair, dublin, itemOf, lamp, mug, osaka, reno, Shop, said, wanted } from './shop.js';

describe('stock for orders', () => {
  let shop: Shop;

  before(async () => {
    shop = await Shop.open();
  });
  beforeEach(() => shop.empty());
  after(() => shop.close());

  const orderOf = (wish: ReturnType<typeof wanted>) => wish.data.orderId;

  describe('AllocateStock', () => {
    it('holds every line and says so once per movement (V-02, S-031)', async () => {
      await shop.tell(added(mug, reno, 10), added(lamp, reno, 5));
      const wish = wanted([
        [mug, 2],
        [lamp, 1],
      ]);
      const [handled] = await shop.tell(wish);

      expect(said(handled, 'StockAllocated').map((one) => one.data)).to.deep.equal([
        {
          orderId: orderOf(wish),
          allocations: [
            { productId: mug, stockItemId: itemOf(mug, reno), warehouseId: reno, quantity: 2 },
            { productId: lamp, stockItemId: itemOf(lamp, reno), warehouseId: reno, quantity: 1 },
          ],
        },
      ]);
      expect(
        said(handled, 'InventoryAdjusted').map(({ data }) => [data.sku, data.reason, data.orderId, data.quantity]),
      ).to.deep.equal([
        ['MUG', 'order_reserved', orderOf(wish), 2],
        ['LAMP', 'order_reserved', orderOf(wish), 1],
      ]);
      expect(await shop.level(mug, reno)).to.deep.equal([10, 2, 8]);
      expect(await shop.level(lamp, reno)).to.deep.equal([5, 1, 4]);
    });

    it('holds nothing when one line is short, and names the first short one (V-03, R-16, C-58)', async () => {
      await shop.tell(added(mug, reno, 10), added(lamp, reno, 1), added(lamp, dublin, 1));
      const wish = wanted([
        [mug, 2],
        [lamp, 3],
      ]);
      const [handled] = await shop.tell(wish);

      expect(said(handled, 'StockInsufficient').map((one) => one.data)).to.deep.equal([
        { orderId: orderOf(wish), shortages: [{ productId: lamp, requested: 3, available: 2 }] },
      ]);
      expect(said(handled, 'OutOfStock').map(({ data }) => data)).to.deep.include.members([
        {
          productId: lamp,
          sku: 'LAMP',
          productName: 'Lamp',
          warehouseId: null,
          currentQuantity: 2,
          orderId: orderOf(wish),
          requestedQuantity: 3,
          timestamp: wish.at,
        },
      ]);
      expect(said(handled, 'InventoryAdjusted')).to.have.length(0);
      expect(await shop.level(mug, reno)).to.deep.equal([10, 0, 10]);
    });

    it('knows the name of a product that no warehouse has ever had', async () => {
      const [handled] = await shop.tell(wanted([[chair, 1]]));
      expect(said(handled, 'OutOfStock').map(({ data }) => [data.sku, data.currentQuantity])).to.deep.equal([
        ['CHAIR', 0],
      ]);
    });

    it('takes from the warehouse nearest to the destination (R-14, S-122)', async () => {
      await shop.tell(added(mug, reno, 10), added(mug, dublin, 10), added(mug, osaka, 10));
      const handled = await shop.tell(wanted([[mug, 1]], 'US'), wanted([[mug, 1]], 'DE'), wanted([[mug, 1]], 'AU'));
      expect(handled.map((one) => allocationsOf(one)[0]?.warehouseId)).to.deep.equal([reno, dublin, osaka]);
    });

    it('goes to the next warehouse only for what the nearest lacks (R-14)', async () => {
      await shop.tell(added(mug, reno, 3), added(mug, dublin, 10), added(mug, osaka, 10));
      const [handled] = await shop.tell(wanted([[mug, 5]], 'US'));
      expect(allocationsOf(handled).map(({ warehouseId, quantity }) => [warehouseId, quantity])).to.deep.equal([
        [reno, 3],
        [dublin, 2],
      ]);
    });

    it('passes by closed warehouses, and items that are not for sale', async () => {
      await shop.tell(added(mug, reno, 3), added(mug, dublin, 3), added(mug, osaka, 3));
      await shop.db
        .updateTable('inventory.warehouses')
        .set({ is_active: false })
        .where('warehouse_id', '=', reno)
        .execute();
      await shop.db
        .updateTable('inventory.stock_items')
        .set({ status: 'QUARANTINED' })
        .where('warehouse_id', '=', dublin)
        .execute();
      const [first, second] = await shop.tell(wanted([[mug, 3]]), wanted([[mug, 1]]));
      expect(allocationsOf(first).map(({ warehouseId }) => warehouseId)).to.deep.equal([osaka]);
      expect(said(second, 'StockInsufficient')).to.have.length(1);
    });

    it('serves a batch in the order of its messages', async () => {
      await shop.stockUp(mug, reno, 3);
      const handled = await shop.tell(wanted([[mug, 2]]), wanted([[mug, 2]]), wanted([[mug, 1]]));
      expect(handled.map((one) => one.emit?.[0]?.type)).to.deep.equal([
        'StockAllocated',
        'StockInsufficient',
        'StockAllocated',
      ]);
      expect(await shop.level(mug, reno)).to.deep.equal([3, 3, 0]);
    });

    it('adds up two lines of one product before it looks', async () => {
      await shop.stockUp(mug, reno, 3);
      const [handled] = await shop.tell(
        wanted([
          [mug, 2],
          [mug, 2],
        ]),
      );
      expect(said(handled, 'StockInsufficient').map(({ data }) => data.shortages)).to.deep.equal([
        [{ productId: mug, requested: 4, available: 3 }],
      ]);
    });

    it('tells when the last unit is gone, and when the reorder point is crossed, once (S-032, R-17)', async () => {
      await shop.stockUp(mug, reno, 5);
      await shop.db
        .updateTable('inventory.stock_items')
        .set({ reorder_point: 2, reorder_qty: 50, max_level: 53 })
        .execute();
      const handled = await shop.tell(wanted([[mug, 2]]), wanted([[mug, 1]]), wanted([[mug, 1]]), wanted([[mug, 1]]));
      expect(
        handled.map((one) => said(one, 'LowStockAlert').map(({ data }) => [data.available, data.reorderQuantity])),
      ).to.deep.equal([[], [[2, 48]], [], []]);
      expect(
        handled.map((one) => said(one, 'OutOfStock').map(({ data }) => [data.warehouseId, data.orderId])),
      ).to.deep.equal([[], [], [], [[reno, undefined]]]);
    });
  });

  describe('a reservation', () => {
    it('is given back (V-06, V-07)', async () => {
      await shop.stockUp(mug, reno, 5);
      const wish = wanted([[mug, 2]]);
      const allocations = allocationsOf((await shop.tell(wish))[0]);
      const [handled] = await shop.tell(
        message('ReleaseStock', { orderId: orderOf(wish), allocations, reason: 'reservation_expired' }),
      );
      expect(
        said(handled, 'InventoryAdjusted').map(({ data }) => [data.reason, data.adjustedQuantity, data.newQuantity]),
      ).to.deep.equal([['reservation_expired', 2, 5]]);
      expect(await shop.level(mug, reno)).to.deep.equal([5, 0, 5]);
    });

    it('is committed without a change of any quantity (V-05, C-07)', async () => {
      await shop.stockUp(mug, reno, 5);
      const wish = wanted([[mug, 2]]);
      const allocations = allocationsOf((await shop.tell(wish))[0]);
      const [handled] = await shop.tell(message('CommitStock', { orderId: orderOf(wish), allocations }));
      expect(
        said(handled, 'InventoryAdjusted').map(({ data }) => [
          data.reason,
          data.adjustmentType,
          data.adjustedQuantity,
          data.quantity,
          data.newQuantity,
        ]),
      ).to.deep.equal([['reservation_committed', 'none', 0, 2, 3]]);
      expect(await shop.level(mug, reno)).to.deep.equal([5, 2, 3]);
    });

    it('leaves the shelf when it is dispatched (V-08)', async () => {
      await shop.stockUp(mug, reno, 5);
      const wish = wanted([[mug, 2]]);
      const allocations = allocationsOf((await shop.tell(wish))[0]);
      const [handled] = await shop.tell(message('ShipStock', { orderId: orderOf(wish), allocations }));
      expect(
        said(handled, 'InventoryAdjusted').map(({ data }) => [
          data.reason,
          data.quantityOnHand,
          data.quantityReserved,
          data.newQuantity,
        ]),
      ).to.deep.equal([['order_shipped', 3, 0, 3]]);
      expect(await shop.level(mug, reno)).to.deep.equal([3, 0, 3]);
      const movement = await shop.db
        .selectFrom('inventory.stock_movements')
        .selectAll()
        .where('type', '=', 'OUTBOUND')
        .executeTakeFirstOrThrow();
      expect([movement.on_hand_change, movement.reserved_change, movement.order_id]).to.deep.equal([
        -2,
        -2,
        orderOf(wish),
      ]);
    });

    it('cannot be given back twice: that is an error of the sender, and nothing changes', async () => {
      await shop.stockUp(mug, reno, 5);
      const wish = wanted([[mug, 2]]);
      const allocations = allocationsOf((await shop.tell(wish))[0]);
      const back = () =>
        shop.tell(message('ReleaseStock', { orderId: orderOf(wish), allocations, reason: 'reservation_released' }));
      await back();
      const error = await back().catch((thrown) => thrown);
      expect(error).to.include({ name: 'FatalError', code: 'NEGATIVE_STOCK' });
      expect(await shop.level(mug, reno)).to.deep.equal([5, 0, 5]);
    });
  });

  describe('the ledger', () => {
    it('adds up to the stock, and numbers the changes of an item', async () => {
      const wish = wanted([[mug, 2]]);
      await shop.stockUp(mug, reno, 5);
      const allocations = allocationsOf((await shop.tell(wish))[0]);
      await shop.tell(message('CommitStock', { orderId: orderOf(wish), allocations }));
      await shop.tell(message('ShipStock', { orderId: orderOf(wish), allocations }));
      expect(await shop.ledger()).to.deep.equal([
        { item: itemOf(mug, reno), onHand: 3, reserved: 0, onHandMoved: 3, reservedMoved: 0 },
      ]);
      const rows = await shop.db
        .selectFrom('inventory.stock_movements')
        .select(['reason', 'stock_version'])
        .orderBy('recorded_at')
        .execute();
      expect(rows.map((row) => [row.reason, row.stock_version])).to.deep.equal([
        ['restock', 1],
        ['order_reserved', 2],
        ['reservation_committed', 2],
        ['order_shipped', 3],
      ]);
    });

    it('refuses to be rewritten', async () => {
      await shop.stockUp(mug, reno, 5);
      const attempts = [
        shop.db.updateTable('inventory.stock_movements').set({ quantity: 1 }).execute(),
        shop.db.deleteFrom('inventory.stock_movements').execute(),
      ];
      for (const result of await Promise.allSettled(attempts)) {
        expect(result).to.have.property('status', 'rejected');
        expect(String((result as PromiseRejectedResult).reason)).to.contain('append-only');
      }
    });

    it('takes a message once, however often it is told', async () => {
      await shop.stockUp(mug, reno, 5);
      const wish = wanted([[mug, 2]]);
      await shop.tell(wish);
      const handled = await shop.tell(wish, wanted([[mug, 1]]));
      expect(handled[0]).to.deep.equal({});
      expect(await shop.level(mug, reno)).to.deep.equal([5, 3, 2]);
    });
  });

  it('says nothing that the catalogue does not allow', async () => {
    const wish = wanted([[mug, 2]], 'IE');
    const first = await shop.tell(
      added(mug, reno, 1),
      added(mug, dublin, 1),
      wish,
      wanted([[mug, 1]]),
      wanted([[lamp, 1]]),
    );
    const allocations = allocationsOf(first[2]);
    const rest = await shop.tell(
      message('CommitStock', { orderId: orderOf(wish), allocations }),
      message('ShipStock', { orderId: orderOf(wish), allocations }),
    );
    const emitted = [...first, ...rest].flatMap((handled: Handled) => handled.emit ?? []);
    expect(emitted).to.have.length.above(8);
    for (const { type, data } of emitted) messages[type as keyof typeof messages].schema.parse(data);
  });
});
