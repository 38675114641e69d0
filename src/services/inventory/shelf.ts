import { distanceFromCountryKm } from './distance.js';
import type { StockItem } from './stockItem.js';

/** The stock items of one batch, found by id, by product and warehouse, or by who is nearest to a country. */
export class Shelf {
  readonly #byId = new Map<string, StockItem>();
  readonly #byProduct = new Map<string, StockItem[]>();
  readonly #nearest = new Map<string, readonly StockItem[]>();
  readonly #distances = new Map<string, number>();

  constructor(items: readonly StockItem[]) {
    for (const item of items) this.add(item);
  }

  get items(): Iterable<StockItem> {
    return this.#byId.values();
  }

  add(item: StockItem): void {
    if (this.#byId.has(item.stockItemId)) return;
    this.#byId.set(item.stockItemId, item);
    const others = this.#byProduct.get(item.productId);
    if (others) others.push(item);
    else this.#byProduct.set(item.productId, [item]);
    this.#nearest.clear();
  }

  byId(stockItemId: string): StockItem | undefined {
    return this.#byId.get(stockItemId);
  }

  byPlace(productId: string, warehouseId: string): StockItem | undefined {
    return this.#byProduct.get(productId)?.find((item) => item.warehouseId === warehouseId);
  }

  anyOf(productId: string): StockItem | undefined {
    return this.#byProduct.get(productId)?.[0];
  }

  /** The items that may serve a product, those of the warehouse nearest to the country first; equally near ones by warehouse code. */
  nearestFirst(productId: string, country: string): readonly StockItem[] {
    const key = `${country}/${productId}`;
    let sorted = this.#nearest.get(key);
    if (!sorted) {
      sorted = (this.#byProduct.get(productId) ?? [])
        .filter((item) => item.warehouseActive)
        .sort(
          (a, b) =>
            this.#distance(country, a) - this.#distance(country, b) || (a.warehouseCode < b.warehouseCode ? -1 : 1),
        );
      this.#nearest.set(key, sorted);
    }
    // The status may change within the batch.
    return sorted.every((item) => item.status === 'ACTIVE')
      ? sorted
      : sorted.filter((item) => item.status === 'ACTIVE');
  }

  #distance(country: string, item: StockItem): number {
    const key = `${country}/${item.warehouseId}`;
    let km = this.#distances.get(key);
    if (km === undefined) {
      km = distanceFromCountryKm(country, item);
      this.#distances.set(key, km);
    }
    return km;
  }
}
