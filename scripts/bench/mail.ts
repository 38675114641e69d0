import type { AddressInfo } from 'node:net';
import type { Client } from 'pg';
import { SMTPServer } from 'smtp-server';

/** Somewhere for mail to arrive. */
export interface MailServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a mail server on loopback that takes every mail and keeps none. */
export async function startMailServer(): Promise<MailServer> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _session, done) {
      stream.on('end', () => done());
      stream.resume();
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/**
 * Registers customers with an address each, all of them a year ago; answers a function that names the next one at each call, so that nobody
 * orders so often that it looks like fraud.
 */
export async function registerCustomers(sql: Client, count: number): Promise<() => string> {
  const { rows } = await sql.query<{ id: string }>(
    `insert into orders.customers (customer_id, first_name, last_name, email, date_registered)
     select ('01900000-0000-7000-8000-c' || lpad(to_hex(n), 11, '0'))::uuid, 'Ada', 'Byron', 'customer' || n || '@example.com', now() - interval '1 year'
     from generate_series(1, $1::int) n returning customer_id as id`,
    [count],
  );
  let next = 0;
  return () => (rows[next++ % rows.length] as { id: string }).id;
}
