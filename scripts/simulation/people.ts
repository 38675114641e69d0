import type { MessageData, MessageName } from '../../machines/index.js';
import type { OrderContext } from '../../machines/order/order.context.js';
import { type PaymentContext, refundableNow } from '../../machines/payment/payment.context.js';
import type { ShipmentContext } from '../../machines/shipment/shipment.context.js';
import { priceOrder } from '../../src/services/orders/pricing.js';
import type { BookedCharge } from './bank.js';
import { customerId, type OrderPlan, prices, productId, type Story } from './story.js';
import { Subscribers } from './subscribers.js';
import type { Town } from './town.js';

/** Something that somebody may do now. */
export type Act = () => void;

const home = { street: '742 Evergreen Terrace', city: 'Springfield', state: 'IL', postalCode: '62704', country: 'US' };
const abroad = { street: '1 Rue de la Paix', city: 'Paris', postalCode: '75002', country: 'FR' };
const usd = (amount: number) => ({ amount, currency: 'USD' });

/** Everybody outside: customers, reviewers, staff, carriers' scanners, and the bank's webhooks. */
export class People {
  readonly #town: Town;
  readonly #story: Story;
  readonly #plans = new Map<string, OrderPlan>();
  readonly #subscribers: Subscribers;
  #placed = 0;
  #holdIsOpen = false;

  constructor(town: Town, story: Story) {
    this.#town = town;
    this.#story = story;
    this.#subscribers = new Subscribers(town, story.lives?.people ?? []);
  }

  /** What begins when nothing is going on: the next order, the payment that only holds money, the next subscription. */
  nextBeginning(): Act | null {
    const plan = this.#story.orders[this.#placed];
    if (plan) return () => this.#place(plan);
    const { hold } = this.#story;
    if (hold && !this.#holdIsOpen) return () => this.#hold(hold);
    return this.#subscribers.nextBeginning();
  }

  /** What people are there for, when nothing else is going on. */
  nextDuty(): Act | null {
    const { world, fraud } = this.#town;
    const { reviewer } = this.#story;
    if (reviewer !== 'nobody')
      for (const { paymentId, status } of fraud.cases.values())
        if (status === 'open') return () => this.#decide(paymentId, reviewer === 'approves' ? 'APPROVED' : 'DECLINED');
    for (const shipment of world.all<ShipmentContext>('shipment')) {
      const fate = this.#plans.get(shipment.context.orderId)?.parcels;
      if (fate === 'left') continue;
      if (shipment.state === 'manualFulfilment') return () => this.#label(shipment.id);
      if (shipment.state === 'created') return () => this.#scan(shipment.id, 'dispatched');
      const isUnderWay = shipment.state === 'dispatched' || shipment.state === 'inTransit';
      if (fate === 'delivered' && isUnderWay) return () => this.#scan(shipment.id, 'delivered');
    }
    return this.#subscribers.nextDuty();
  }

  /** When somebody wants to do something next (ms); null when nobody does. */
  nextAppointment(): number | null {
    return this.#subscribers.nextAppointment();
  }

  /** Everything that a subscriber might have an idea to do now. */
  ideas(): Act[] {
    return this.#subscribers.possibleActs();
  }

  /** Everything that somebody might do now, sensible or not. */
  possibleActs(): Act[] {
    const { world, fraud, bank } = this.#town;
    const acts: Act[] = [];
    const beginning = this.nextBeginning();
    if (beginning) acts.push(beginning);
    for (const { id, state } of world.all<OrderContext>('order')) {
      if (!/^(cancelled|delivered|shipped)/.test(state)) acts.push(() => this.#cancel(id));
      if (/paymentRetry|awaitingPayment/.test(state)) acts.push(() => this.#changeMethod(id));
    }
    for (const { paymentId, status } of fraud.cases.values())
      if (status === 'open')
        acts.push(
          () => this.#decide(paymentId, 'APPROVED'),
          () => this.#decide(paymentId, 'DECLINED'),
        );
    for (const { id, state, context } of world.all<PaymentContext>('payment')) {
      const isOver = context.orderId === null || world.actors.get(`order/${context.orderId}`)?.state === 'delivered';
      if (isOver && refundableNow(context) > 0) acts.push(() => this.#refund(id, context));
      if (!context.captureImmediately && !/captured|completed|failed|cancelled/.test(state))
        acts.push(
          () => this.#tell('CapturePayment', { paymentId: id }),
          () => this.#tell('CancelPayment', { paymentId: id, reason: 'Not needed.' }),
        );
    }
    for (const { id, state } of world.all<ShipmentContext>('shipment')) {
      if (state === 'created') acts.push(() => this.#scan(id, 'dispatched'));
      if (/dispatched|inTransit|deliveryFailed/.test(state))
        acts.push(
          () => this.#scan(id, 'in_transit'),
          () => this.#scan(id, 'delivery_failed'),
          () => this.#scan(id, 'delivered'),
        );
      if (state === 'manualFulfilment') acts.push(() => this.#label(id));
    }
    for (const charge of bank.books) acts.push(() => this.#webhook(charge));
    return acts;
  }

  #tell<N extends MessageName>(type: N, data: MessageData<N>): void {
    this.#town.world.tell(type, data);
  }

  #place(plan: OrderPlan): void {
    this.#placed += 1;
    const { world, parcels } = this.#town;
    const orderId = world.newId();
    this.#plans.set(orderId, plan);
    parcels.refusals.set(orderId, plan.refusals);
    const lines = plan.lines.map(({ product, quantity }) => ({
      productId: productId(product),
      sku: `P-${product}`,
      productName: `Product ${product}`,
      unitPrice: usd(prices[product] ?? 0),
      quantity,
    }));
    this.#tell('PlaceOrder', {
      orderId,
      orderNumber: `FM-${this.#placed}`,
      customerId: plan.isGuest ? null : customerId,
      ...priceOrder({ lines, currency: 'USD', destination: home, shippingMethod: 'standard' }),
      shippingAddress: home,
      billingAddress: plan.suspicion > 0 ? abroad : home,
      shippingMethod: 'standard',
      paymentMethod: { type: 'card', token: this.#town.bank.issue(plan.card) },
      checkout: {
        previousOrders: 0,
        customerSince: null,
        ...(plan.suspicion > 1 && { ipAddress: '203.0.113.9' }),
      },
    });
  }

  #hold(card: OrderPlan['card']): void {
    this.#holdIsOpen = true;
    this.#tell('OpenPayment', {
      paymentId: this.#town.world.newId(),
      orderId: null,
      subscriptionId: null,
      invoiceId: null,
      customerId,
      amount: usd(5_000),
      paymentMethod: { type: 'card', token: this.#town.bank.issue(card) },
      profile: 'order',
      risk: { previousOrders: 0, customerSince: null, shippingAddress: home, billingAddress: home },
      captureImmediately: false,
    });
  }

  #cancel(orderId: string): void {
    this.#tell('CancelOrder', { orderId, reason: 'CUSTOMER_REQUEST', requestedBy: 'customer' });
  }

  #changeMethod(orderId: string): void {
    const token = this.#town.bank.issue({ declines: 0, reason: 'other', refunds: 'quick' });
    this.#tell('ChangePaymentMethod', { orderId, paymentMethod: { type: 'card', token } });
  }

  #decide(paymentId: string, decision: 'APPROVED' | 'DECLINED'): void {
    this.#tell('OverrideFraudDecision', { paymentId, decision, reviewer: 'grace' });
  }

  #refund(paymentId: string, context: PaymentContext): void {
    const left = refundableNow(context);
    const amount = usd(context.refunds.length === 0 ? Math.ceil(left / 2) : left);
    const refundId = this.#town.world.newId();
    this.#tell('RefundPayment', { paymentId, refundId, amount, reason: 'Goodwill.', requestedBy: 'kim' });
  }

  #scan(shipmentId: string, status: MessageData<'UpdateShipmentStatus'>['status']): void {
    this.#tell('UpdateShipmentStatus', { shipmentId, status });
  }

  #label(shipmentId: string): void {
    this.#tell('GenerateLabel', { shipmentId, carrier: 'Royal Mail', trackingNumber: 'BY-HAND' });
  }

  /** Tells, once more or for the first time, what the bank's books say of a charge. */
  #webhook({ reference, metadata, amount, currency, state, card }: BookedCharge): void {
    const { paymentId } = metadata;
    if (!paymentId || state === 'held') return;
    const about = {
      stripeEventId: this.#town.world.newId(),
      paymentIntentId: reference,
      amount: { amount, currency },
      metadata,
      paymentId,
    };
    if (state === 'taken') {
      this.#tell('StripeChargeSucceeded', about);
      return;
    }
    const code = state === 'letGo' ? 'canceled' : (declineCodes[card.reason] ?? null);
    this.#tell('StripeChargeFailed', { ...about, failureCode: code, declineCode: code, failureMessage: 'No.' });
  }
}

/** Stripe's words for the reasons of a card. */
const declineCodes: Readonly<Record<string, string>> = {
  insufficient_funds: 'insufficient_funds',
  card_declined: 'generic_decline',
  expired_card: 'expired_card',
  fraud_suspected: 'stolen_card',
  other: 'unheard_of',
};
