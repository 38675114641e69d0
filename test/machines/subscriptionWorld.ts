import type { EventFromLogic } from 'xstate';
import { invoiceMachine } from '../../machines/invoice/invoice.machine.js';
import { days, hours, later } from '../../machines/shared/instants.js';
import type { Money } from '../../machines/shared/values.js';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import { subscriptionMachine } from '../../machines/subscription/subscription.machine.js';
import {
  type Access,
  type SubscriptionState,
  viewSubscription,
} from '../../machines/subscription/subscription.view.js';
import { toldAccess } from '../../scripts/simulation/lifeHistory.js';
import { given, id, type Scene } from './given.js';
import {
  beans,
  type catalogue,
  customerId,
  type DataFor,
  dead,
  declined,
  filters,
  processed,
  START,
  subscriptionId,
  telling,
  usd,
} from './subscriptionStory.js';

/** How the outside answers: a charge, an order, or the provider. */
export interface Fate {
  readonly answer: 'yes' | 'no' | 'never';
  readonly afterHours: number;
}

/** What a customer does, some time after what they did before. */
export interface Deed {
  readonly afterHours: number;
  readonly what: keyof typeof catalogue & string;
  readonly data: object;
}

interface Happening {
  readonly at: string;
  readonly happen: () => void;
}
interface Payment {
  readonly invoiceId: string | null;
  readonly amount: Money;
  state: 'open' | 'captured' | 'refunded' | 'failed' | 'cancelled';
}
type SubscriptionEvent = EventFromLogic<typeof subscriptionMachine>;
type InvoiceEvent = EventFromLogic<typeof invoiceMachine>;
type Sent = { readonly type: string; readonly data: unknown };

/**
 * A subscription with its invoices, its provider and its customer, on a clock of its own: everything that is due happens in
 * due order. It keeps its own books from the messages alone, to compare with what the machines say.
 */
export class World {
  now = START;
  readonly invoices = new Map<string, Scene<typeof invoiceMachine>>();
  readonly payments = new Map<string, Payment>();
  /** Why something that happened should not have. */
  readonly wrongs: string[] = [];
  /** The access that the messages tell of. */
  access: Access = 'none';
  /** Until when the messages say that it is paid; null where a new beginning is free to choose. */
  paidUntil: string | null = null;
  readonly numbers: string[] = [];
  periods = 0;
  #happenings: Happening[] = [];
  #subscription: Scene<typeof subscriptionMachine>;
  #fates: readonly Fate[];
  #nextFate = 0;
  readonly #changeInvoices = new Set<string>();
  #resuming = 0;
  readonly #orders = new Map<string, 'open' | 'over'>();

  constructor(creation: ReturnType<typeof telling<'SubscribeUser'>>, deeds: readonly Deed[], fates: readonly Fate[]) {
    this.#fates = fates;
    let at = START;
    for (const { afterHours, what, data } of deeds) {
      at = later(at, hours(afterHours));
      this.#schedule(at, () => this.#tell(what, { subscriptionId, ...this.#fill(what), ...data }));
    }
    this.#subscription = given(subscriptionMachine, creation);
    this.#hear(this.#subscription.emitted);
  }

  get state(): SubscriptionState {
    return this.#subscription.state as SubscriptionState;
  }

  get context(): SubscriptionContext {
    return this.#subscription.context;
  }

  /** Lives until an instant. */
  liveUntil(end: string): void {
    for (let step = 0; step < 20_000; step++) {
      const next = this.#next();
      if (!next || Date.parse(next.at) > Date.parse(end)) return;
      this.now = next.at;
      next.happen();
      this.#compare();
    }
    this.wrongs.push(`still busy at ${this.now} in ${this.state}`);
  }

  /** What is captured and not refunded, and what the paid invoices and orders say should be. */
  get books(): { readonly captured: number; readonly invoiced: number } {
    const captured = [...this.payments.values()].filter(({ state, invoiceId }) => state === 'captured' && invoiceId);
    const paid = [...this.invoices.values()].filter(({ state }) => state === 'paid');
    return {
      captured: captured.reduce((sum, { amount }) => sum + amount.amount, 0),
      invoiced: paid.reduce((sum, { context }) => sum + context.total - context.refunded, 0),
    };
  }

  #next(): Happening | undefined {
    const timers = this.#subscription.timers.map(
      ({ id: name, dueAt }): Happening => ({
        at: dueAt,
        happen: () => this.#move(this.#subscription.whenTimerFires(name)),
      }),
    );
    const overdue = [...this.invoices].flatMap(([invoiceId, invoice]) =>
      invoice.timers.map(
        ({ id: name, dueAt }): Happening => ({
          at: dueAt,
          happen: () => this.#moveInvoice(invoiceId, invoice.whenTimerFires(name)),
        }),
      ),
    );
    return [...this.#happenings, ...timers, ...overdue].reduce<Happening | undefined>(
      (first, one) => (first && Date.parse(first.at) <= Date.parse(one.at) ? first : one),
      undefined,
    );
  }

  #fate(): Fate {
    return this.#fates[this.#nextFate++ % this.#fates.length] ?? { answer: 'yes', afterHours: 0 };
  }

  #schedule(at: string, what: () => void): void {
    const happening: Happening = {
      at,
      happen: () => {
        this.#happenings = this.#happenings.filter((one) => one !== happening);
        what();
      },
    };
    this.#happenings.push(happening);
  }

  #later(afterHours: number, what: () => void): void {
    this.#schedule(later(this.now, hours(afterHours)), what);
  }

  /** What a deed needs of the moment it happens at. */
  #fill(what: string): object {
    if (what === 'RetryInvoice') return { invoiceId: this.context.bill?.invoiceId ?? id('none') };
    if (what === 'MoveDelivery') return { deliverAt: later(this.context.period?.end ?? this.now, days(3)) };
    if (what === 'PauseSubscription') return { until: later(this.now, days(40)) };
    return {};
  }

  #tell(what: keyof typeof catalogue & string, data: object): void {
    const message = telling(what, data as never, this.now);
    if (what === 'ChangePlan') {
      this.#move(this.#subscription.when(message as unknown as SubscriptionEvent), true);
      return;
    }
    this.#move(this.#subscription.when(message as unknown as SubscriptionEvent));
  }

  #move(next: Scene<typeof subscriptionMachine>, isPlanChange = false): void {
    const wasPaused = this.state === 'paused' && next.state === 'paused';
    this.#subscription = next;
    if (isPlanChange && next.context.change) this.#changeInvoices.add(next.context.change.invoiceId);
    for (const { type } of next.emitted) {
      if (wasPaused && /^(OpenPayment|QuoteDelivery|GenerateInvoice)$/.test(type))
        this.wrongs.push(`${type} in a pause`);
    }
    this.#hear(next.emitted);
  }

  #moveInvoice(invoiceId: string, next: Scene<typeof invoiceMachine>): void {
    this.invoices.set(invoiceId, next);
    this.#hear(next.emitted);
  }

  #toInvoice(invoiceId: string | null, event: unknown): void {
    const invoice = invoiceId && this.invoices.get(invoiceId);
    if (invoice) this.#moveInvoice(invoiceId, invoice.when(event as InvoiceEvent));
  }

  #hear(sent: readonly Sent[]): void {
    for (const { type, data } of sent) this.#react(type, data as never);
  }

  #react(type: string, data: never): void {
    const at = this.now;
    switch (type) {
      case 'GenerateInvoice': {
        const order = data as DataFor<'GenerateInvoice'>;
        const invoice = given(invoiceMachine, telling('GenerateInvoice', order, at));
        this.#moveInvoice(order.invoiceId, invoice);
        return;
      }
      case 'AllocateInvoiceNumber': {
        const { invoiceId, documentId, series } = data as DataFor<'AllocateInvoiceNumber'>;
        const number = `${series}-${this.numbers.length + 1}`;
        this.numbers.push(number);
        const allocated = { invoiceId, documentId, series, number, taxBasisPoints: 800 };
        this.#toInvoice(invoiceId, telling('InvoiceNumberAllocated', allocated, at));
        return;
      }
      case 'InvoiceGenerated': {
        const generated = data as DataFor<'InvoiceGenerated'>;
        if (generated.status === 'generated') this.#tell('InvoiceGenerated', generated);
        return;
      }
      case 'CancelInvoice':
        this.#toInvoice((data as DataFor<'CancelInvoice'>).invoiceId, telling('CancelInvoice', data, at));
        return;
      case 'OpenPayment':
        this.#open(data);
        return;
      case 'CancelPayment': {
        const payment = this.payments.get((data as DataFor<'CancelPayment'>).paymentId);
        // Every second time the money was quicker.
        if (payment?.state === 'open' && this.#fate().answer !== 'yes') payment.state = 'cancelled';
        return;
      }
      case 'RefundPayment':
        this.#refund(data);
        return;
      case 'ConfirmCancellation':
        this.#confirm(data);
        return;
      case 'ResumeAgreement':
        this.#resume(data);
        return;
      case 'QuoteDelivery': {
        const { orderId } = data as DataFor<'QuoteDelivery'>;
        const available = this.#fate().answer === 'no' ? 0 : 50;
        const quotes = [beans, filters].map((productId) => ({
          productId,
          sku: 'SKU',
          productName: 'Coffee',
          unitPrice: usd(500),
          available,
        }));
        this.#tell('DeliveryQuoted', { subscriptionId, orderId, quotes });
        return;
      }
      case 'PlaceSubscriptionOrder':
        this.#order(data);
        return;
      case 'CancelOrder':
        this.#orders.set((data as DataFor<'CancelOrder'>).orderId, 'over');
        return;
      case 'PlanMigrationCompleted': {
        const { fromPlan, toPlan } = data as DataFor<'PlanMigrationCompleted'>;
        if (fromPlan.planId === toPlan.planId) this.wrongs.push(`moved from ${fromPlan.name} to itself`);
        this.#keepBooks(type, data);
        return;
      }
      default:
        this.#keepBooks(type, data);
    }
  }

  #open({ paymentId, invoiceId, amount }: DataFor<'OpenPayment'>): void {
    const rivals = [...this.payments.values()].filter((one) => one.invoiceId === invoiceId && one.state === 'open');
    if (rivals.length > 0) this.wrongs.push(`two charges at once for ${invoiceId}`);
    if (invoiceId && this.invoices.get(invoiceId)?.state === 'paid') this.wrongs.push(`${invoiceId} charged again`);
    const payment: Payment = { invoiceId, amount, state: 'open' };
    this.payments.set(paymentId, payment);
    const { answer, afterHours } = this.#fate();
    this.#later(afterHours, () => {
      if (payment.state !== 'open') return;
      payment.state = answer === 'yes' ? 'captured' : 'failed';
      const event =
        answer === 'yes'
          ? processed(paymentId, amount, { invoiceId }, this.now)
          : declined(paymentId, amount, { invoiceId }, this.now, answer === 'never' ? dead : {});
      if (answer === 'yes') this.#notePaid(invoiceId);
      this.#toInvoice(invoiceId, event);
      this.#move(this.#subscription.when(event as unknown as SubscriptionEvent));
    });
  }

  /** A full period that is paid begins where the last one ended. */
  #notePaid(invoiceId: string | null): void {
    const invoice = invoiceId && this.invoices.get(invoiceId);
    if (!invoice || this.#changeInvoices.has(invoiceId) || invoice.state === 'cancelled') return;
    const start = invoice.context.billingPeriod?.start ?? '';
    this.periods += 1;
    if (this.paidUntil && start !== this.paidUntil && this.state !== 'pending' && this.state !== 'suspended') {
      this.wrongs.push(`a period from ${start} is paid, but paid until ${this.paidUntil}`);
    }
  }

  #refund({ paymentId, refundId, amount }: DataFor<'RefundPayment'>): void {
    const payment = this.payments.get(paymentId);
    if (payment?.state !== 'captured') this.wrongs.push(`${paymentId} is refunded when ${payment?.state}`);
    if (!payment) return;
    payment.state = 'refunded';
    const refunded = telling(
      'RefundCompleted',
      {
        paymentId,
        refundId,
        orderId: null,
        subscriptionId,
        invoiceId: payment.invoiceId,
        customerId,
        amount,
        refundedTotal: amount,
        fullyRefunded: true,
        timestamp: this.now,
      },
      this.now,
    );
    this.#toInvoice(payment.invoiceId, refunded);
  }

  /** The provider always answers in the end: an effect gives up by telling so. */
  #resume(wish: DataFor<'ResumeAgreement'>): void {
    const { answer, afterHours } = this.#fate();
    this.#resuming += 1;
    this.#later(afterHours, () => {
      this.#resuming -= 1;
      if (answer === 'yes') this.#tell('AgreementResumed', wish);
      else this.#tell('AgreementNotResumed', { ...wish, failureMessage: 'no' });
    });
  }

  #confirm({ cancellationId }: DataFor<'ConfirmCancellation'>): void {
    if (this.#resuming > 0) this.wrongs.push(`${cancellationId} is asked for while the agreement may yet be resumed`);
    const { answer, afterHours } = this.#fate();
    if (answer === 'never') return; // the provider does not answer: S-22 by time
    this.#later(afterHours, () => {
      if (answer === 'yes') this.#tell('CancellationConfirmed', { subscriptionId, cancellationId });
      else this.#tell('CancellationRejected', { subscriptionId, cancellationId, failureMessage: 'no' });
    });
  }

  #order({ orderId, items, subtotal }: DataFor<'PlaceSubscriptionOrder'>): void {
    if (this.#orders.has(orderId)) this.wrongs.push(`order ${orderId} is placed twice`);
    this.#orders.set(orderId, 'open');
    const { answer, afterHours } = this.#fate();
    this.#later(Math.min(afterHours, 1), () => {
      if (this.#orders.get(orderId) !== 'open') return;
      this.#orders.set(orderId, 'over');
      if (answer === 'yes') {
        this.#move(
          this.#subscription.when(
            processed(id(`pay ${orderId}`), subtotal, { orderId }, this.now) as unknown as SubscriptionEvent,
          ),
        );
        return;
      }
      this.#tell('OrderCancelled', {
        orderId,
        orderNumber: 'FM-1',
        customerId,
        userId: customerId,
        orderItems: items,
        orderStatus: 'cancelled',
        totalAmount: subtotal,
        cancellationReason: answer === 'no' ? 'PAYMENT_FAILED' : 'OUT_OF_STOCK',
        refund: null,
        subscriptionId,
        timestamp: this.now,
      });
    });
  }

  /** What somebody knows who only hears the messages. */
  #keepBooks(type: string, data: never): void {
    const dated = data as { nextBillingDate?: string; nextDeliveryAt?: string };
    this.access = toldAccess[type] ?? this.access;
    this.paidUntil = dated.nextBillingDate ?? dated.nextDeliveryAt ?? this.paidUntil;
  }

  #compare(): void {
    const { access } = viewSubscription(this.state, this.context);
    if (access !== this.access) this.wrongs.push(`access is ${access} in ${this.state}, but told ${this.access}`);
    if (!this.#isAlive()) this.wrongs.push(`stuck in ${this.state} at ${this.now}`);
    if (this.context.credit < 0) this.wrongs.push('credit below zero');
  }

  /** Whether something will happen to it by itself, or its end has come. */
  #isAlive(): boolean {
    if (this.#subscription.timers.length > 0 || this.state === 'failed') return true;
    if (this.state === 'cancelled' || this.state === 'expired') return this.context.decisionUntil === null;
    const { attempt } = this.context.bill ?? {};
    return attempt !== null && attempt !== undefined && this.#happenings.length > 0;
  }
}
