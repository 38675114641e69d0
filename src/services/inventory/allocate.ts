import type { Allocation } from '../../../machines/shared/values.js';
import { availableOf, type StockItem } from './stockItem.js';

export interface Line {
  readonly productId: string;
  readonly quantity: number;
}

export interface Shortage {
  readonly productId: string;
  readonly requested: number;
  readonly available: number;
}

/** Units to hold on one stock item. */
export interface Pick {
  readonly item: StockItem;
  readonly quantity: number;
}

/** Either every line can be held, from these items, or these lines are short. */
export type Plan = { readonly picks: readonly Pick[] } | { readonly shortages: readonly Shortage[] };

/**
 * Plans where an order's lines are taken from: the nearest warehouse gives what it has, and only what it lacks comes from the
 * next one; all lines or none. Reads stock, changes nothing.
 * @param nearestFirst the stock items that may serve a product, nearest first
 */
export function planAllocation(
  lines: readonly Line[],
  nearestFirst: (productId: string) => readonly StockItem[],
): Plan {
  const picks: Pick[] = [];
  const shortages: Shortage[] = [];
  for (const { productId, quantity } of mergeLines(lines)) {
    let missing = quantity;
    for (const item of nearestFirst(productId)) {
      if (missing === 0) break;
      const taken = Math.min(missing, availableOf(item));
      if (taken <= 0) continue;
      picks.push({ item, quantity: taken });
      missing -= taken;
    }
    if (missing > 0) shortages.push({ productId, requested: quantity, available: quantity - missing });
  }
  return shortages.length > 0 ? { shortages } : { picks };
}

/** What was held, in the words of the reservation. */
export const toAllocation = ({ item, quantity }: Pick): Allocation => ({
  productId: item.productId,
  stockItemId: item.stockItemId,
  warehouseId: item.warehouseId,
  quantity,
});

/** Two lines of one product are one demand. */
function mergeLines(lines: readonly Line[]): readonly Line[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of lines) {
    quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  }
  if (quantities.size === lines.length) return lines;
  return [...quantities].map(([productId, quantity]) => ({ productId, quantity }));
}
