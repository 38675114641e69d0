import type { LedgerEntry } from './ledger.js';

/** What really happened to one order's money, in Stripe's minor units. */
export interface OrderBook {
  currency: string | null;
  /** Taken: charges with immediate capture, and captures of authorisations. */
  charged: number;
  refunded: number;
  /** `charged - refunded`. */
  net: number;
  charges: number;
  refunds: number;
  declines: number;
}

/** Adds up a ledger by `metadata.orderId` of the payment intents: the oracle of what each order was charged. */
export function orderBooks(entries: Iterable<LedgerEntry>): Map<string, OrderBook> {
  const books = new Map<string, OrderBook>();
  for (const entry of entries) {
    if (entry.type === 'reset') {
      books.clear();
      continue;
    }
    if (entry.orderId === null) continue;
    let book = books.get(entry.orderId);
    if (!book) {
      book = { currency: null, charged: 0, refunded: 0, net: 0, charges: 0, refunds: 0, declines: 0 };
      books.set(entry.orderId, book);
    }
    book.currency = entry.currency ?? book.currency;
    switch (entry.type) {
      case 'charged':
      case 'captured':
        book.charged += entry.amount;
        book.charges += 1;
        break;
      case 'refunded':
      case 'refundPending':
        book.refunded += entry.amount;
        book.refunds += 1;
        break;
      case 'refundFailed':
        book.refunded -= entry.amount;
        book.refunds -= 1;
        break;
      case 'declined':
        book.declines += 1;
    }
    book.net = book.charged - book.refunded;
  }
  return books;
}

/** Charged minus refunded of every order that the ledger knows, in Stripe's minor units. */
export function chargedByOrder(entries: Iterable<LedgerEntry>): Record<string, number> {
  return Object.fromEntries([...orderBooks(entries)].map(([orderId, book]) => [orderId, book.net]));
}
