import { UserError } from '../../../scripts/dev/userError.js';
import { seededProducts } from '../../../scripts/seed/catalogue.js';

/** How a request ended that was asked again as long as it was told to try again. */
export interface Answered {
  readonly body: { readonly id: string };
  readonly retries: number;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Sends a request as a polite client does: told to try again (503), it does, under the same idempotency key.
 * @throws {UserError} for any other answer but success
 */
export async function request(method: string, url: string, body: unknown): Promise<Answered> {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() };
  for (let retries = 0; ; retries++) {
    const answer = await fetch(url, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (answer.ok) return { body: JSON.parse(text), retries };
    if (answer.status !== 503 || retries > 60)
      throw new UserError(`${method} ${url}: ${answer.status} ${text.slice(0, 300)}`);
    await pause(1000 * Number(answer.headers.get('retry-after') ?? 1));
  }
}

/** The body of an order; every tenth customer's card has insufficient funds. */
export const orderBody = (number: number) => ({
  items: [{ productId: seededProducts[number % seededProducts.length]?.id, quantity: 1 }],
  currency: 'USD',
  shippingAddress: { street: '1 Main Street', city: 'Springfield', state: 'IL', postalCode: '62701', country: 'US' },
  payment: {
    method: { type: 'card', token: number % 10 === 0 ? 'pm_card_chargeDeclinedInsufficientFunds' : 'pm_card_visa' },
  },
});

/** Does `work` for every number below `count`, so many at a time. */
export async function inParallel(count: number, width: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
