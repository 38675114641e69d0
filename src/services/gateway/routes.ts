import { sql } from 'kysely';
import { texts, uuids } from '../../db/arrays.js';
import type { Trx } from '../../runtime/ports.js';
import '../../db/tables/payments.js';

/** One charge, by the key under which it happens once. */
interface ChargeKey {
  readonly idempotencyKey: string;
  readonly paymentId: string;
}

/**
 * Stores, before the first call, to which provider each charge goes, and answers where it goes for good: a charge that was
 * sent somewhere earlier stays there whatever `gateway` says, since its outcome may be open.
 * @returns provider names by idempotency key
 */
export async function routeCharges(
  trx: Trx,
  charges: readonly ChargeKey[],
  gateway: string,
): Promise<ReadonlyMap<string, string>> {
  if (charges.length === 0) return new Map();
  const byKey = new Map(charges.map((charge) => [charge.idempotencyKey, charge.paymentId]));
  // The empty update makes the statement return rows that were there before.
  const { rows } = await sql<{ idempotency_key: string; gateway: string }>`/* prepared */
    insert into payments.charge_routes (idempotency_key, payment_id, gateway)
    select r.*, ${gateway}::text from unnest(${texts([...byKey.keys()])}, ${uuids([...byKey.values()])})
      as r(idempotency_key, payment_id) order by 1
    on conflict (idempotency_key) do update set gateway = payments.charge_routes.gateway
    returning idempotency_key, gateway`.execute(trx);
  return new Map(rows.map((row) => [row.idempotency_key, row.gateway]));
}

/** Answers where charges were sent, by idempotency key; one that is missing never left the house. */
export async function findRoutes(
  trx: Trx,
  charges: readonly Pick<ChargeKey, 'idempotencyKey'>[],
): Promise<ReadonlyMap<string, string>> {
  if (charges.length === 0) return new Map();
  const rows = await trx
    .selectFrom('payments.charge_routes')
    .select(['idempotency_key', 'gateway'])
    .where(
      'idempotency_key',
      'in',
      charges.map((charge) => charge.idempotencyKey),
    )
    .execute();
  return new Map(rows.map((row) => [row.idempotency_key, row.gateway]));
}
