import { sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import { bigints, instants, texts, uuids } from '../../db/arrays.js';
import type { FraudCaseStatus } from '../../db/tables/fraud.js';
import type { Trx } from '../../runtime/ports.js';
import type { RiskHistory } from './score.js';

export type PaymentInitiated = FlowmartReceived<'PaymentInitiated'>;

/** Remembers what payments looked like; one that is known stays as it is. */
export async function saveFeatures(trx: Trx, payments: readonly PaymentInitiated[]): Promise<void> {
  const rows = payments.map(({ data }) => data);
  await sql`/* prepared */
    insert into fraud.transaction_features (payment_id, customer_id, ip, device, country, amount_minor, currency, at)
    select * from unnest(${uuids(rows.map((p) => p.paymentId))}, ${uuids(rows.map((p) => p.customerId))},
      ${texts(rows.map((p) => p.risk.ipAddress ?? null))}, ${texts(rows.map((p) => p.risk.deviceId ?? null))},
      ${texts(rows.map((p) => p.risk.shippingAddress?.country ?? null))}, ${bigints(rows.map((p) => p.amount.amount))},
      ${texts(rows.map((p) => p.amount.currency))}, ${instants(rows.map((p) => p.initiatedAt))})
    on conflict (payment_id) do nothing`.execute(trx);
}

/**
 * Reads what the customers and devices of these payments did until then, the payments themselves included. Payments of the
 * same instant count in order of their ids, so that a score does not depend on which of them were handled together.
 */
export async function readHistories(
  trx: Trx,
  payments: readonly PaymentInitiated[],
): Promise<Map<string, RiskHistory>> {
  const rows = payments.map(({ data }) => data);
  // The limits bound the work for a customer of thousands of payments; nothing that is asked needs more.
  const { rows: found } = await sql<{
    payment_id: string;
    payments: number;
    ips: number;
    device_known: boolean;
    has_devices: boolean;
    countries: string[];
    others: number;
  }>`/* prepared */
    select p.payment_id, h.*, d.others
    from unnest(${uuids(rows.map((p) => p.paymentId))}, ${uuids(rows.map((p) => p.customerId))},
      ${texts(rows.map((p) => p.risk.deviceId ?? null))}, ${instants(rows.map((p) => p.initiatedAt))})
      as p(payment_id, customer_id, device, at)
    cross join lateral (
      select count(*) filter (where f.at > p.at - interval '1 hour')::int as payments,
        count(distinct f.ip) filter (where f.at > p.at - interval '1 hour')::int as ips,
        coalesce(bool_or(f.device = p.device) filter (where f.payment_id <> p.payment_id), false) as device_known,
        coalesce(bool_or(f.device is not null) filter (where f.payment_id <> p.payment_id), false) as has_devices,
        coalesce(array_agg(distinct f.country) filter (where f.payment_id <> p.payment_id and f.country is not null), '{}') as countries
      from (
        select * from fraud.transaction_features f
        where f.customer_id = p.customer_id and (f.at, f.payment_id) <= (p.at, p.payment_id)
        order by f.at desc, f.payment_id desc limit 20) f) h
    cross join lateral (
      select count(distinct f.customer_id)::int as others
      from (
        select customer_id from fraud.transaction_features f
        where f.device = p.device and f.at <= p.at and f.at > p.at - interval '1 day'
        order by f.at desc limit 50) f
      where f.customer_id <> p.customer_id) d`.execute(trx);
  return new Map(
    found.map((row) => [
      row.payment_id,
      {
        paymentsLastHour: row.payments,
        ipsLastHour: row.ips,
        deviceKnown: row.device_known,
        hasDevices: row.has_devices,
        otherCustomersOnDevice: row.others,
        countries: row.countries,
      },
    ]),
  );
}

/** A row of fraud.fraud_cases as a batch works with it. */
export interface CaseRow {
  readonly caseId: string;
  readonly paymentId: string;
  readonly transactionId: string;
  readonly orderId: string | null;
  readonly customerId: string | null;
  status: FraudCaseStatus;
  reviewer: string | null;
  note: string | null;
  closedAt: string | null;
}

/** Locks the cases of these payments, in order of their ids, until the end of the transaction. */
export async function lockCases(trx: Trx, paymentIds: readonly string[]): Promise<Map<string, CaseRow>> {
  const { rows } = await sql<CaseRow>`
    select c.fraud_case_id as "caseId", c.payment_id as "paymentId", a.transaction_id as "transactionId", a.order_id as "orderId",
      a.customer_id as "customerId", c.status, c.reviewer, null as note, null as "closedAt"
    from fraud.fraud_cases c join fraud.risk_assessments a using (assessment_id)
    where c.payment_id = any(${uuids(paymentIds)})
    order by c.payment_id for no key update of c`.execute(trx);
  return new Map(rows.map((row) => [row.paymentId, row]));
}

/** Closes cases, and brings the decisions of their assessments up to date. */
export async function closeCases(trx: Trx, closed: readonly CaseRow[]): Promise<void> {
  await sql`
    with c as (
      select * from unnest(${uuids(closed.map((c) => c.paymentId))}, ${texts(closed.map((c) => c.status))},
        ${texts(closed.map((c) => c.reviewer))}, ${texts(closed.map((c) => c.note))}, ${instants(closed.map((c) => c.closedAt))})
        as c(payment_id, status, reviewer, note, closed_at)),
    cases as (
      update fraud.fraud_cases f set status = c.status, reviewer = c.reviewer, closed_at = c.closed_at
      from c where f.payment_id = c.payment_id)
    update fraud.risk_assessments a
    set decision = case c.status when 'approved' then 'APPROVED' else 'DECLINED' end, decided_by = coalesce(c.reviewer, 'deadline'),
      decided_at = c.closed_at, note = c.note
    from c where a.payment_id = c.payment_id`.execute(trx);
}
