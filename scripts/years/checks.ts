import { type Kysely, sql } from 'kysely';
import type { Database } from '../../src/db/tables.js';
import type { LedgerEntry } from '../stripeSandbox/ledger.js';
import type { Ledger } from './ledger.js';
import type { Life } from './lives.js';

/** What a check found wrong, in words; nothing when it holds. */
export type Findings = readonly string[];

/** Every line that is not as it should be, or is missing. */
export function compare(stored: Ledger, expected: Ledger, lives: readonly Life[]): Findings {
  return lives.flatMap(({ number, subscriptionId }) => {
    const is = stored.get(subscriptionId) ?? [];
    const should = [...(expected.get(subscriptionId) ?? [])];
    const extra = is.filter((line) => {
      const place = should.indexOf(line);
      if (place >= 0) should.splice(place, 1);
      return place < 0;
    });
    return [
      ...extra.map((line) => `subscription ${number} has: ${line}`),
      ...should.map((line) => `subscription ${number} should have: ${line}`),
    ];
  });
}

interface Stretch {
  readonly subscription_id: string;
  readonly starts: Date;
  readonly ends: Date;
  /** A change of plan takes over the rest of a period that was paid. */
  readonly changes: boolean;
}

/** Half-open, one after the other: what was paid for neither overlaps nor leaves out anything but pauses and new beginnings. */
export async function periodsFollow(db: Kysely<Database>, lives: readonly Life[]): Promise<Findings> {
  const { rows } = await sql<Stretch>`
    select subscription_id, (snapshot #>> '{context,billingPeriod,start}')::timestamptz as starts,
      (snapshot #>> '{context,billingPeriod,end}')::timestamptz as ends,
      jsonb_path_exists(snapshot::jsonb, '$.context.lines[*] ? (@.kind == "unusedTime" || @.kind == "remainingTime")') as changes
    from billing.invoices where state in ('paid', 'refunded') and subscription_id is not null
    order by subscription_id, 2, issued_at, created_at`.execute(db);
  const bySubscription = new Map<string, Stretch[]>();
  for (const row of rows)
    bySubscription.set(row.subscription_id, [...(bySubscription.get(row.subscription_id) ?? []), row]);
  return lives.flatMap((life) => {
    const beginnings = new Set([...life.expected.beginnings, life.startAt + life.trialDays * 86_400_000]);
    let until: number | null = null;
    return (bySubscription.get(life.subscriptionId) ?? []).flatMap(({ starts, ends, changes }) => {
      const start = starts.getTime();
      const before = until;
      until = ends.getTime();
      const isFine = start === before || beginnings.has(start) || (changes && before !== null);
      return isFine
        ? []
        : [
            `subscription ${life.number}: ${starts.toISOString()} does not follow on ${before && new Date(before).toISOString()}`,
          ];
    });
  });
}

/** Invoice numbers run through every year without gaps. */
export async function numbersFollow(db: Kysely<Database>): Promise<Findings> {
  const { rows } = await sql<{ year: string; count: number; first: number; last: number; counter: number | null }>`
    select y.year, y.count::int, y.first, y.last, s.last_number as counter from (
      select split_part(invoice_number, '-', 2) as year, count(distinct invoice_number) as count,
        min(split_part(invoice_number, '-', 3)::int) as first, max(split_part(invoice_number, '-', 3)::int) as last
      from billing.invoices group by 1) y
    left join billing.number_series s on s.series = 'invoice' and s.year = y.year::int`.execute(db);
  const strangers = await sql<{ invoice_number: string }>`
    select invoice_number from billing.invoices where split_part(invoice_number, '-', 2) <> left(issued_at, 4)`.execute(
    db,
  );
  return [
    ...rows
      .filter(({ count, first, last, counter }) => first !== 1 || last !== count || counter !== count)
      .map((row) => `numbers of ${row.year}: ${row.count} from ${row.first} to ${row.last}, counted to ${row.counter}`),
    ...strangers.rows.map(({ invoice_number }) => `${invoice_number} was issued in another year`),
  ];
}

/** Nothing waits, nothing was given up, and everybody who is not at the end has a timer that takes them further. */
export async function nobodyIsStuck(db: Kysely<Database>): Promise<Findings> {
  const { rows } = await sql<{ finding: string }>`
    select 'waits: ' || type || ' for ' || recipient as finding from runtime.mailbox
    union all select 'given up: ' || type || ' for ' || recipient || ', ' || error from runtime.dead_letters
    union all select 'moves still: clock ' || coalesce(name, id::text) from runtime.clocks where target is not null
    union all select 'has no timer: subscription ' || id || ' in ' || state from subscriptions.subscriptions s
      where not (state = 'failed' or state in ('cancelled', 'expired') and snapshot #>> '{context,decisionUntil}' is null)
        and not exists (select from runtime.timers t where t.actor_id = s.id)
    union all select 'is under way: payment ' || id || ' in ' || state from payments.payments
      where split_part(state, '.', 1) not in ('captured', 'completed', 'failed', 'cancelled', 'refunded', 'partiallyRefunded')
    union all select 'has no number: invoice ' || id from billing.invoices where invoice_number is null`.execute(db);
  return rows.map(({ finding }) => finding);
}

/** The bank took what was invoiced and ordered, and nothing else. */
export async function bankAgrees(db: Kysely<Database>, entries: Iterable<LedgerEntry>): Promise<Findings> {
  const taken = new Map<string, number>();
  for (const entry of entries) {
    if (entry.type !== 'charged' && entry.type !== 'captured' && entry.type !== 'refunded') continue;
    const { invoiceId, orderId } = entry.intent?.metadata ?? {};
    const key = invoiceId ?? orderId ?? 'nobody';
    taken.set(key, (taken.get(key) ?? 0) + (entry.type === 'refunded' ? -1 : 1) * entry.amount);
  }
  const { rows } = await sql<{ id: string; owed: string }>`
    select id, case state when 'paid' then total_minor else 0 end as owed from billing.invoices
    union all select id, total_minor from orders.orders where subscription_id is not null`.execute(db);
  const findings = rows.flatMap(({ id, owed }) => {
    const amount = taken.get(id) ?? 0;
    taken.delete(id);
    return amount === Number(owed) ? [] : [`${id}: ${owed} was paid, the bank took ${amount}`];
  });
  return [...findings, ...[...taken].map(([id, amount]) => `${id}: nobody knows of ${amount} that the bank took`)];
}
