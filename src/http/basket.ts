import type { Kysely } from 'kysely';
import type { Money } from '../../machines/shared/values.js';
import type { Database } from '../db/tables.js';
import { type ProductView, productsByIds } from '../services/inventory/queries.js';
import type { Line } from '../services/orders/pricing.js';
import { grouped } from './grouped.js';
import { problem, type RequestError } from './problem.js';

/** A product that somebody wants, and the price that they saw. */
export interface Item {
  readonly productId: string;
  readonly quantity: number;
  readonly price?: Money | undefined;
}

/**
 * Looks up what somebody wants, at our prices; a product that stands on several lines becomes one line.
 * @throws HttpProblem UNKNOWN_PRODUCT, UNSUPPORTED_CURRENCY, PRICE_MISMATCH
 */
export type Basket = (items: readonly Item[], currency: string) => Promise<Line[]>;

/**
 * How far readings are kept apart (ms). Orders that were read together are accepted together, and a transaction for each order costs three times
 * as much as one for many (docs/performance.md).
 */
const everyMs = 15;

/** Builds the baskets of a process; those that come together share the reading of products. */
export function createBasket(db: Kysely<Database>): Basket {
  const productsOf = grouped<Wanted, readonly (ProductView | undefined)[]>((wanted) => readProducts(db, wanted), {
    everyMs,
  });
  return async (items, currency) => {
    const merged = mergeLines(items);
    const products = await productsOf({ currency, productIds: merged.map(({ productId }) => productId) });
    const lines = linesOf(merged, products, currency);
    checkPrices(items, lines);
    return lines;
  };
}

interface Wanted {
  readonly currency: string;
  readonly productIds: readonly string[];
}

async function readProducts(db: Kysely<Database>, wanted: readonly Wanted[]): Promise<(ProductView | undefined)[][]> {
  const currencies = [...new Set(wanted.map(({ currency }) => currency))];
  const byCurrency = new Map(
    await Promise.all(
      currencies.map(async (currency) => {
        const ids = wanted.filter((one) => one.currency === currency).flatMap(({ productIds }) => productIds);
        return [currency, await productsByIds(db, [...new Set(ids)], currency)] as const;
      }),
    ),
  );
  return wanted.map(({ currency, productIds }) => productIds.map((id) => byCurrency.get(currency)?.get(id)));
}

function mergeLines(items: readonly Item[]): Item[] {
  const merged = new Map<string, Item>();
  for (const item of items) {
    const before = merged.get(item.productId);
    merged.set(item.productId, before ? { ...before, quantity: before.quantity + item.quantity } : item);
  }
  return [...merged.values()];
}

function linesOf(items: readonly Item[], products: readonly (ProductView | undefined)[], currency: string): Line[] {
  const lines: Line[] = [];
  const unknown: string[] = [];
  const unpriced: string[] = [];
  for (const [index, { productId, quantity }] of items.entries()) {
    const product = products[index];
    if (!product?.isActive) unknown.push(productId);
    else if (!product.price) unpriced.push(productId);
    else lines.push({ productId, sku: product.sku, productName: product.name, unitPrice: product.price, quantity });
  }
  if (unknown.length > 0) {
    throw problem('UNKNOWN_PRODUCT', `Not for sale: ${unknown.join(', ')}.`, { details: { productIds: unknown } });
  }
  if (unpriced.length > 0) {
    throw problem('UNSUPPORTED_CURRENCY', `Without a price in ${currency}: ${unpriced.join(', ')}.`, {
      details: { productIds: unpriced },
    });
  }
  return lines;
}

/** A price that the customer saw must be ours: nobody pays another price than the one they agreed to. */
function checkPrices(items: readonly Item[], lines: readonly Line[]): void {
  const ours = new Map(lines.map(({ productId, unitPrice }) => [productId, unitPrice]));
  const errors = items.flatMap(({ productId, price }, index): RequestError[] => {
    const unitPrice = ours.get(productId);
    if (!price || !unitPrice || (price.amount === unitPrice.amount && price.currency === unitPrice.currency)) return [];
    return [
      {
        in: 'body',
        pointer: `/items/${index}/price`,
        detail: `is ${unitPrice.amount} ${unitPrice.currency} (minor units)`,
      },
    ];
  });
  if (errors.length > 0) throw problem('PRICE_MISMATCH', 'At least one price has changed; see errors.', { errors });
}
