import type { MessageData } from '../../machines/index.js';
import { type PaymentContext, refundableNow } from '../../machines/payment/payment.context.js';
import { days, hours, minutes } from '../../machines/shared/instants.js';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import type { commands } from '../../queues/topology.js';
import type { Card } from './bank.js';
import { deliveryRhythms, goods, type LifePlan, plans } from './lives.js';
import type { Act } from './people.js';
import { productId, subscriberId } from './story.js';
import type { Town } from './town.js';

/** A subscriber, and how far their life has come. */
interface Life {
  readonly plan: LifePlan;
  readonly subscriptionId: string;
  /** Deeds that are done. */
  done: number;
  /** When the next thing is to be done (ms). */
  nextAt: number;
}

interface Subscription {
  readonly state: string;
  readonly context: SubscriptionContext;
}

const usd = (amount: number) => ({ amount, currency: 'USD' });
const home = { street: '742 Evergreen Terrace', city: 'Springfield', state: 'IL', postalCode: '62704', country: 'US' };
const nowhere = { street: 'Rua Augusta 1', city: 'São Paulo', postalCode: '01305', country: 'BR' };
const good: Card = { declines: 0, reason: 'other', refunds: 'quick' };
const empty: Card = { declines: 3, reason: 'insufficient_funds', refunds: 'quick' };
const stolen: Card = { declines: 99, reason: 'fraud_suspected', refunds: 'quick' };

/** Where a subscription takes a request to end. */
const canLeave = /^(trialing|active\.(current|renewing|offerPending)|pastDue|grace|paused)$/;
const askAgainMs = hours(24);

/** The subscribers of a story: they begin, do what comes to their minds, and are ended by support when they have nothing left to do. */
export class Subscribers {
  readonly #town: Town;
  readonly #plans: readonly LifePlan[];
  readonly #lives: Life[] = [];

  constructor(town: Town, people: readonly LifePlan[]) {
    this.#town = town;
    this.#plans = people;
  }

  /** The next subscription that begins. */
  nextBeginning(): Act | null {
    const plan = this.#plans[this.#lives.length];
    return plan ? () => this.#subscribe(plan) : null;
  }

  /** When somebody wants to do something next (ms); null when nobody does. */
  nextAppointment(): number | null {
    const dates = this.#lives.filter((life) => this.#hasPlans(life)).map(({ nextAt }) => nextAt);
    return dates.length > 0 ? Math.min(...dates) : null;
  }

  /** What somebody has waited for the time to do. */
  nextDuty(): Act | null {
    const { now } = this.#town.world;
    const life = this.#lives.find((one) => one.nextAt <= now && this.#hasPlans(one));
    return life ? () => this.#goOn(life) : null;
  }

  /** Everything that a subscriber might do now, sensible or not. */
  possibleActs(): Act[] {
    return this.#lives.flatMap((life) => {
      const found = this.#find(life);
      return found ? this.#everything(life, found) : [];
    });
  }

  #find({ subscriptionId }: Life): Subscription | undefined {
    return this.#town.world.all<SubscriptionContext>('subscription').find(({ id }) => id === subscriptionId);
  }

  #hasPlans(life: Life): boolean {
    return life.done < life.plan.deeds.length || canLeave.test(this.#find(life)?.state ?? '');
  }

  #subscribe(plan: LifePlan): void {
    const { world, bank } = this.#town;
    const subscriptionId = world.newId();
    bank.refusals.set(subscriptionId, { grants: 0, refusesOnce: 1, refusesTwice: 2 }[plan.provider]);
    const customerId = subscriberId(this.#lives.length);
    this.#lives.push({ plan, subscriptionId, done: 0, nextAt: world.now + hours(plan.deeds[0]?.afterHours ?? 0) });
    world.tell('SubscribeUser', {
      subscriptionId,
      customerId,
      terms: this.#terms(plan),
      trialDays: plan.trialDays,
      paymentMethod: plan.card && { type: 'card', token: bank.issue(plan.card) },
      autoRenew: plan.autoRenew,
      discount: plan.discount,
      source: 'web_checkout',
      checkout: {
        previousOrders: 0,
        customerSince: null,
        ...(plan.suspicion > 0 && { ipAddress: '203.0.113.9' }),
      },
    });
  }

  #terms({ wish, choice, isOutOfReach }: LifePlan): MessageData<'SubscribeUser'>['terms'] {
    const plan = plans[choice];
    if (wish === 'plan' && plan) return { kind: 'plan', plan };
    const rhythm = deliveryRhythms[choice % deliveryRhythms.length] ?? deliveryRhythms[0];
    const shippingAddress = isOutOfReach ? nowhere : home;
    const rest = { percentOff: 10, currency: 'USD', shippingAddress, shippingMethod: 'standard' } as const;
    return { kind: 'delivery', delivery: { ...rhythm, ...rest, items: this.#items(1) } };
  }

  #items(quantity: number): MessageData<'ChangeQuantities'>['items'] {
    const { prices } = this.#town.market;
    return goods.map(({ product }) => {
      const id = productId(product);
      return { productId: id, quantity, agreedUnitPrice: usd(prices.get(id) ?? 0) };
    });
  }

  #goOn(life: Life): void {
    const { deeds, restHours } = life.plan;
    const { now } = this.#town.world;
    const found = this.#find(life);
    const deed = deeds[life.done];
    life.done += 1;
    if (!deed) {
      life.nextAt = now + askAgainMs;
      this.#leave(life, { requestedBy: 'support', mode: 'immediate' });
      return;
    }
    life.nextAt = now + hours(deeds[life.done]?.afterHours ?? restHours);
    if (!found) return;
    const acts = deed.isSensible ? this.#sensible(life, found) : this.#everything(life, found);
    acts[deed.by % acts.length]?.();
  }

  /** What people do where they are. */
  #sensible(life: Life, found: Subscription): Act[] {
    switch (found.state) {
      case 'active.current':
        return found.context.terms.kind === 'plan'
          ? [...this.#withPlan(life), ...this.#whileAllIsWell(life, found)]
          : [...this.#withDelivery(life, found), ...this.#whileAllIsWell(life, found)];
      case 'trialing':
        return [...this.#paying(life, found), ...this.#leaving(life), ...this.#renewing(life)];
      case 'active.offerPending':
        return this.#answering(life);
      case 'active.renewing':
      case 'pastDue':
      case 'grace':
        return [...this.#paying(life, found), ...this.#leaving(life)];
      case 'pending':
      case 'suspended':
        return this.#paying(life, found);
      case 'paused':
        return [
          () => this.#tell('ResumeSubscription', life, {}),
          () => this.#leave(life, {}),
          ...this.#paying(life, found).slice(0, 2),
        ];
      case 'cancelScheduled':
        return [() => this.#tell('ReactivateSubscription', life, {})];
      case 'cancelled':
      case 'expired':
        return this.#comingBack(life);
      default:
        return [];
    }
  }

  #everything(life: Life, found: Subscription): Act[] {
    return [
      ...this.#withPlan(life),
      ...this.#withDelivery(life, found),
      ...this.#whileAllIsWell(life, found),
      ...this.#answering(life),
      ...this.#comingBack(life),
      () => this.#tell('ResumeSubscription', life, {}),
      () => this.#tell('ReactivateSubscription', life, {}),
    ];
  }

  #whileAllIsWell(life: Life, found: Subscription): Act[] {
    return [
      ...this.#paying(life, found),
      ...this.#leaving(life),
      ...this.#renewing(life),
      () => this.#tell('PauseSubscription', life, { until: null }),
      () => this.#tell('PauseSubscription', life, { until: this.#in(days(9)) }),
      () => this.#refund(life),
    ];
  }

  #withPlan(life: Life): Act[] {
    return plans.map((plan, n) => () => {
      const prorationAt = n % 3 === 2 ? this.#in(-minutes(10)) : null;
      this.#tell('ChangePlan', life, { plan, prorationAt });
    });
  }

  #withDelivery(life: Life, { context }: Subscription): Act[] {
    const { market } = this.#town;
    const end = Date.parse(context.period?.end ?? this.#in(0)) - this.#town.world.now;
    return [
      () => this.#tell('SkipDelivery', life, {}),
      () => this.#tell('MoveDelivery', life, { deliverAt: this.#in(days(1)) }),
      () => this.#tell('MoveDelivery', life, { deliverAt: this.#in(end + days(3)) }),
      () => this.#tell('ChangeQuantities', life, { items: this.#items(2) }),
      () => this.#tell('ChangeQuantities', life, { items: this.#items(1).slice(1) }),
      () => market.raise(),
      () => {
        const prices = this.#items(1).map(({ productId: id, agreedUnitPrice }) => ({
          productId: id,
          unitPrice: agreedUnitPrice,
        }));
        this.#tell('ApprovePrices', life, { prices });
      },
    ];
  }

  /** Cards come, and go. */
  #paying(life: Life, { context }: Subscription): Act[] {
    const { bank } = this.#town;
    const payWith = (card: Card) =>
      this.#tell('ChangeSubscriptionPaymentMethod', life, { paymentMethod: { type: 'card', token: bank.issue(card) } });
    const spoil = (card: Card) => context.paymentMethod && bank.change(context.paymentMethod.token, card);
    const invoiceId = context.bill?.invoiceId;
    return [
      () => payWith(good),
      () => payWith(empty),
      () => spoil(empty),
      () => spoil({ ...empty, declines: 9 }),
      () => spoil(stolen),
      () => this.#tell('InvalidatePaymentMethod', life, {}),
      ...(invoiceId ? [() => this.#tell('RetryInvoice', life, { invoiceId })] : []),
    ];
  }

  #leaving(life: Life): Act[] {
    return [
      () => this.#leave(life, {}),
      () => this.#leave(life, { mode: 'immediate' }),
      () => this.#leave(life, { offerDecision: 'decline' }),
      () => this.#leave(life, { requestedBy: 'support' }),
      () => this.#leave(life, { accountLocked: true }),
    ];
  }

  #renewing(life: Life): Act[] {
    return [false, true].map((autoRenew) => () => this.#tell('ChangeAutoRenewal', life, { autoRenew }));
  }

  #answering(life: Life): Act[] {
    return [
      () => this.#tell('AcceptOffer', life, { choice: 'discount' }),
      () => this.#tell('AcceptOffer', life, { choice: 'pause' }),
      () => this.#tell('AcceptOffer', life, { choice: 'support' }),
      () => this.#tell('DeclineOffer', life, {}),
      () => this.#leave(life, { offerDecision: 'decline', mode: 'immediate' }),
      () => this.#leave(life, {}),
    ];
  }

  #comingBack(life: Life): Act[] {
    const { bank } = this.#town;
    const withCard = (card: Card) => ({ type: 'card', token: bank.issue(card) }) as const;
    const plan = plans[(life.plan.choice + 1) % plans.length];
    return [
      () => this.#tell('RenewSubscription', life, { terms: null, paymentMethod: withCard(good) }),
      () => this.#tell('RenewSubscription', life, { terms: null, paymentMethod: null }),
      () => this.#tell('RenewSubscription', life, { terms: null, paymentMethod: withCard(empty) }),
      ...(life.plan.wish === 'plan' && plan
        ? [
            () =>
              this.#tell('RenewSubscription', life, { terms: { kind: 'plan', plan }, paymentMethod: withCard(good) }),
          ]
        : []),
    ];
  }

  #leave(life: Life, wish: Partial<MessageData<'CancelSubscription'>>): void {
    this.#tell('CancelSubscription', life, {
      reason: life.done % 2 === 0 ? 'too_expensive' : 'not_used',
      note: null,
      requestedBy: 'customer',
      mode: 'period_end',
      offerDecision: null,
      accountLocked: false,
      ...wish,
    });
  }

  /** Half of what was paid last goes back, or what is left of it. */
  #refund({ subscriptionId }: Life): void {
    const { world } = this.#town;
    const paid = world
      .all<PaymentContext>('payment')
      .findLast(({ context }) => context.subscriptionId === subscriptionId && refundableNow(context) > 0);
    if (!paid) return;
    const left = refundableNow(paid.context);
    world.tell('RefundPayment', {
      paymentId: paid.id,
      refundId: world.newId(),
      amount: usd(paid.context.refunds.length === 0 ? Math.ceil(left / 2) : left),
      reason: 'Goodwill.',
      requestedBy: 'kim',
    });
  }

  #in(ms: number): string {
    return new Date(this.#town.world.now + ms).toISOString();
  }

  #tell<N extends Command>(type: N, { subscriptionId }: Life, data: Omit<MessageData<N>, 'subscriptionId'>): void {
    this.#town.world.tell(type, { subscriptionId, ...data });
  }
}

type Commands = (typeof commands)['subscription.commands'];
/** What is said to a subscription that there is. */
type Command = Exclude<
  { [N in keyof Commands]: Commands[N]['to'] extends 'subscription' ? N : never }[keyof Commands],
  'SubscribeUser'
>;
