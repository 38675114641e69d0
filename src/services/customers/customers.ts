import { sql } from 'kysely';
import type { FlowmartReceived } from '../../../machines/index.js';
import { DomainError } from '../../../machines/shared/errors.js';
import type { MessagesFor } from '../../../queues/topology.js';
import { instants, jsonbs, texts, uuids } from '../../db/arrays.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import { readCustomers } from './queries.js';

type Registration = FlowmartReceived<MessagesFor<'customers'>>;

/**
 * Stores customers and tells that they exist, by id only (5.1, C-56). Registering the same customer again changes nothing;
 * an e-mail address belongs to one customer (EMAIL_TAKEN).
 */
export const customers: Handler<MessagesFor<'customers'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly Registration[]): Promise<Handled[]> {
    const fresh = firstOfEach(messages);
    const { rows } = await sql<{ customer_id: string }>`/* prepared */
      insert into orders.customers (customer_id, first_name, last_name, email, phone, locale, preferred_currency, country, clock_id, address,
        date_registered)
      select * from unnest(${uuids(fresh.map(({ data }) => data.customerId))}, ${texts(fresh.map(({ data }) => data.firstName))},
        ${texts(fresh.map(({ data }) => data.lastName))}, ${texts(fresh.map(({ data }) => data.email))},
        ${texts(fresh.map(({ data }) => data.phone ?? null))}, ${texts(fresh.map(({ data }) => data.locale ?? null))},
        ${texts(fresh.map(({ data }) => data.preferredCurrency ?? null))}, ${texts(fresh.map(({ data }) => data.address?.country ?? null))},
        ${uuids(fresh.map(({ data }) => data.clockId ?? null))},
        ${jsonbs(fresh.map(({ data }) => (data.address ? JSON.stringify(data.address) : null)))}, ${instants(fresh.map(({ at }) => at))})
      on conflict do nothing returning customer_id`.execute(trx);
    const stored = new Set(rows.map((row) => row.customer_id));
    const known = await readCustomers(
      trx,
      fresh.map(({ data }) => data.customerId),
    );
    return messages.map(({ data, at }) => {
      const customer = known.get(data.customerId);
      // Nobody has this id although it was inserted: somebody else has the address.
      if (!customer) return { refuse: new DomainError('EMAIL_TAKEN', 'another customer has this e-mail address') };
      if (!stored.delete(data.customerId)) return { answer: customer };
      const { address, locale } = data;
      const signedUp = {
        userId: data.customerId,
        customerId: data.customerId,
        locale: locale ?? null,
        country: address?.country ?? null,
        timestamp: at,
      };
      return { emit: [{ type: 'UserSignedUp', data: signedUp }], answer: customer };
    });
  },
};

/** The first registration of each customer, in order of e-mail address, so that two batches never wait for each other in a circle. */
function firstOfEach(messages: readonly Registration[]): Registration[] {
  const first = new Map<string, Registration>();
  for (const message of messages) if (!first.has(message.data.customerId)) first.set(message.data.customerId, message);
  const key = ({ data }: Registration) => data.email.toLowerCase();
  return [...first.values()].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
