import { type Kysely, sql } from 'kysely';
import type { Money } from '../../../machines/shared/values.js';
import { uuids } from '../../db/arrays.js';
import type { StockStatus } from '../../db/tables/inventory.js';
import type { Database } from '../../db/tables.js';
import type { StockItemView } from './stockItem.js';

/** A product as shops see it; `price` is null when it is not sold in the currency that was asked for. */
export interface ProductView {
  readonly productId: string;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly category: string;
  readonly price: Money | null;
  readonly isActive: boolean;
  readonly backorderAllowed: boolean;
  readonly weightG: number;
  /** Units that can be promised, over all active warehouses. */
  readonly stockQuantity: number;
  /** With microseconds, for cursors. */
  readonly createdAt: string;
}

/** Where a page of a list ended. */
export interface ListPosition {
  readonly createdAt: string;
  readonly id: string;
}

interface ProductRow {
  product_id: string;
  sku: string;
  name: string;
  description: string;
  category: string;
  price_minor: string | null;
  currency: string;
  is_active: boolean;
  backorder_allowed: boolean;
  weight_g: number;
  stock: number;
  created_at: string;
}

// A product's price in its own currency is its own; any other one is in product_prices. Without a currency the product's own counts.
const productRows = (currency: string | null) => sql`
  select p.product_id, p.sku, p.name, p.description, p.category, p.is_active, p.backorder_allowed, p.weight_g,
    coalesce(${currency}::text, p.currency) as currency,
    case when ${currency}::text is null or p.currency = ${currency}::text then p.price_minor else x.price_minor end as price_minor,
    (select coalesce(sum(s.available), 0)::float8 from inventory.stock_items s join inventory.warehouses w using (warehouse_id)
      where s.product_id = p.product_id and s.status = 'ACTIVE' and w.is_active) as stock,
    to_char(p.created_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created_at
  from inventory.products p
  left join inventory.product_prices x on x.product_id = p.product_id and x.currency = ${currency}::text`;

/** Reads products with their prices in one currency, or each in its own; ids that no product has are left out. What an order is priced from. */
export async function productsByIds(
  db: Kysely<Database>,
  productIds: readonly string[],
  currency: string | null,
): Promise<Map<string, ProductView>> {
  const { rows } = await sql<ProductRow>`/* prepared */ ${productRows(currency)}
    where p.product_id = any(${uuids(productIds)})`.execute(db);
  return new Map(rows.map((row) => [row.product_id, toProduct(row)]));
}

/** Lists active products, oldest first. `currency` null: each in its own. */
export async function listProducts(
  db: Kysely<Database>,
  options: {
    readonly limit: number;
    readonly after?: ListPosition | undefined;
    readonly currency?: string | undefined;
    readonly category?: string | undefined;
  },
): Promise<ProductView[]> {
  const { limit, after, currency = null, category = null } = options;
  const { rows } = await sql<ProductRow>`${productRows(currency)}
    where p.is_active and (${category}::text is null or p.category = ${category}::text)
      and (${after?.createdAt ?? null}::timestamptz is null
        or (p.created_at, p.product_id) > (${after?.createdAt ?? null}::timestamptz, ${after?.id ?? null}::uuid))
    order by p.created_at, p.product_id limit ${limit}`.execute(db);
  return rows.map(toProduct);
}

const toProduct = (row: ProductRow): ProductView => ({
  productId: row.product_id,
  sku: row.sku,
  name: row.name,
  description: row.description,
  category: row.category,
  price: row.price_minor === null ? null : { amount: Number(row.price_minor), currency: row.currency },
  isActive: row.is_active,
  backorderAllowed: row.backorder_allowed,
  weightG: row.weight_g,
  stockQuantity: row.stock,
  createdAt: row.created_at,
});

/** Reads one stock item, the `inventoryId` of the HTTP routes. */
export async function stockItemById(db: Kysely<Database>, stockItemId: string): Promise<StockItemView | undefined> {
  return (await stockItems(db, sql`s.stock_item_id = ${stockItemId}`))[0];
}

/** Reads the stock item of a product in a warehouse. */
export async function stockItemAt(
  db: Kysely<Database>,
  productId: string,
  warehouseId: string,
): Promise<StockItemView | undefined> {
  return (await stockItems(db, sql`s.product_id = ${productId} and s.warehouse_id = ${warehouseId}`))[0];
}

async function stockItems(db: Kysely<Database>, condition: ReturnType<typeof sql>): Promise<StockItemView[]> {
  const { rows } = await sql<StockItemView>`
    select s.stock_item_id as "stockItemId", s.product_id as "productId", s.sku, s.warehouse_id as "warehouseId",
      s.on_hand as "quantityOnHand", s.reserved as "quantityReserved", s.available as "quantityAvailable", s.status, s.version
    from inventory.stock_items s where ${condition}`.execute(db);
  return rows;
}

/** One product's stock, over the warehouses that were asked for. */
export interface InventorySummary {
  readonly productId: string;
  readonly sku: string;
  readonly productName: string;
  readonly category: string;
  readonly quantityOnHand: number;
  readonly quantityReserved: number;
  readonly quantityAvailable: number;
  readonly inStock: boolean;
  readonly lowStock: boolean;
  readonly locations: readonly {
    readonly inventoryId: string;
    readonly warehouseId: string;
    readonly warehouse: string;
    readonly quantityAvailable: number;
    readonly status: StockStatus;
  }[];
}

/** What GetInventoryList may ask for (2.2). */
export interface InventoryFilters {
  readonly category?: string | undefined;
  /** A warehouse's code, or its region, or its country. */
  readonly location?: string | undefined;
  /** Units available at least. */
  readonly minStockLevel?: number | undefined;
  readonly inStock?: boolean | undefined;
}

/** Lists products' stock in order of SKU; `page` counts from 1. */
export async function listInventory(
  db: Kysely<Database>,
  filters: InventoryFilters,
  { page, pageSize }: { readonly page: number; readonly pageSize: number },
): Promise<{ readonly items: InventorySummary[]; readonly totalItems: number }> {
  const { category = null, location = null, minStockLevel = null, inStock = null } = filters;
  const { rows } = await sql<{ total: number; items: InventorySummary[] | null }>`
    with stock as (
      select p.product_id as "productId", p.sku, p.name as "productName", p.category,
        sum(s.on_hand)::float8 as "quantityOnHand", sum(s.reserved)::float8 as "quantityReserved",
        sum(s.available)::float8 as "quantityAvailable", sum(s.available) > 0 as "inStock",
        bool_or(s.available <= s.reorder_point) as "lowStock",
        jsonb_agg(jsonb_build_object('inventoryId', s.stock_item_id, 'warehouseId', s.warehouse_id, 'warehouse', w.code,
          'quantityAvailable', s.available, 'status', s.status) order by w.code) as locations
      from inventory.stock_items s
      join inventory.products p on p.product_id = s.product_id
      join inventory.warehouses w on w.warehouse_id = s.warehouse_id
      where (${category}::text is null or p.category = ${category}::text)
        and (${location}::text is null or ${location}::text in (w.code, w.region, w.country))
      group by p.product_id
      having (${minStockLevel}::bigint is null or sum(s.available) >= ${minStockLevel}::bigint)
        and (${inStock}::boolean is null or (sum(s.available) > 0) = ${inStock}::boolean)),
    page as (select * from stock order by sku limit ${pageSize} offset ${(page - 1) * pageSize})
    select (select count(*)::float8 from stock) as total, (select jsonb_agg(page) from page) as items`.execute(db);
  return { items: rows[0]?.items ?? [], totalItems: rows[0]?.total ?? 0 };
}
