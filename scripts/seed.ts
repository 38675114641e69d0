import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { InsertQueryBuilder, InsertResult, Transaction } from 'kysely';
import { loadConfig } from '../src/config.js';
import { connect } from '../src/db/connect.js';
import type { Database } from '../src/db/tables.js';
import '../src/db/tables.all.js';
import { scriptEnvironment } from './dev/scriptEnvironment.js';
import { openingMovementId, seededCustomers, seededProducts, seededWarehouses, stockItemId } from './seed/catalogue.js';
import { seededPlans } from './seed/plans.js';

type Trx = Transaction<Database>;

/**
 * Adds a small catalogue, three warehouses with stock, two plans, and three customers, as far as they are not there yet; what has been
 * changed since the last time stays as it is.
 * @returns how many rows are new
 */
export async function seed(databaseUrl: string): Promise<number> {
  const { db, close } = connect({ url: databaseUrl, poolSize: 1, name: 'flowmart-seed', onError: () => {} });
  try {
    return await db.transaction().execute(async (trx) => {
      const rows = [
        await addProducts(trx),
        await addWarehouses(trx),
        await addStock(trx),
        await addPlans(trx),
        await addCustomers(trx),
      ];
      return rows.reduce((sum, count) => sum + count, 0);
    });
  } finally {
    await close();
  }
}

async function addProducts(trx: Trx): Promise<number> {
  const added = await count(
    trx.insertInto('inventory.products').values(
      seededProducts.map(({ id, sku, name, description, category, weightG, prices }) => ({
        product_id: id,
        sku,
        name,
        description,
        price_minor: prices.USD,
        currency: 'USD',
        category,
        weight_g: weightG,
      })),
    ),
  );
  const prices = await count(
    trx
      .insertInto('inventory.product_prices')
      .values(
        seededProducts.flatMap(({ id, prices }) =>
          (['EUR', 'GBP'] as const).map((currency) => ({ product_id: id, currency, price_minor: prices[currency] })),
        ),
      ),
  );
  return added + prices;
}

function addWarehouses(trx: Trx): Promise<number> {
  return count(
    trx
      .insertInto('inventory.warehouses')
      .values(seededWarehouses.map(({ id, ...warehouse }) => ({ warehouse_id: id, ...warehouse }))),
  );
}

/** Stock comes in by a movement, as all stock does: the sum of an item's movements is what it has on hand. */
async function addStock(trx: Trx): Promise<number> {
  const places = seededProducts.flatMap((product, p) =>
    seededWarehouses.map((warehouse, w) => ({ product, warehouse, p: p + 1, w: w + 1, units: product.stock[w] ?? 0 })),
  );
  const inserted = await trx
    .insertInto('inventory.stock_items')
    .values(
      places.map(({ product, warehouse, p, w, units }) => ({
        stock_item_id: stockItemId(p, w),
        product_id: product.id,
        sku: product.sku,
        warehouse_id: warehouse.id,
        on_hand: units,
        version: units > 0 ? 1 : 0,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning('stock_item_id')
    .execute();
  const isNew = new Set(inserted.map((row) => row.stock_item_id));
  const movements = places
    .filter(({ p, w, units }) => units > 0 && isNew.has(stockItemId(p, w)))
    .map(({ warehouse, p, w, units }) => ({
      movement_id: openingMovementId(p, w),
      stock_item_id: stockItemId(p, w),
      stock_version: 1,
      type: 'INBOUND' as const,
      quantity: units,
      on_hand_change: units,
      reserved_change: 0,
      reason: 'opening stock',
      destination_warehouse_id: warehouse.id,
      performed_by: 'seed',
      occurred_at: new Date(),
    }));
  if (movements.length > 0) await trx.insertInto('inventory.stock_movements').values(movements).execute();
  return inserted.length + movements.length;
}

function addPlans(trx: Trx): Promise<number> {
  return count(
    trx.insertInto('subscriptions.plans').values(
      seededPlans.map(({ planId, name, price, billingCycle, intervalCount, trialDays, taxRegion }) => ({
        plan_id: planId,
        name,
        price_minor: price.amount,
        currency: price.currency,
        billing_cycle: billingCycle,
        interval_count: intervalCount,
        trial_days: trialDays,
        tax_region: taxRegion,
      })),
    ),
  );
}

/** They have been customers for a while: a new account adds to the fraud score. */
async function addCustomers(trx: Trx): Promise<number> {
  const customers = await count(
    trx.insertInto('orders.customers').values(
      seededCustomers.map(({ id, firstName, lastName, email, phone, locale, currency, address, registered }) => ({
        customer_id: id,
        first_name: firstName,
        last_name: lastName,
        email,
        phone,
        locale,
        preferred_currency: currency,
        country: address.country,
        address: JSON.stringify(address),
        date_registered: registered,
      })),
    ),
  );
  // What Inventory would have learned when they signed up.
  const regions = await count(
    trx.insertInto('inventory.customer_regions').values(
      seededCustomers.map(({ id, locale, address, registered }) => ({
        customer_id: id,
        locale,
        country: address.country,
        updated_at: registered,
      })),
    ),
  );
  return customers + regions;
}

/** Inserts what is not there yet, and says how many rows that was. */
async function count<T extends keyof Database>(insert: InsertQueryBuilder<Database, T, InsertResult>): Promise<number> {
  const result = await insert.onConflict((conflict) => conflict.doNothing()).executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const added = await seed(loadConfig(scriptEnvironment()).databaseUrl);
  process.stdout.write(`${added} rows added\n`);
}
