import { sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { booleans, instants, uuids } from '../../db/arrays.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import { readCustomers } from './queries.js';

type SetLock = FlowmartReceived<MessagesFor<'accountLocks'>>;

/** Locks and unlocks accounts, and answers the customer; of several wishes the last one holds. */
export const accountLocks: Handler<MessagesFor<'accountLocks'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly SetLock[]): Promise<Handled[]> {
    const last = [...new Map(messages.map((message) => [message.data.customerId, message])).values()];
    const ids = last.map(({ data }) => data.customerId);
    await sql`/* prepared */
      update orders.customers c set locked_at = case when l.is_locked then coalesce(c.locked_at, l.at) end
      from unnest(${uuids(ids)}, ${booleans(last.map(({ data }) => data.isLocked))}, ${instants(last.map(({ at }) => at))})
        as l(customer_id, is_locked, at)
      where c.customer_id = l.customer_id`.execute(trx);
    const known = await readCustomers(trx, ids);
    return messages.map(({ data }) => ({ answer: known.get(data.customerId) }));
  },
};
