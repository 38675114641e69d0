import type { Client } from 'pg';
import type { LedgerEntry } from '../stripeSandbox/ledger.js';

/** How many subscriptions have paid for the day that began at an instant. */
export async function countRenewed(client: Client, dueAt: number): Promise<number> {
  const { rows } = await client.query<{ renewed: number }>(
    'select count(*)::int as renewed from subscriptions.subscriptions where period_start = $1',
    [new Date(dueAt).toISOString()],
  );
  return rows[0]?.renewed ?? 0;
}

/** When the last one paid for that day (ms since the epoch). */
export async function lastPaidAt(client: Client, dueAt: number): Promise<number> {
  const { rows } = await client.query<{ last: string | null }>(
    `select max(paid_at) as last from billing.invoices where snapshot #>> '{context,billingPeriod,start}' = $1`,
    [new Date(dueAt).toISOString()],
  );
  return Date.parse(rows[0]?.last ?? '');
}

/** What was billed or charged more than once, or not at all; in words. */
export async function findDoubles(client: Client, dueAt: number, entries: Iterable<LedgerEntry>): Promise<string[]> {
  const due = new Date(dueAt).toISOString();
  const { rows } = await client.query<{ id: string; invoices: number; invoice_id: string | null }>(
    `select s.id, count(i.id)::int as invoices, min(i.id::text) as invoice_id from subscriptions.subscriptions s
     left join billing.invoices i on i.subscription_id = s.id and i.state = 'paid'
       and i.snapshot #>> '{context,billingPeriod,start}' = $1
     where s.clock_id is null group by 1`,
    [due],
  );
  const charges = new Map<string, number>();
  for (const entry of entries) {
    const invoiceId = entry.type === 'charged' ? entry.intent?.metadata.invoiceId : undefined;
    if (invoiceId) charges.set(invoiceId, (charges.get(invoiceId) ?? 0) + 1);
  }
  return rows.flatMap(({ id, invoices, invoice_id }) => {
    const charged = charges.get(invoice_id ?? '') ?? 0;
    return invoices === 1 && charged === 1 ? [] : [`${id}: ${invoices} paid invoices, ${charged} charges`];
  });
}
