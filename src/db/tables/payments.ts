import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { ActorRow } from '../tables.js';

type Bigint = ColumnType<string, string | number | bigint, never>;

/** Amounts are minor units of `currency`. */
export interface PaymentsTable extends ActorRow {
  order_id: GeneratedAlways<string | null>;
  customer_id: GeneratedAlways<string | null>;
  amount_minor: GeneratedAlways<string>;
  currency: GeneratedAlways<string>;
  captured_minor: GeneratedAlways<string | null>;
  refunded_minor: GeneratedAlways<string>;
}

/** One settled call to a provider; rows are only added (5.3 Transaction). */
export interface TransactionsTable {
  transaction_id: string;
  payment_id: string;
  type: 'Authorize' | 'Capture' | 'Sale' | 'Refund' | 'Void' | 'Verify';
  gateway: string;
  /** The provider's name for the charge or refund; null while nobody knows whether there is one. */
  gateway_reference_id: string | null;
  idempotency_key: string;
  amount_minor: Bigint;
  currency: string;
  status: 'Success' | 'Failure' | 'Pending';
  response_code: string | null;
  response_message: string | null;
  processed_at: Generated<Date>;
}

/** Which provider a charge was sent to, by the key under which it happens once. */
export interface ChargeRoutesTable {
  idempotency_key: string;
  payment_id: string;
  gateway: string;
  routed_at: Generated<Date>;
}

declare module '../tables.js' {
  interface Database {
    'payments.payments': PaymentsTable;
    'payments.transactions': TransactionsTable;
    'payments.charge_routes': ChargeRoutesTable;
  }
}
