import { expect } from 'chai';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import type { Acknowledged } from '../../../../scripts/chaos/acknowledged.js';
import type { Check, Evidence, Finding } from '../../../../scripts/chaos/check/evidence.js';
import { portland, product } from '../../../journeys/fixtures.js';
import { type Order, openShop, type Shop } from '../../../journeys/shop.js';

/** A shop with an order of every kind, at rest, and what its checker looks at. */
export interface Scene {
  readonly shop: Shop;
  readonly evidence: Evidence;
  /** Booked, cancelled after it was paid, waiting for money, waiting for a review. */
  readonly booked: Order;
  readonly cancelled: Order;
  readonly retrying: Order;
  readonly held: Order;
  close(): Promise<void>;
}

class RolledBack extends Error {}

/** Opens a shop, and has orders placed and everything come to rest. */
export async function openScene(): Promise<Scene> {
  const shop = await openShop({ LOG_LEVEL: 'warn' });
  const items = [{ productId: product('KBD-MECH-87').id, quantity: 8 }];
  const abroad = { street: 'Prinsengracht 812', city: 'Amsterdam', postalCode: '1017 JL', country: 'NL' };
  const broke = { method: { type: 'card' as const, token: 'pm_card_chargeDeclinedInsufficientFunds' } };
  const [booked, cancelled, retrying, held] = await Promise.all([
    shop.place().then(({ id }) => shop.orderIn(id, 'fulfilling.booked')),
    shop
      .place()
      .then(({ id }) => shop.orderIn(id, 'fulfilling.booked'))
      .then(({ id }) => shop.cancel(id)),
    shop.place({ payment: broke }).then(({ id }) => shop.orderIn(id, 'confirmed.paymentRetry')),
    shop
      .place({ items, shippingAddress: portland, billingAddress: abroad })
      .then(({ id }) => shop.orderIn(id, 'confirmed.fraudHold')),
  ]);
  await shop.quiet();
  const redis = new Redis(shop.redis.url);
  const at = new Date().toISOString();
  const acknowledged: Acknowledged[] = [booked, cancelled, retrying, held].map((order) => ({
    what: 'placed',
    orderId: order.id,
    key: `key of ${order.id}`,
    journey: 'paid',
    total: order.totalAmount.amount,
    at,
  }));
  acknowledged.push({ what: 'cancelled', orderId: cancelled.id, at });
  return {
    shop,
    evidence: { db: shop.db, redis, prefix: shop.redis.prefix, ledger: shop.sandbox.ledger(), acknowledged },
    booked,
    cancelled,
    retrying,
    held,
    async close() {
      redis.disconnect();
      await shop.close();
    },
  };
}

/** What a check finds once something was done to the database, which is then undone. */
export async function findsAfter(
  { evidence }: Scene,
  check: Check,
  plant: (db: Evidence['db']) => Promise<unknown>,
): Promise<readonly Finding[]> {
  let found: readonly Finding[] = [];
  const planting = evidence.db.transaction().execute(async (trx) => {
    // Logs that are only added to are changed all the same.
    await sql`set local session_replication_role = replica`.execute(trx);
    await plant(trx);
    found = await check({ ...evidence, db: trx });
    throw new RolledBack();
  });
  await planting.catch((error: unknown) => {
    if (!(error instanceof RolledBack)) throw error;
  });
  return found;
}

/** Expects exactly one finding, about somebody, that says something. */
export function expectOne(found: readonly Finding[], about: string, what: RegExp): void {
  expect(found).to.have.length(1);
  expect(found[0]?.about).to.equal(about);
  expect(found[0]?.what).to.match(what);
}
