import { setTimeout as sleep } from 'node:timers/promises';
import type { OrderView } from '../../src/http/orderViews.js';
import type { AcknowledgedFile } from './acknowledged.js';
import { waitsFor } from './check/resting.js';
import type { Client } from './client.js';
import type { Journey, PlannedOrder } from './orders.js';

/** What the customers of a run share. */
export interface Customers {
  readonly client: Client;
  readonly acknowledged: AcknowledgedFile;
  /** Starts the keys of this run. */
  readonly keyPrefix: string;
  readonly signal: AbortSignal;
}

/** How long a customer waits before looking again (ms): each time half as long again, since whoever waits long is one of many. */
const lookAfterMs = { first: 400, longest: 5_000 };

/**
 * Sends every order at its time and goes on with each as its journey says; resolves once all journeys are at their end.
 * @param underWay is kept up with the journeys that have begun and are not at their end
 */
export async function sendOrders(
  customers: Customers,
  planned: readonly PlannedOrder[],
  underWay = new Set<string>(),
): Promise<void> {
  const began = performance.now();
  await Promise.all(
    planned.map(async (order) => {
      await sleep(Math.max(0, began + order.at - performance.now()), undefined, { signal: customers.signal });
      const name = `${order.number} (${order.journey})`;
      underWay.add(name);
      await new Customer(customers, order).go();
      underWay.delete(name);
    }),
  );
}

/** One customer with one order. */
class Customer {
  readonly #customers: Customers;
  readonly #order: PlannedOrder;

  constructor(customers: Customers, order: PlannedOrder) {
    this.#customers = customers;
    this.#order = order;
  }

  async go(): Promise<void> {
    const { journey, body, hesitates } = this.#order;
    const { id } = await this.#place(body);
    const next = this.#next[journey];
    if (!next) return;
    await sleep(hesitates, undefined, { signal: this.#customers.signal });
    await next(id);
  }

  readonly #next: { readonly [J in Journey]?: (orderId: string) => Promise<void> } = {
    cancelled: async (id) => {
      const { status } = await this.#send('POST', `/v1/orders/${id}/cancel`, { reason: 'CUSTOMER_REQUEST' }, 'cancel');
      if (status === 200) this.#note({ what: 'cancelled', orderId: id, at: now() });
    },
    secondCard: async (id) => {
      if (!(await this.#sees(id, 'confirmed.paymentRetry'))) return;
      const payment = { method: { type: 'card', token: 'pm_card_mastercard' } };
      await this.#send('POST', `/v1/orders/${id}/payment-method`, { payment }, 'card');
    },
    approved: (id) => this.#review(id, 'APPROVED'),
    declined: (id) => this.#review(id, 'DECLINED'),
    delivered: async (id) => {
      const order = await this.#sees(id, 'fulfilling.booked');
      for (const status of ['dispatched', 'delivered']) {
        for (const shipment of order?.shipments ?? []) {
          const path = `/v1/shipments/${shipment.id}/status`;
          const answer = await this.#send('PUT', path, { status }, `${status}-${shipment.id}`);
          if (answer.status !== 200) return;
        }
      }
      if (order) this.#note({ what: 'delivered', orderId: id, at: now() });
    },
  };

  async #review(id: string, decision: 'APPROVED' | 'DECLINED'): Promise<void> {
    const order = await this.#sees(id, 'confirmed.fraudHold');
    if (!order?.payment) return;
    await this.#send('PUT', `/v1/fraud/override/${order.payment.id}`, { decision, reviewer: 'grace' }, 'review');
  }

  async #place(body: object): Promise<OrderView> {
    const { number, journey } = this.#order;
    const { status, body: order } = await this.#send<OrderView>('POST', '/v1/orders', body, 'place');
    if (status !== 201) throw new Error(`order ${number} was answered ${status}: ${JSON.stringify(order)}`);
    const { id: orderId, totalAmount } = order;
    const key = this.#key('place');
    this.#note({ what: 'placed', orderId, key, journey, total: totalAmount.amount, at: now() });
    return order;
  }

  /** Waits until the order is in a state; null when it has come to rest in another. */
  async #sees(id: string, state: string): Promise<OrderView | null> {
    for (let pause = lookAfterMs.first; ; pause = Math.min(pause * 1.5, lookAfterMs.longest)) {
      const { body: order } = await this.#customers.client.send<OrderView>('GET', `/v1/orders/${id}`);
      if (order.state === state) return order;
      if (waitsFor('order', order.state)) return null;
      await sleep(pause, undefined, { signal: this.#customers.signal });
    }
  }

  #send<B>(method: string, path: string, body: object, step: string) {
    return this.#customers.client.send<B>(method, path, body, this.#key(step));
  }

  #key(step: string): string {
    return `${this.#customers.keyPrefix}-${this.#order.number}-${step}`;
  }

  #note(one: Parameters<AcknowledgedFile['append']>[0]): void {
    this.#customers.acknowledged.append(one);
  }
}

const now = (): string => new Date().toISOString();
