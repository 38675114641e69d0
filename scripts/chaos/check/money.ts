import { sql } from 'kysely';
import { orderBooks } from '../../stripeSandbox/orderBooks.js';
import type { Evidence, Finding } from './evidence.js';

const isPaid = (state: string): boolean => /^(paid|fulfilling|shipped|delivered)(\.|$)/.test(state);

/** Orders of which a charge is being looked for, whose outcome nobody was told: until it is found their money may be ahead of their state. */
async function beingLookedFor(db: Evidence['db']): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ order_id: string }>`
    select p.order_id from runtime.mailbox m join payments.payments p on p.id = m.actor_id where m.type = 'ReconcileCharge'`.execute(
    db,
  );
  return new Set(rows.map(({ order_id }) => order_id));
}

/** What the gateway has charged and not refunded for each order is what the order's state says, to the cent. */
export async function chargesMatchStates({ db, ledger }: Pick<Evidence, 'db' | 'ledger'>): Promise<Finding[]> {
  const books = orderBooks(ledger);
  const { rows } = await sql<{ id: string; state: string; total: string }>`
    select id, state, total_minor as total from orders.orders`.execute(db);
  const known = new Set(rows.map(({ id }) => id));
  const open = await beingLookedFor(db);
  const strangers = [...books.keys()].filter((id) => !known.has(id));
  return [
    ...strangers.map((id) => ({ about: `order ${id}`, what: 'was charged and is not there' })),
    ...rows.flatMap(({ id, state, total }) => {
      const net = books.get(id)?.net ?? 0;
      const owed = isPaid(state) ? Number(total) : 0;
      return net === owed || open.has(id)
        ? []
        : [{ about: `order ${id}`, what: `is ${state}, owes ${owed} and was charged ${net}` }];
    }),
  ];
}

/** Payments know of exactly the money that the gateway has moved. */
export async function paymentsMatchGateway({ db, ledger }: Pick<Evidence, 'db' | 'ledger'>): Promise<Finding[]> {
  const books = orderBooks(ledger);
  const { rows } = await sql<{ order_id: string; net: string }>`
    select order_id, sum(coalesce(captured_minor, 0) - refunded_minor) as net
    from payments.payments where order_id is not null group by order_id`.execute(db);
  const open = await beingLookedFor(db);
  return rows.flatMap(({ order_id, net }) => {
    const moved = books.get(order_id)?.net ?? 0;
    if (Number(net) === moved || open.has(order_id)) return [];
    return [{ about: `payments of order ${order_id}`, what: `say ${net} and the gateway says ${moved}` }];
  });
}

/** No charge is made twice, and at no time was an order charged more than it costs. */
export async function nothingIsChargedTwice({ db, ledger }: Pick<Evidence, 'db' | 'ledger'>): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; total: string }>`
    select id, total_minor as total from orders.orders`.execute(db);
  const totals = new Map(rows.map(({ id, total }) => [id, Number(total)]));
  const charges = new Map<string, number>();
  const nets = new Map<string, number>();
  const findings: Finding[] = [];
  for (const entry of ledger) {
    if (entry.type === 'reset' || entry.orderId === null) continue;
    const { type, orderId, amount, intent } = entry;
    const taken = type === 'charged' || type === 'captured';
    const returned = type === 'refunded' || type === 'refundPending';
    if (!taken && !returned) continue;
    const net = (nets.get(orderId) ?? 0) + (taken ? amount : -amount);
    nets.set(orderId, net);
    if (taken && net > (totals.get(orderId) ?? 0))
      findings.push({ about: `order ${orderId}`, what: `was charged ${net} and costs ${totals.get(orderId)}` });
    const effectId = taken ? intent?.metadata.effectId : undefined;
    if (effectId === undefined) continue;
    charges.set(effectId, (charges.get(effectId) ?? 0) + 1);
    if (charges.get(effectId) === 2)
      findings.push({ about: `charge ${effectId}`, what: `was made twice for ${orderId}` });
  }
  return findings;
}
