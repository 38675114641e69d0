import { expect } from 'chai';
import type { MessageData } from '../../../machines/index.js';
import type { Handled } from '../../../src/runtime/ports.js';
import type { StockItemView } from '../../../src/services/inventory/stockItem.js';
import { id, message } from '../../machines/given.js';
import { added, dublin, itemOf, mug, reno, Shop, said, wanted } from './shop.js';

const adding = (change: Partial<MessageData<'AddInventory'>>) =>
  message('AddInventory', { ...added(mug, reno, 5).data, ...change });

const changing = (quantityChange: number, change: Partial<MessageData<'UpdateInventory'>> = {}) =>
  message('UpdateInventory', {
    stockItemId: itemOf(mug, reno),
    productId: mug,
    warehouseId: reno,
    quantityChange,
    reason: 'manual_correction',
    performedBy: 'ann',
    ...change,
  });

const counting = (quantity: number) =>
  message('SetInventory', {
    stockItemId: itemOf(mug, reno),
    productId: mug,
    warehouseId: reno,
    quantity,
    reason: 'manual_correction',
    performedBy: 'ann',
  });

const dropping = (stockItemId = itemOf(mug, reno)) => message('DeleteInventory', { stockItemId, performedBy: 'ann' });

const answered = (handled: Handled | undefined) => handled?.answer as StockItemView;
const refused = (handled: readonly Handled[]) => handled.map((one) => one.refuse?.code);

describe('stock changed by people', () => {
  let shop: Shop;

  before(async () => {
    shop = await Shop.open();
  });
  beforeEach(() => shop.empty());
  after(() => shop.close());

  const movements = () =>
    shop.db
      .selectFrom('inventory.stock_movements')
      .select(['type', 'reason', 'on_hand_change as change', 'performed_by as by'])
      .orderBy('stock_version')
      .execute();

  describe('AddInventory (S-044)', () => {
    it('puts the first goods of a product into a warehouse, and more later, under whatever id', async () => {
      const [first] = await shop.tell(adding({}));
      const [second] = await shop.tell(adding({ stockItemId: id('another id'), quantity: 2 }));
      expect(answered(first)).to.deep.equal({
        stockItemId: itemOf(mug, reno),
        productId: mug,
        sku: 'MUG',
        warehouseId: reno,
        quantityOnHand: 5,
        quantityReserved: 0,
        quantityAvailable: 5,
        status: 'ACTIVE',
        version: 1,
      });
      expect(answered(second)).to.include({ stockItemId: itemOf(mug, reno), quantityOnHand: 7 });
      expect(
        said(second, 'InventoryAdjusted').map(({ data }) => [
          data.reason,
          data.adjustmentType,
          data.previousQuantity,
          data.newQuantity,
        ]),
      ).to.deep.equal([['restock', 'increase', 5, 7]]);
      expect(await movements()).to.deep.equal([
        { type: 'INBOUND', reason: 'restock', change: 5, by: 'receiving' },
        { type: 'INBOUND', reason: 'restock', change: 2, by: 'receiving' },
      ]);
    });

    it('writes returns and transfers down as such, and keeps damaged goods off the shelf', async () => {
      const returned = { type: 'return', orderId: id('order'), returnId: id('return') } as const;
      const handled = await shop.tell(
        adding({ source: { ...returned, condition: 'new' }, quantity: 3 }),
        adding({ source: { ...returned, condition: 'damaged' }, quantity: 2 }),
        adding({ source: { type: 'transfer', sourceWarehouseId: dublin, transferId: id('transfer') }, quantity: 4 }),
      );
      expect(handled.map((one) => answered(one).quantityOnHand)).to.deep.equal([3, 3, 7]);
      expect((await movements()).map(({ type, reason, change }) => [type, reason, change])).to.deep.equal([
        ['RETURN', 'customer_return', 3],
        ['RETURN', 'customer_return', 2],
        ['ADJUSTMENT', 'damaged_goods', -2],
        ['TRANSFER', 'transfer', 4],
      ]);
    });

    it('refuses what cannot be: unknown product or warehouse, another item’s id, a closed or full warehouse', async () => {
      await shop.stockUp(mug, reno, 5);
      await shop.db.updateTable('inventory.warehouses').set({ capacity: 8 }).where('warehouse_id', '=', reno).execute();
      await shop.db
        .updateTable('inventory.warehouses')
        .set({ is_active: false })
        .where('warehouse_id', '=', dublin)
        .execute();
      const handled = await shop.tell(
        adding({ productId: id('nothing'), stockItemId: id('new') }),
        adding({ warehouseId: id('nowhere'), stockItemId: id('new') }),
        adding({ source: { type: 'transfer', sourceWarehouseId: id('nowhere'), transferId: id('transfer') } }),
        adding({ warehouseId: dublin }),
        adding({ warehouseId: dublin, stockItemId: id('new') }),
        adding({ quantity: 3 }),
        adding({ quantity: 1 }),
      );
      expect(refused(handled)).to.deep.equal([
        'UNKNOWN_PRODUCT',
        'UNKNOWN_WAREHOUSE',
        'UNKNOWN_WAREHOUSE',
        'PRODUCT_MISMATCH',
        'WAREHOUSE_INACTIVE',
        undefined,
        'WAREHOUSE_FULL',
      ]);
      expect(await shop.level(mug, reno)).to.deep.equal([8, 0, 8]);
      expect(await shop.ledger()).to.have.length(1);
    });
  });

  describe('UpdateInventory (S-043)', () => {
    it('changes stock by a signed quantity', async () => {
      await shop.stockUp(mug, reno, 5);
      const handled = await shop.tell(changing(3), changing(-6, { reason: 'damaged_goods' }), changing(0));
      expect(handled.map((one) => answered(one).quantityOnHand)).to.deep.equal([8, 2, 2]);
      expect((await movements()).slice(1)).to.deep.equal([
        { type: 'ADJUSTMENT', reason: 'manual_correction', change: 3, by: 'ann' },
        { type: 'ADJUSTMENT', reason: 'damaged_goods', change: -6, by: 'ann' },
      ]);
    });

    it('never takes what is reserved', async () => {
      await shop.stockUp(mug, reno, 5);
      await shop.tell(wanted([[mug, 3]]));
      const handled = await shop.tell(changing(-3), changing(-2));
      expect(refused(handled)).to.deep.equal(['INSUFFICIENT_STOCK', undefined]);
      expect(handled[0]?.refuse?.details).to.deep.equal({ onHand: 5, reserved: 3, available: 2 });
      expect(await shop.level(mug, reno)).to.deep.equal([3, 3, 0]);
    });

    it('refuses an unknown item, another product’s item, and the reasons of orders', async () => {
      await shop.stockUp(mug, reno, 5);
      const handled = await shop.tell(
        changing(1, { stockItemId: id('nothing') }),
        changing(1, { warehouseId: dublin }),
        changing(1, { reason: 'order_shipped' }),
      );
      expect(refused(handled)).to.deep.equal(['UNKNOWN_STOCK_ITEM', 'PRODUCT_MISMATCH', 'REASON_NOT_MANUAL']);
    });
  });

  describe('SetInventory', () => {
    it('sets what was counted, and remembers the day', async () => {
      await shop.stockUp(mug, reno, 5);
      const handled = await shop.tell(counting(9), counting(4), counting(4));
      expect(
        handled.map((one) => said(one, 'InventoryAdjusted').map(({ data }) => data.adjustedQuantity)),
      ).to.deep.equal([[4], [-5], []]);
      expect(await shop.level(mug, reno)).to.deep.equal([4, 0, 4]);
      const row = await shop.db.selectFrom('inventory.stock_items').select('last_counted_at').executeTakeFirstOrThrow();
      expect(row.last_counted_at?.toISOString()).to.equal(counting(4).at);
    });

    it('refuses to count less than is reserved', async () => {
      await shop.stockUp(mug, reno, 5);
      const handled = await shop.tell(wanted([[mug, 3]]), counting(2));
      expect(handled[1]?.refuse?.code).to.equal('INSUFFICIENT_STOCK');
    });
  });

  describe('DeleteInventory (S-045)', () => {
    it('discontinues the item, which then serves no order and takes no goods', async () => {
      await shop.stockUp(mug, reno, 5);
      const handled = await shop.tell(
        dropping(),
        dropping(),
        wanted([[mug, 1]]),
        adding({}),
        changing(1),
        changing(-5),
      );
      expect(answered(handled[0]).status).to.equal('DISCONTINUED');
      expect(refused(handled)).to.deep.equal([
        undefined,
        undefined,
        undefined,
        'STOCK_ITEM_DISCONTINUED',
        'STOCK_ITEM_DISCONTINUED',
        undefined,
      ]);
      expect(said(handled[2], 'StockInsufficient')).to.have.length(1);
    });

    it('is refused while reservations are open, and for an unknown item', async () => {
      await shop.stockUp(mug, reno, 5);
      expect(refused(await shop.tell(wanted([[mug, 1]]), dropping(), dropping(id('nothing'))))).to.deep.equal([
        undefined,
        'RESERVATIONS_OPEN',
        'UNKNOWN_STOCK_ITEM',
      ]);
    });
  });

  it('happens once, however often it is told, and answers the same item', async () => {
    const add = adding({});
    await shop.tell(add);
    const [again] = await shop.tell(add);
    expect(again).to.deep.equal({ answer: answered((await shop.tell(changing(0)))[0]) });
    expect(await shop.level(mug, reno)).to.deep.equal([5, 0, 5]);
  });
});
