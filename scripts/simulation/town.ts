import type { PaymentContext } from '../../machines/payment/payment.context.js';
import type { Received } from '../../machines/shared/message.js';
import type { Recipient } from '../../queues/topology.js';
import { createAgreements } from '../../src/services/gateway/agreements.js';
import { createGateway } from '../../src/services/gateway/gateway.js';
import { outcomeOf, type Told } from '../../src/services/gateway/webhooks.js';
import type { StockItem } from '../../src/services/inventory/stockItem.js';
import { createDelivery } from '../../src/services/notifications/delivery.js';
import type { Cause } from '../../src/services/notifications/notice.js';
import { type Row, rowsOf, stranger, whatFollows } from '../../src/services/notifications/record.js';
import { keptTransport } from '../../src/services/notifications/transports.js';
import { actors } from '../../src/services/registry.js';
import { createCarrierEffect } from '../../src/services/shipping/carrier.js';
import { Bank } from './bank.js';
import { BillingOffice } from './billingOffice.js';
import { Claims } from './claims.js';
import { FraudDesk } from './fraudDesk.js';
import { Market } from './market.js';
import { ParcelService } from './parcelService.js';
import { StockRoom } from './stockRoom.js';
import { type Cast, type MemoryEffect, type MemoryHandler, World } from './world.js';

/** A FlowMart in memory with everything around it: the real machines, rules and effects, on books that are kept in memory. */
export interface Town {
  readonly world: World;
  readonly claims: Claims;
  readonly bank: Bank;
  readonly parcels: ParcelService;
  readonly stock: StockRoom;
  readonly fraud: FraudDesk;
  readonly market: Market;
  readonly office: BillingOffice;
}

/** Builds a town; `standIns` take the place of machines of the registry. */
export function buildTown(items: readonly StockItem[], standIns: Partial<typeof actors>): Town {
  const cast: Record<string, Cast[string]> = { ...actors, ...standIns };
  const world = new World(cast);
  const claims = new Claims(world);
  const bank = new Bank(world, claims);
  const parcels = new ParcelService(claims);
  const stock = new StockRoom(items);
  const fraud = new FraudDesk();
  const market = new Market(items);
  const office = new BillingOffice();
  const letters = new Letters();
  const others: Partial<Record<Recipient, MemoryHandler | MemoryEffect>> = {
    stock,
    fraud,
    notifications: letters,
    quotes: market.quotes,
    deliveries: market.deliveries,
    numbers: office,
    agreements: { kind: 'effect', effect: createAgreements({ providers: [bank] }), prepare: () => null },
    webhooks: { kind: 'handler', handle: (message) => hearWebhook(world, message) },
    gateway: gatewayTo(bank, fraud, world),
    carrier: { kind: 'effect', effect: createCarrierEffect({ carrier: parcels }), prepare: () => null },
    delivery: {
      kind: 'effect',
      effect: createDelivery({ mail: keptTransport }),
      prepare: (message) => letters.read(message),
    },
  };
  Object.assign(cast, others);
  return { world, claims, bank, parcels, stock, fraud, market, office };
}

/** Notices that were recorded, by id, and read again by who sends them. */
class Letters implements MemoryHandler {
  readonly kind = 'handler';
  readonly #rows = new Map<string, Row>();

  handle(message: Received) {
    const cause = message as Cause;
    const rows = rowsOf(cause, { ...stranger, hasEmail: true });
    for (const row of rows) this.#rows.set(row.id, row);
    return whatFollows(cause, rows);
  }

  read({ data }: Received) {
    const row = this.#rows.get((data as { notificationId: string }).notificationId);
    if (!row) return null;
    const { cause, title, body: message, templateId, customerId } = row;
    const known = { title, message, templateId, customerId, data: row.data };
    return { ...known, sourceEventId: cause.id, queuedAt: new Date(cause.at), email: null };
  }
}

function hearWebhook(world: World, received: Received) {
  const message = received as Told['message'];
  const { paymentId, metadata } = message.data;
  const payment = world.all<PaymentContext>('payment').find(({ id }) => id === paymentId);
  if (!payment || !metadata.idempotencyKey) return [];
  const authorizesFirst = !payment.context.captureImmediately;
  return [outcomeOf({ message, idempotencyKey: metadata.idempotencyKey, authorizesFirst })];
}

/** The real gateway; where a charge was sent, and whether it is approved, it reads from memory. */
function gatewayTo(bank: Bank, fraud: FraudDesk, world: World): MemoryEffect {
  const sent = new Set<string>();
  const approvals = () => Promise.reject(new Error('read by prepare'));
  return {
    kind: 'effect',
    effect: createGateway({ providers: [bank], primary: bank.name, approvals, now: () => world.now }),
    prepare({ type, data }) {
      const { gateway, idempotencyKey, paymentId } = data as {
        gateway?: string;
        idempotencyKey: string;
        paymentId: string;
      };
      if (gateway) return { gateway, approved: true };
      const approved = fraud.isApproved(paymentId);
      if (type === 'ProcessPayment' && approved) sent.add(idempotencyKey);
      return { gateway: sent.has(idempotencyKey) ? bank.name : null, approved };
    },
  };
}
