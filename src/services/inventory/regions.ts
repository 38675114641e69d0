import { sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { instants, texts, uuids } from '../../db/arrays.js';
import type { Handler, Trx } from '../../runtime/ports.js';

/** Remembers where customers live, for Inventory's own use (S-040); a later message about the same customer replaces an earlier one. */
export const regions: Handler<MessagesFor<'regions'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly FlowmartReceived<MessagesFor<'regions'>>[]) {
    // In order of customer, so that two batches never wait for each other in a circle; within one customer the newest wins.
    const inOrder = messages
      .map(({ data }) => data)
      .sort((a, b) => compare(a.customerId, b.customerId) || compare(a.timestamp, b.timestamp));
    const latest = [...new Map(inOrder.map((customer) => [customer.customerId, customer])).values()];
    await sql`/* prepared */
      insert into inventory.customer_regions (customer_id, locale, country, updated_at)
      select * from unnest(${uuids(latest.map((c) => c.customerId))}, ${texts(latest.map((c) => c.locale))},
        ${texts(latest.map((c) => c.country))}, ${instants(latest.map((c) => c.timestamp))})
      on conflict (customer_id) do update
      set locale = excluded.locale, country = excluded.country, updated_at = excluded.updated_at
      where customer_regions.updated_at <= excluded.updated_at`.execute(trx);
    return messages.map(() => ({}));
  },
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
