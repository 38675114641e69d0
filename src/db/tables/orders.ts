import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { RestStatus } from '../../../machines/order/order.view.js';
import type { Address } from '../../../machines/shared/values.js';
import type { ActorRow } from '../tables.js';

type Json<T> = ColumnType<T, string | null, string | null>;

export interface CustomersTable {
  customer_id: string;
  first_name: string;
  last_name: string;
  /** Unique whatever its case. */
  email: string;
  phone: string | null;
  locale: string | null;
  preferred_currency: string | null;
  country: string | null;
  address: Json<Address | null>;
  date_registered: ColumnType<Date, Date | string | undefined, Date | string>;
  /** Since when the account is locked; null while it is not. */
  locked_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  /** The test clock that the customer and everything theirs live by; null for the real one. */
  clock_id: Generated<string | null>;
}

/** The orders: all but the runtime's columns follow from the snapshot. */
export interface OrdersTable extends ActorRow {
  order_number: GeneratedAlways<string>;
  customer_id: GeneratedAlways<string | null>;
  subscription_id: GeneratedAlways<string | null>;
  rest_status: GeneratedAlways<RestStatus>;
  currency: GeneratedAlways<string>;
  /** Minor units of `currency`; bigint, read as text. */
  total_minor: GeneratedAlways<string>;
  /** UTC ISO 8601. */
  placed_at: GeneratedAlways<string>;
}

/** A view: the lines of the orders, numbered from 1. */
export interface OrderItemsView {
  order_id: GeneratedAlways<string>;
  line: GeneratedAlways<number>;
  product_id: GeneratedAlways<string>;
  sku: GeneratedAlways<string>;
  product_name: GeneratedAlways<string>;
  quantity: GeneratedAlways<number>;
  currency: GeneratedAlways<string>;
  unit_price_minor: GeneratedAlways<string>;
  total_price_minor: GeneratedAlways<string>;
}

declare module '../tables.js' {
  interface Database {
    'orders.customers': CustomersTable;
    'orders.orders': OrdersTable;
    'orders.order_items': OrderItemsView;
  }
}
