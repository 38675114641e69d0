import { seededCustomers, seededProducts } from '../seed/catalogue.js';
import type { FoundServers } from './findServers.js';

interface Started {
  webUrl: string;
  sandboxUrl?: string;
  servers: FoundServers;
  adminPassword?: string;
  logFolder: string;
}

/** What npm start says once everything runs: what is where, and one order to paste. */
export function welcome({ webUrl, sandboxUrl, servers, adminPassword, logFolder }: Started): string {
  const places: [string, string][] = [
    ['API', `${webUrl}/v1`],
    ['API reference', `${webUrl}/docs`],
    ['Queues', `${webUrl}/admin/queues (user admin, password ${adminPassword})`],
    ['Health, metrics', `${webUrl}/health/ready, ${webUrl}/metrics`],
    [
      'Stripe',
      sandboxUrl
        ? `sandbox at ${sandboxUrl} (ledger: ${sandboxUrl}/_sandbox/ledger)`
        : 'with the key of STRIPE_API_KEY',
    ],
    ['PostgreSQL', servers.databaseUrl],
    ['Redis', servers.redisUrl],
    ['Logs', `${logFolder}/`],
  ];
  const lines = [
    '',
    'FlowMart is running.',
    '',
    ...places.map(([name, place]) => `  ${name.padEnd(16)} ${place}`),
    ...servers.notes.map((note) => `  ${note}`),
    '',
    'Place an order, in another terminal:',
    '',
    exampleOrder(webUrl),
    '',
    'Ctrl-C stops everything; the next npm start goes on with the same data.',
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** A shell command that places an order of the seeded catalogue and waits for its outcome. */
export function exampleOrder(webUrl: string): string {
  const [first, second] = seededProducts;
  const [customer] = seededCustomers;
  const body = {
    customerId: customer.id,
    items: [
      { productId: first.id, quantity: 1 },
      { productId: second.id, quantity: 2 },
    ],
    currency: 'USD',
    shippingAddress: customer.address,
    payment: { method: { type: 'card', token: 'pm_card_visa' } },
  };
  return `curl -sS ${webUrl}/v1/orders -H 'Content-Type: application/json' -H 'Prefer: wait=5' -d '${JSON.stringify(body)}'`;
}
