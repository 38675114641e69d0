import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { AnyStateMachine, EventFromLogic, InputFrom } from 'xstate';
import { invoiceMachine } from '../../machines/invoice/invoice.machine.js';
import { orderMachine } from '../../machines/order/order.machine.js';
import { paymentMachine } from '../../machines/payment/payment.machine.js';
import { reservationMachine } from '../../machines/reservation/reservation.machine.js';
import { shipmentMachine } from '../../machines/shipment/shipment.machine.js';
import { subscriptionMachine } from '../../machines/subscription/subscription.machine.js';
import type { MessagesFor, Recipient } from '../../queues/topology.js';
import type { Config } from '../config.js';
import type { Database } from '../db/tables.js';
import type { Actor, Effect, Handler } from '../runtime/ports.js';
import { numbers } from './billing/numbers.js';
import { accountLocks } from './customers/accountLocks.js';
import { customers } from './customers/customers.js';
import { fraud } from './fraud/fraud.js';
import { approvals } from './fraud/queries.js';
import { createAgreements } from './gateway/agreements.js';
import { createGateway } from './gateway/gateway.js';
import type { PaymentProvider } from './gateway/providers/provider.js';
import { type ProviderName, providers } from './gateway/providers/registry.js';
import { webhooks } from './gateway/webhooks.js';
import { quotes } from './inventory/quotes.js';
import { regions } from './inventory/regions.js';
import { stock } from './inventory/stock.js';
import { createDelivery } from './notifications/delivery.js';
import { notifications } from './notifications/record.js';
import { createSmtpTransport, keptTransport } from './notifications/transports.js';
import { deliveries } from './orders/deliveries.js';
import { createCarrierEffect } from './shipping/carrier.js';
import { SimulatedCarrier } from './shipping/simulatedCarrier.js';
import { plans } from './subscriptions/plans.js';
import { trials } from './subscriptions/trials.js';
import { usage } from './subscriptions/usage.js';

/** The messages a machine takes: its events, and the one that creates it. */
type TakenBy<M extends AnyStateMachine> =
  | EventFromLogic<M>['type']
  | (InputFrom<M> extends { type: infer T } ? T : never);

/** Anything goes where a machine takes exactly what the topology sends to the recipient; otherwise a compile error that says what is off. */
type Taking<R extends Recipient, M extends AnyStateMachine> = [MessagesFor<R>] extends [TakenBy<M>]
  ? [TakenBy<M>] extends [MessagesFor<R>]
    ? unknown
    : { readonly 'takes what nobody sends': Exclude<TakenBy<M>, MessagesFor<R>> }
  : { readonly 'does not take': Exclude<MessagesFor<R>, TakenBy<M>> };

function actor<R extends Recipient>() {
  return <M extends AnyStateMachine>(
    machine: M & Taking<R, M>,
    options: Omit<Actor, 'kind' | 'machine' | 'version'> & {
      readonly creates: readonly MessagesFor<R>[];
      readonly version?: number;
    },
  ): Actor => ({ kind: 'actor', machine, version: 1, ...options });
}

/** The lifecycles: one machine and one table each. */
export const actors = {
  order: actor<'order'>()(orderMachine, {
    creates: ['PlaceOrder'],
    table: 'orders.orders',
    columns: {
      order_number: ['text', 'orderNumber'],
      customer_id: ['uuid', 'customerId'],
      subscription_id: ['uuid', 'subscriptionId'],
      currency: ['text', 'totalAmount', 'currency'],
      total_minor: ['bigint', 'totalAmount', 'amount'],
      placed_at: ['text', 'placedAt'],
    },
    ends: ['delivered', 'cancelled'],
  }),
  payment: actor<'payment'>()(paymentMachine, {
    creates: ['OpenPayment'],
    table: 'payments.payments',
    columns: {
      order_id: ['uuid', 'orderId'],
      customer_id: ['uuid', 'customerId'],
      amount_minor: ['bigint', 'amount', 'amount'],
      currency: ['text', 'amount', 'currency'],
      captured_minor: ['bigint', 'charge', 'amount'],
      refunded_minor: ['bigint', 'refunded'],
    },
    ends: ['completed', 'partiallyRefunded', 'refunded', 'failed', 'cancelled'],
  }),
  reservation: actor<'reservation'>()(reservationMachine, {
    creates: ['OrderConfirmed'],
    table: 'inventory.reservations',
    columns: {
      expires_at: ['text', 'expiresAt'],
    },
    ends: ['fulfilled', 'cancelled'],
  }),
  shipment: actor<'shipment'>()(shipmentMachine, {
    creates: ['CreateShipment'],
    table: 'shipping.shipments',
    columns: {
      order_id: ['uuid', 'orderId'],
      customer_id: ['uuid', 'customerId'],
      warehouse_id: ['uuid', 'warehouseId'],
      carrier: ['text', 'carrier'],
      tracking_number: ['text', 'trackingNumber'],
    },
    ends: ['delivered', 'cancelled'],
  }),
  subscription: actor<'subscription'>()(subscriptionMachine, {
    creates: ['SubscribeUser'],
    table: 'subscriptions.subscriptions',
    columns: {
      customer_id: ['uuid', 'customerId'],
      kind: ['text', 'terms', 'kind'],
      plan_id: ['uuid', 'terms', 'plan', 'planId'],
      period_start: ['text', 'period', 'start'],
      period_end: ['text', 'period', 'end'],
      started_at: ['text', 'startedAt'],
      cancels_at: ['text', 'cancellation', 'effectiveAt'],
    },
    ends: ['cancelled', 'expired', 'failed'],
  }),
  invoice: actor<'invoice'>()(invoiceMachine, {
    creates: ['GenerateInvoice'],
    table: 'billing.invoices',
    columns: {
      invoice_number: ['text', 'number'],
      subscription_id: ['uuid', 'subscriptionId'],
      customer_id: ['uuid', 'customerId'],
      currency: ['text', 'currency'],
      total_minor: ['bigint', 'total'],
      refunded_minor: ['bigint', 'refunded'],
      issued_at: ['text', 'issuedAt'],
      due_at: ['text', 'dueAt'],
      paid_at: ['text', 'paidAt'],
    },
    ends: ['paid', 'refunded', 'cancelled'],
  }),
} satisfies Partial<Record<Recipient, Actor>>;

/** Everybody who receives messages: a recipient of the topology without an entry here is a compile error. */
export type Participants = { readonly [R in Recipient]: Actor | Handler<MessagesFor<R>> | Effect<MessagesFor<R>> };

/** The payment providers as the configuration says. */
export function createProviders(config: Config): Readonly<Record<ProviderName, PaymentProvider>> {
  return {
    stripe: providers.stripe({
      apiKey: config.stripeApiKey,
      webhookSecret: config.stripeWebhookSecret,
      timeoutMs: 4_000,
      ...(config.stripeApiBase ? { apiBase: config.stripeApiBase } : {}),
    }),
  };
}

/** Builds every participant of a process. */
export function createParticipants(config: Config, db: Kysely<Database>, log: Logger): Participants {
  const mail = config.smtpUrl ? createSmtpTransport({ url: config.smtpUrl, from: config.mailFrom }) : keptTransport;
  const paymentProviders = Object.values(createProviders(config));
  log.debug({ mail: mail.name }, 'participants are built');
  return {
    ...actors,
    customers,
    accountLocks,
    deliveries,
    stock,
    quotes,
    regions,
    fraud,
    notifications,
    webhooks,
    plans,
    trials,
    usage,
    numbers,
    gateway: createGateway({ providers: paymentProviders, primary: 'stripe', approvals }),
    agreements: createAgreements({ providers: paymentProviders }),
    carrier: createCarrierEffect({ carrier: new SimulatedCarrier({ db }) }),
    delivery: createDelivery({ mail }),
  };
}
