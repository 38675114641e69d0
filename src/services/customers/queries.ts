import type { Kysely, Selectable } from 'kysely';
import type { Address } from '../../../machines/shared/values.js';
import type { CustomersTable } from '../../db/tables/orders.js';
import type { Database } from '../../db/tables.js';

/** A customer as people see one. */
export interface Customer {
  readonly customerId: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string;
  readonly phone: string | null;
  readonly locale: string | null;
  readonly preferredCurrency: string | null;
  readonly address: Address | null;
  readonly dateRegistered: string;
  /** Whether our people must speak to them before they can leave (S-23). */
  readonly isLocked: boolean;
  readonly clockId: string | null;
}

const customerOf = (row: Selectable<CustomersTable>): Customer => ({
  customerId: row.customer_id,
  firstName: row.first_name,
  lastName: row.last_name,
  email: row.email,
  phone: row.phone,
  locale: row.locale,
  preferredCurrency: row.preferred_currency,
  address: row.address as Address | null,
  dateRegistered: row.date_registered.toISOString(),
  isLocked: row.locked_at !== null,
  clockId: row.clock_id,
});

/** Customers by id. */
export async function readCustomers(db: Kysely<Database>, ids: readonly string[]): Promise<Map<string, Customer>> {
  if (ids.length === 0) return new Map();
  const rows = await db.selectFrom('orders.customers').selectAll().where('customer_id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.customer_id, customerOf(row)]));
}

/** A page of customers, the newest first; `after` is the last one of the page before. */
export async function listCustomers(
  db: Kysely<Database>,
  page: { readonly limit: number; readonly after: { readonly createdAt: string; readonly id: string } | null },
): Promise<Customer[]> {
  let query = db
    .selectFrom('orders.customers')
    .selectAll()
    .orderBy('date_registered', 'desc')
    .orderBy('customer_id', 'desc')
    .limit(page.limit);
  const { after } = page;
  if (after) {
    query = query.where((eb) =>
      eb(eb.refTuple('date_registered', 'customer_id'), '<', eb.tuple(new Date(after.createdAt), after.id)),
    );
  }
  return (await query.execute()).map(customerOf);
}
