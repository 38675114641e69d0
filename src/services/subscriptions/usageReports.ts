import { type Kysely, sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import { hasCome } from '../../../machines/shared/calendar.js';
import { bigints, instants, texts, uuids } from '../../db/arrays.js';
import type { Database } from '../../db/tables.js';
import { DomainError } from '../../runtime/errors.js';
import type { Handled, Trx } from '../../runtime/ports.js';
import { dayOf, LOOK_BACK_DAYS, lookBackFrom } from './queries.js';

type Report = FlowmartReceived<'ReportUsage'>;

/** What is known about a report: whether it is counted already, and the subscription that it is about, null for none. */
interface Known {
  readonly is_counted: boolean;
  readonly state: string | null;
  readonly started_at: string | null;
  readonly unit: string | null;
}

/**
 * Counts what was used, by day, each report once. One is refused when there is no such subscription (NOT_FOUND), when it has
 * ended (SUBSCRIPTION_ENDED), when nothing is counted for it (NO_USAGE_ALLOWANCE), and when the use is still to come, or was
 * before the subscription or the look-back (USAGE_OUT_OF_TIME).
 */
export async function countReports(trx: Trx, reports: readonly Report[]): Promise<Handled[]> {
  if (reports.length === 0) return [];
  const { rows } = await sql<Known>`/* prepared */
    select r.report_id is not null as is_counted, s.state, s.started_at, s.snapshot #>> '{context,terms,plan,usage,unit}' as unit
    from unnest(${uuids(reports.map(({ id }) => id))}, ${uuids(reports.map(({ data }) => data.subscriptionId))})
      with ordinality as m(report_id, subscription_id, place)
    left join subscriptions.usage_reports r on r.report_id = m.report_id
    left join subscriptions.subscriptions s on s.id = m.subscription_id order by m.place`.execute(trx);
  const refusals = reports.map((report, index) => refusalOf(report, rows[index] as Known));
  const taken = reports.flatMap((report, index) => {
    const { unit } = rows[index] as Known;
    return refusals[index] || unit === null ? [] : [{ ...report, unit }];
  });
  await count(trx, [...new Map(taken.map((report) => [report.id, report])).values()]);
  return refusals.map((refuse) => (refuse ? { refuse } : {}));
}

const usedAt = ({ data, at }: Report): string => data.at ?? at;

function refusalOf(report: Report, { is_counted, state, started_at, unit }: Known): DomainError | null {
  if (is_counted) return null;
  if (state === null) return new DomainError('NOT_FOUND', 'There is no such subscription.');
  if (['cancelled', 'expired', 'failed'].includes(state))
    return new DomainError('SUBSCRIPTION_ENDED', 'The subscription has ended: nothing is counted any more.');
  if (unit === null) return new DomainError('NO_USAGE_ALLOWANCE', 'Nothing is counted: there is no usage allowance.');
  const [used, earliest] = [usedAt(report), lookBackFrom(report.at)];
  if (hasCome(used, report.at) && hasCome(earliest, used) && started_at !== null && hasCome(started_at, used))
    return null;
  const rule = `Use is counted from the beginning of a subscription until now, ${LOOK_BACK_DAYS} days late at most.`;
  return new DomainError('USAGE_OUT_OF_TIME', rule);
}

async function count(trx: Trx, reports: readonly (Report & { readonly unit: string })[]): Promise<void> {
  if (reports.length === 0) return;
  await sql`/* prepared */
    with fresh as (
      insert into subscriptions.usage_reports (report_id)
      select * from unnest(${uuids(reports.map(({ id }) => id))}) order by 1
      on conflict do nothing returning report_id)
    insert into subscriptions.usage as u (subscription_id, unit, day, quantity)
    select n.subscription_id, n.unit, n.day, sum(n.quantity)
    from unnest(${uuids(reports.map(({ id }) => id))}, ${uuids(reports.map(({ data }) => data.subscriptionId))},
      ${texts(reports.map(({ unit }) => unit))}, ${instants(reports.map((report) => dayOf(usedAt(report))))},
      ${bigints(reports.map(({ data }) => data.quantity))}) as n(report_id, subscription_id, unit, day, quantity)
    join fresh using (report_id) group by 1, 2, 3 order by 1, 2, 3
    on conflict (subscription_id, unit, day) do update set quantity = u.quantity + excluded.quantity`.execute(trx);
}

/** Forgets which reports were counted longer ago than the look-back: told again, they come too late. Answers how many; for whoever tidies up. */
export async function forgetReports(db: Kysely<Database>): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from subscriptions.usage_reports where counted_at < now() - ${LOOK_BACK_DAYS}::int * interval '1 day'`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0);
}
