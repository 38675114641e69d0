import { createHash } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { InvoiceContext } from '../../machines/invoice/invoice.context.js';
import type { OrderContext } from '../../machines/order/order.context.js';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import type { Database } from '../../src/db/tables.js';
import { sum } from './bills.js';
import { iso } from './command.js';
import type { ExpectedInvoice, ExpectedOrder } from './expected.js';
import type { Life } from './lives.js';
import type { Oracle } from './oracle/oracle.js';

/**
 * What every subscription was billed and sent, and where it stands, one line each, sorted. Without ids and numbers: these
 * follow the order in which independent clocks happen to move.
 */
export type Ledger = ReadonlyMap<string, readonly string[]>;

/** The same lines by every subscription give the same digest. */
export function digestOf(ledger: Ledger, lives: readonly Life[]): string {
  const hash = createHash('sha256');
  for (const { number, subscriptionId } of lives) {
    hash.update(`subscription ${number}\n`);
    for (const line of ledger.get(subscriptionId) ?? []) hash.update(`${line}\n`);
  }
  return hash.digest('hex');
}

/** The ledger as it should be. */
export const expectedLedger = (lives: readonly Life[]): Ledger =>
  new Map(lives.map(({ subscriptionId, expected }) => [subscriptionId, linesOf(expected)]));

/** The ledger as it is stored. */
export async function storedLedger(db: Kysely<Database>, lives: readonly Life[]): Promise<Ledger> {
  const ledger = new Map<string, string[]>(lives.map(({ subscriptionId }) => [subscriptionId, []]));
  const add = (rows: readonly { subscription_id: string; line: string }[]) => {
    for (const { subscription_id: id, line } of rows) ledger.get(id)?.push(line);
  };
  const invoices = await sql<{ subscription_id: string; state: string; context: InvoiceContext }>`
    select subscription_id, state, snapshot -> 'context' as context from billing.invoices where subscription_id is not null`.execute(
    db,
  );
  add(invoices.rows.map((row) => ({ ...row, line: storedInvoice(row.state, row.context) })));
  const orders = await sql<{ subscription_id: string; state: string; context: OrderContext }>`
    select subscription_id, state, snapshot -> 'context' as context from orders.orders where subscription_id is not null`.execute(
    db,
  );
  add(orders.rows.map((row) => ({ ...row, line: storedOrder(row.state, row.context) })));
  const subscriptions = await sql<{ subscription_id: string; state: string; context: SubscriptionContext }>`
    select id as subscription_id, state, snapshot -> 'context' as context from subscriptions.subscriptions`.execute(db);
  add(subscriptions.rows.map((row) => ({ ...row, line: storedStanding(row.state, row.context) })));
  for (const lines of ledger.values()) lines.sort();
  return ledger;
}

const linesOf = ({ invoices, orders, stage, period, credit }: Oracle): string[] => {
  const end = period ? iso(period.end) : '-';
  return [...invoices.map(invoiceLine), ...orders.map(orderLine), standing(stage, end, credit)].sort();
};

const invoiceLine = ({ lines, start, end, issuedAt, dueAt, paidAt, ...invoice }: ExpectedInvoice): string =>
  [
    `invoice ${iso(start)}/${iso(end)} ${invoice.state}`,
    ...lines.map(([kind, amount]) => `${kind} ${amount}`),
    `subtotal ${sum(lines)} tax ${invoice.tax} total ${invoice.total} ${invoice.currency}`,
    `issued ${iso(issuedAt)} due ${iso(dueAt)} paid ${paidAt === null ? '-' : iso(paidAt)}`,
  ].join(', ');

const openStates = ['draft', 'generated', 'sent', 'overdue'];

function storedInvoice(state: string, context: InvoiceContext): string {
  const { lines, billingPeriod, subtotal, tax, total, currency, issuedAt, dueAt, paidAt, creditNotes } = context;
  return [
    `invoice ${billingPeriod?.start}/${billingPeriod?.end} ${openStates.includes(state) ? 'open' : state}`,
    ...lines.map((line) => `${line.kind} ${line.total.amount}`),
    `subtotal ${subtotal} tax ${tax} total ${total} ${currency}`,
    `issued ${issuedAt} due ${dueAt} paid ${paidAt ?? '-'}`,
    ...creditNotes.map((note) => `credit note ${note.total} of ${note.issuedAt}`),
  ].join(', ');
}

const orderLine = ({ placedAt, subtotal, discount, tax, shipping }: ExpectedOrder): string =>
  `order ${iso(placedAt)} sent, ${subtotal} less ${discount}, tax ${tax}, shipping ${shipping}, total ${subtotal - discount + tax + shipping}`;

const storedOrder = (
  state: string,
  { placedAt, subtotal, discount, tax, shipping, totalAmount }: OrderContext,
): string =>
  `order ${placedAt} ${state.startsWith('fulfilling') ? 'sent' : state}, ${subtotal.amount} less ${discount.amount}, tax ${tax.amount}, shipping ${shipping.amount}, total ${totalAmount.amount}`;

const standing = (stage: string, end: string, credit: number): string =>
  `stands ${stage}, period until ${end}, credit ${credit}`;

const storedStanding = (state: string, { period, credit }: SubscriptionContext): string =>
  standing(state.replace('active.', ''), period?.end ?? '-', credit);
