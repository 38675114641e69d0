import { expect } from 'chai';
import {
  listInventory,
  listProducts,
  productsByIds,
  stockItemAt,
  stockItemById,
} from '../../../src/services/inventory/queries.js';
import { regions } from '../../../src/services/inventory/regions.js';
import { inventoryStatus } from '../../../src/services/inventory/stockStatus.js';
import { at, id, message } from '../../machines/given.js';
import { added, allocationsOf, chair, dublin, itemOf, lamp, mug, reno, Shop, wanted } from './shop.js';

describe('what Inventory tells', () => {
  let shop: Shop;

  before(async () => {
    shop = await Shop.open();
    await shop.db
      .insertInto('inventory.product_prices')
      .values([{ product_id: mug, currency: 'EUR', price_minor: 1199 }])
      .execute();
    await shop.db.updateTable('inventory.products').set({ category: 'light' }).where('product_id', '=', lamp).execute();
  });
  beforeEach(() => shop.empty());
  after(() => shop.close());

  describe('productsByIds', () => {
    it('prices products in their own currency and in others that they are sold in', async () => {
      await shop.tell(added(mug, reno, 4), added(mug, dublin, 3), wanted([[mug, 2]]));
      const inDollars = await productsByIds(shop.db, [mug, lamp, id('nothing')], 'USD');
      expect([...inDollars.keys()]).to.have.members([mug, lamp]);
      expect(inDollars.get(mug)).to.include({ sku: 'MUG', name: 'Mug', isActive: true, stockQuantity: 5 });
      expect(inDollars.get(mug)?.price).to.deep.equal({ amount: 1299, currency: 'USD' });

      const inEuros = await productsByIds(shop.db, [mug, lamp], 'EUR');
      expect(inEuros.get(mug)?.price).to.deep.equal({ amount: 1199, currency: 'EUR' });
      expect(inEuros.get(lamp)?.price).to.equal(null);
    });
  });

  describe('listProducts', () => {
    it('gives pages that continue each other, without what is no longer sold', async () => {
      const first = await listProducts(shop.db, { limit: 2 });
      const last = first.at(-1);
      const rest = await listProducts(shop.db, {
        limit: 2,
        after: last && { createdAt: last.createdAt, id: last.productId },
      });
      expect([...first, ...rest].map((one) => one.sku)).to.have.members(['MUG', 'LAMP', 'CHAIR']);
      expect(first).to.have.length(2);
      expect(first[0]?.createdAt).to.match(/\.\d{6}Z$/);

      await shop.db
        .updateTable('inventory.products')
        .set({ is_active: false })
        .where('product_id', '=', chair)
        .execute();
      expect((await listProducts(shop.db, { limit: 9 })).map((one) => one.sku)).to.have.members(['MUG', 'LAMP']);
      expect(
        (await listProducts(shop.db, { limit: 9, category: 'light', currency: 'EUR' })).map((one) => [
          one.sku,
          one.price,
        ]),
      ).to.deep.equal([['LAMP', null]]);
      await shop.db.updateTable('inventory.products').set({ is_active: true }).execute();
    });
  });

  describe('inventoryStatus (6.4)', () => {
    it('adds up the warehouses, and tells the ten latest movements, the newest first', async () => {
      await shop.tell(added(mug, reno, 40), added(mug, dublin, 3));
      const wish = wanted([[mug, 2]]);
      const allocations = allocationsOf((await shop.tell(wish))[0]);
      await shop.tell(message('ShipStock', { orderId: wish.data.orderId, allocations }));
      for (let n = 0; n < 9; n++) await shop.tell(wanted([[mug, 1]]));
      await shop.db
        .updateTable('inventory.stock_items')
        .set({ reorder_point: 5 })
        .where('warehouse_id', '=', dublin)
        .execute();

      const status = await inventoryStatus(shop.db, mug);
      expect(status?.aggregatedInventory).to.deep.equal({
        totalAvailable: 32,
        totalReserved: 9,
        totalInTransit: 0,
        safetyStock: 0,
        reorderLevel: 5,
      });
      expect(
        status?.locationBreakdown.map(({ location, inventory }) => [
          location.facilityId,
          inventory.inventoryId,
          inventory.onHandQuantity,
          inventory.availableQuantity,
        ]),
      ).to.deep.equal([
        ['EU-WEST-1', itemOf(mug, dublin), 3, 3],
        ['US-WEST-1', itemOf(mug, reno), 38, 29],
      ]);
      expect(status?.recentMovements).to.have.length(10);
      expect(status?.recentMovements.map((one) => [one.type, one.quantity]).slice(8)).to.deep.equal([
        ['adjustment', -1],
        ['outbound', -2],
      ]);
      expect(status?.recentMovements[9]?.reference).to.deep.equal({ orderId: wish.data.orderId });
      expect(status?.alerts.lowStock).to.equal(true);
      expect(status?.alerts.messages.map((one) => [one.severity, one.message])).to.deep.equal([
        ['warning', 'Dublin has 3 left; the reorder point is 5.'],
      ]);
    });

    it('knows a product without stock, and no other', async () => {
      const status = await inventoryStatus(shop.db, chair);
      expect(status).to.deep.include({ productId: chair, locationBreakdown: [], recentMovements: [] });
      expect(await inventoryStatus(shop.db, id('nothing'))).to.equal(undefined);
    });
  });

  describe('listInventory (6.4)', () => {
    it('filters by category, place, level and whether there is any, page by page', async () => {
      await shop.tell(
        added(mug, reno, 2),
        added(mug, dublin, 3),
        added(lamp, reno, 9),
        added(chair, dublin, 1),
        wanted([[chair, 1]]),
      );
      const skus = async (filters: Parameters<typeof listInventory>[1]) =>
        (await listInventory(shop.db, filters, { page: 1, pageSize: 10 })).items.map((one) => [
          one.sku,
          one.quantityAvailable,
        ]);
      expect(await skus({})).to.deep.equal([
        ['CHAIR', 0],
        ['LAMP', 9],
        ['MUG', 5],
      ]);
      expect(await skus({ category: 'light' })).to.deep.equal([['LAMP', 9]]);
      expect(await skus({ location: 'EU-WEST-1' })).to.deep.equal([
        ['CHAIR', 0],
        ['MUG', 3],
      ]);
      expect(await skus({ location: 'US' })).to.deep.equal([
        ['LAMP', 9],
        ['MUG', 2],
      ]);
      expect(await skus({ minStockLevel: 6 })).to.deep.equal([['LAMP', 9]]);
      expect(await skus({ inStock: false })).to.deep.equal([['CHAIR', 0]]);

      const second = await listInventory(shop.db, {}, { page: 2, pageSize: 2 });
      expect([second.totalItems, second.items.map((one) => one.sku)]).to.deep.equal([3, ['MUG']]);
      expect(second.items[0]?.locations.map((one) => [one.warehouse, one.quantityAvailable])).to.deep.equal([
        ['EU-WEST-1', 3],
        ['US-WEST-1', 2],
      ]);
    });
  });

  it('finds a stock item by its id and by its place', async () => {
    await shop.stockUp(mug, reno, 2);
    const item = await stockItemById(shop.db, itemOf(mug, reno));
    expect(item).to.include({ sku: 'MUG', quantityOnHand: 2, status: 'ACTIVE' });
    expect(await stockItemAt(shop.db, mug, reno)).to.deep.equal(item);
    expect(await stockItemAt(shop.db, mug, dublin)).to.equal(undefined);
  });
});

describe('the customer regions', () => {
  let shop: Shop;

  before(async () => {
    shop = await Shop.open();
  });
  after(() => shop.close());

  it('keep the newest that was said of a customer, whatever comes when (S-040)', async () => {
    const signedUp = (country: string | null, when: number) =>
      message('UserSignedUp', {
        userId: id('ann'),
        customerId: id('ann'),
        locale: 'en-IE',
        country,
        timestamp: at(when),
      });
    const tell = (...messages: ReturnType<typeof signedUp>[]) =>
      shop.db.transaction().execute((trx) => regions.handle(trx, messages));
    expect(await tell(signedUp('DE', 2), signedUp('IE', 0))).to.deep.equal([{}, {}]);
    await tell(signedUp('FR', 1));
    const rows = await shop.db
      .selectFrom('inventory.customer_regions')
      .select(['customer_id', 'country', 'locale'])
      .execute();
    expect(rows).to.deep.equal([{ customer_id: id('ann'), country: 'DE', locale: 'en-IE' }]);
  });
});
