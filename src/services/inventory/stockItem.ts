import type { StockStatus } from '../../db/tables/inventory.js';

/** One product in one warehouse, as a batch sees it: read under lock, changed in memory, written back at the end. */
export interface StockItem {
  readonly stockItemId: string;
  readonly productId: string;
  readonly sku: string;
  readonly productName: string;
  readonly warehouseId: string;
  readonly warehouseCode: string;
  readonly warehouseActive: boolean;
  readonly lat: number;
  readonly lon: number;
  readonly reorderPoint: number;
  readonly reorderQty: number;
  readonly maxLevel: number | null;
  status: StockStatus;
  onHand: number;
  reserved: number;
  version: number;
}

/** What an HTTP caller is told about a stock item after its command. */
export interface StockItemView {
  readonly stockItemId: string;
  readonly productId: string;
  readonly sku: string;
  readonly warehouseId: string;
  readonly quantityOnHand: number;
  readonly quantityReserved: number;
  readonly quantityAvailable: number;
  readonly status: StockStatus;
  readonly version: number;
}

/** Units that can still be promised. */
export const availableOf = (item: StockItem): number => item.onHand - item.reserved;

/** The public face of a stock item. */
export const viewOf = (item: StockItem): StockItemView => ({
  stockItemId: item.stockItemId,
  productId: item.productId,
  sku: item.sku,
  warehouseId: item.warehouseId,
  quantityOnHand: item.onHand,
  quantityReserved: item.reserved,
  quantityAvailable: availableOf(item),
  status: item.status,
  version: item.version,
});
