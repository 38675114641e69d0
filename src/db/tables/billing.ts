import type { GeneratedAlways } from 'kysely';
import type { ActorRow } from '../tables.js';

/** The invoices: all but the runtime’s columns follow from the snapshot. Amounts are minor units of `currency`. */
export interface InvoicesTable extends ActorRow {
  /** `INV-2026-00042`; null for the moment before it is issued. */
  invoice_number: GeneratedAlways<string | null>;
  /** Null for a one-off invoice. */
  subscription_id: GeneratedAlways<string | null>;
  customer_id: GeneratedAlways<string>;
  currency: GeneratedAlways<string>;
  /** Bigint, read as text. */
  total_minor: GeneratedAlways<string>;
  refunded_minor: GeneratedAlways<string>;
  /** UTC ISO 8601, like the two after it. */
  issued_at: GeneratedAlways<string>;
  due_at: GeneratedAlways<string>;
  paid_at: GeneratedAlways<string | null>;
}

/** The last number that was given in each series of a year. */
export interface NumberSeriesTable {
  series: 'invoice' | 'creditNote';
  year: number;
  last_number: number;
}

declare module '../tables.js' {
  interface Database {
    'billing.invoices': InvoicesTable;
    'billing.number_series': NumberSeriesTable;
  }
}
