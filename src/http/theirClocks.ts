import { type Kysely, sql } from 'kysely';
import { uuids } from '../db/arrays.js';
import type { Database } from '../db/tables.js';
import type { Acceptor } from '../runtime/accept.js';
import { grouped } from './grouped.js';

/** What a command may say about whose it is. */
interface Subject {
  readonly clockId?: string | null;
  readonly customerId?: string | null;
  readonly paymentId?: string | null;
}

/**
 * An acceptor whose commands happen in the time of the customer, or of the payment, that they are about. What an actor is told
 * happens in its time anyway; this is for what makes new actors, and for what goes to handlers.
 */
export function onTheirClocks(db: Kysely<Database>, acceptor: Acceptor): Acceptor {
  const clockOf = grouped<Subject, string | null>((subjects) => findClocks(db, subjects));
  return {
    async accept(request) {
      const subject = request.data as Subject;
      const clockId = subject.clockId ?? (await clockOf(subject));
      // Not a spread: what is new behind one costs Node.js 20 microseconds, and each object a hidden class (docs/performance.md).
      return acceptor.accept(Object.assign({}, request, { clockId }));
    },
  };
}

async function findClocks(db: Kysely<Database>, subjects: readonly Subject[]): Promise<(string | null)[]> {
  const { rows } = await sql<{ clock_id: string | null }>`/* prepared */
    select coalesce(c.clock_id, p.clock_id) as clock_id
    from unnest(${uuids(subjects.map((s) => s.customerId ?? null))}, ${uuids(subjects.map((s) => s.paymentId ?? null))})
      with ordinality as s(customer_id, payment_id, place)
    left join orders.customers c on c.customer_id = s.customer_id
    left join payments.payments p on p.id = s.payment_id order by s.place`.execute(db);
  return rows.map((row) => row.clock_id);
}
