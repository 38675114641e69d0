import { expect } from 'chai';
import { seededProducts, seededWarehouses, stockItemId } from '../../../scripts/seed/catalogue.js';
import { newId } from '../../../src/http/ids.js';
import type { Shop } from '../shop.js';
import { placeOrder } from './journeys.js';
import { mug, plant } from './orderBodies.js';

const productId = seededProducts.at(-1)?.id as string;
const warehouseId = seededWarehouses[0].id;
const inventoryId = stockItemId(seededProducts.length, 1);

/** `/v1/inventory` and `/v1/products`. */
export function describeStocking(shop: () => Shop): void {
  const set = (quantity: number, change: object = {}) =>
    shop()
      .request('put', `/v1/inventory/products/${productId}/stock`)
      .send({ warehouseId, quantity, ...change });
  const update = (id: string, body: object) => shop().request('put', `/v1/inventory/${id}`).send(body);

  describe('inventory', () => {
    beforeEach(async () => {
      expect((await set(50)).status).to.equal(200);
    });

    it('is set after a count', async () => {
      const answer = await set(40);
      expect(answer.body).to.deep.include({
        inventoryId,
        productId,
        warehouseId,
        quantityOnHand: 40,
        status: 'ACTIVE',
      });
    });

    it('changes by a quantity, never below nothing', async () => {
      expect((await update(inventoryId, { quantityChange: -20 })).body.quantityOnHand).to.equal(30);
      expect(
        (await update(inventoryId, { quantityChange: 5, reason: 'restock', productId, warehouseId })).body
          .quantityOnHand,
      ).to.equal(35);
      const refused = await update(inventoryId, { quantityChange: -36 });
      expect(refused.status).to.equal(409);
      expect(refused.body.code).to.equal('INSUFFICIENT_STOCK');
      expect(refused.body.details).to.include({ available: 35 });
    });

    it('changes once for a key that comes twice', async () => {
      const key = newId();
      for (let i = 0; i < 2; i++) {
        const answer = await update(inventoryId, { quantityChange: -20 }).set('Idempotency-Key', key);
        expect(answer.body.quantityOnHand).to.equal(30);
      }
      const { body } = await update(inventoryId, { quantityChange: 0 });
      expect(body.quantityOnHand).to.equal(30);
    });

    it('is that of the product and warehouse that the request names', async () => {
      const answer = await update(inventoryId, { quantityChange: 1, productId: mug });
      expect(answer.status).to.equal(422);
      expect(answer.body.code).to.equal('PRODUCT_MISMATCH');
      expect((await update(newId(), { quantityChange: 1 })).status).to.equal(404);
      expect((await set(1, { warehouseId: newId() })).status).to.equal(404);
    });

    it('takes no reason that only orders have', async () => {
      expect((await update(inventoryId, { quantityChange: 1, reason: 'order_reserved' })).status).to.equal(400);
    });

    it('takes goods in', async () => {
      const add = (body: object) =>
        shop()
          .request('post', '/v1/inventory')
          .send({ productId, warehouseId, quantity: 7, ...body });
      const answer = await add({ source: { type: 'purchase_order', purchaseOrderId: newId(), supplierId: newId() } });
      expect(answer.status).to.equal(201);
      expect(answer.body).to.include({ inventoryId, quantityOnHand: 57 });
      expect((await add({ productId: newId() })).body.code).to.equal('UNKNOWN_PRODUCT');
      expect((await add({ warehouseId: newId() })).body.code).to.equal('UNKNOWN_WAREHOUSE');
      expect((await add({ quantity: 1_000_000 })).body.code).to.equal('WAREHOUSE_FULL');
      expect((await add({ quantity: 0 })).status).to.equal(400);
      expect((await add({ source: { type: 'gift' } })).status).to.equal(400);
    });

    it('is told by product: where it is, what moved, and whether it runs low', async () => {
      const { body } = await shop().request('get', `/v1/inventory/${productId}/status`);
      expect(
        body.locationBreakdown.some(
          (one: { inventory: { inventoryId: string } }) => one.inventory.inventoryId === inventoryId,
        ),
      ).to.equal(true);
      expect(body.recentMovements[0]).to.include({ type: 'adjustment' });
      expect((await shop().request('get', `/v1/inventory/${newId()}/status`)).status).to.equal(404);
    });

    it('is listed by page and filter', async () => {
      const list = async (query: string) => (await shop().request('get', `/v1/inventory?${query}`)).body;
      const all = await list('pageSize=100');
      expect(all.pagination).to.include({
        totalItems: seededProducts.length,
        totalPages: 1,
        currentPage: 1,
        itemsPerPage: 100,
      });
      const second = await list('pageSize=5&page=2');
      expect(second.items.map(({ sku }: { sku: string }) => sku)).to.deep.equal(
        all.items.slice(5, 10).map(({ sku }: { sku: string }) => sku),
      );
      expect(
        (await list('category=kitchen&pageSize=100')).items.every(
          ({ category }: { category: string }) => category === 'kitchen',
        ),
      ).to.equal(true);
      const reno = (await list('location=RNO&inStock=false&pageSize=100')).items;
      expect(reno.map((one: { productId: string }) => one.productId)).to.include(plant);
      expect((await list('minStockLevel=2147483647')).items).to.be.empty;
      for (const query of ['page=0', 'pageSize=101', 'inStock=maybe', 'minStockLevel=-1']) {
        expect((await shop().request('get', `/v1/inventory?${query}`)).status, query).to.equal(400);
      }
    });

    it('of a product is discontinued, but not while orders wait for it', async () => {
      const { body } = await shop().request('get', `/v1/inventory/${plant}/status`);
      const rotterdam = body.locationBreakdown.find(
        (one: { inventory: { availableQuantity: number } }) => one.inventory.availableQuantity > 0,
      ).inventory.inventoryId;
      await placeOrder(shop(), { items: [{ productId: plant, quantity: 1 }] });
      const refused = await shop().request('delete', `/v1/inventory/${rotterdam}`);
      expect(refused.status).to.equal(409);
      expect(refused.body.code).to.equal('RESERVATIONS_OPEN');
      const gone = await shop().request('delete', `/v1/inventory/${stockItemId(13, 1)}`);
      expect(gone.body.status).to.equal('DISCONTINUED');
      expect((await shop().request('delete', `/v1/inventory/${newId()}`)).status).to.equal(404);
    });
  });

  describe('products', () => {
    it('are listed with prices in any currency that we sell in, page by page', async () => {
      const first = (await shop().request('get', '/v1/products?limit=10&currency=GBP')).body;
      expect(first.items).to.have.lengthOf(10);
      const rest = (await shop().request('get', `/v1/products?limit=100&currency=GBP&cursor=${first.nextCursor}`)).body;
      expect(rest.nextCursor).to.equal(null);
      const ids = [...first.items, ...rest.items].map(({ id }: { id: string }) => id);
      expect(ids).to.have.members(seededProducts.map(({ id }) => id));
      const shown = first.items.find(({ id }: { id: string }) => id === mug);
      expect(shown.price).to.deep.equal({ amount: 1190, currency: 'GBP' });
    });

    it('tell how many of each can be ordered now (S-005)', async () => {
      await set(50);
      const { body: status } = await shop().request('get', `/v1/inventory/${productId}/status`);
      const { totalAvailable } = status.aggregatedInventory;
      expect(totalAvailable).to.be.at.least(50);
      const { items } = (await shop().request('get', '/v1/products?limit=100')).body;
      expect(items.find(({ id }: { id: string }) => id === productId)).to.include({ stockQuantity: totalAvailable });
    });

    it('are read one by one', async () => {
      const { body } = await shop().request('get', `/v1/products/${mug}`);
      expect(body).to.include({ id: mug, sku: 'MUG-STONE-35' });
      expect(body.price).to.deep.equal({ amount: 1499, currency: 'USD' });
      expect((await shop().request('get', `/v1/products/${mug}?currency=JPY`)).body.price).to.equal(null);
      expect((await shop().request('get', `/v1/products/${newId()}`)).status).to.equal(404);
    });
  });
}
