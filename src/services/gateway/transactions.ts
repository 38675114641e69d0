import { sql } from 'kysely';
import type { Money } from '../../../machines/shared/values.js';
import { bigints, texts, uuids } from '../../db/arrays.js';
import type { TransactionsTable } from '../../db/tables/payments.js';
import type { Trx } from '../../runtime/ports.js';

/** What a provider answered about one charge or refund (5.3 Transaction). */
export interface Transaction {
  readonly transactionId: string;
  readonly paymentId: string;
  readonly type: TransactionsTable['type'];
  readonly gateway: string;
  readonly gatewayReferenceId: string | null;
  readonly idempotencyKey: string;
  readonly amount: Money;
  readonly status: TransactionsTable['status'];
  readonly responseCode: string | null;
  readonly responseMessage: string | null;
}

/**
 * Adds to the log of what providers answered; what is there already is left alone. The payments must exist.
 * Rows go in by key order, so that two writers of the same rows wait for each other instead of deadlocking.
 */
export async function recordTransactions(trx: Trx, transactions: readonly Transaction[]): Promise<void> {
  if (transactions.length === 0) return;
  const column = <T>(read: (transaction: Transaction) => T): T[] => transactions.map(read);
  await sql`/* prepared */
    insert into payments.transactions (transaction_id, payment_id, type, gateway, gateway_reference_id, idempotency_key,
      amount_minor, currency, status, response_code, response_message)
    select t.* from unnest(${uuids(column((t) => t.transactionId))}, ${uuids(column((t) => t.paymentId))},
      ${texts(column((t) => t.type))}, ${texts(column((t) => t.gateway))},
      ${texts(column((t) => t.gatewayReferenceId))}, ${texts(column((t) => t.idempotencyKey))},
      ${bigints(column((t) => t.amount.amount))}, ${texts(column((t) => t.amount.currency))},
      ${texts(column((t) => t.status))}, ${texts(column((t) => t.responseCode))},
      ${texts(column((t) => t.responseMessage))}) as t(transaction_id, payment_id, type, gateway, reference)
    order by t.gateway, t.reference, t.type
    on conflict do nothing`.execute(trx);
}
