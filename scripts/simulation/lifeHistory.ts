import { days } from '../../machines/shared/instants.js';
import type { Outgoing } from '../../machines/shared/message.js';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import {
  type Access,
  type SubscriptionState,
  viewSubscription,
} from '../../machines/subscription/subscription.view.js';
import { type JournalRow, replay } from '../../src/runtime/fold.js';
import type { Actor } from '../../src/runtime/ports.js';
import type { Town } from './town.js';
import { demand } from './world.js';

/** A subscription between two messages. */
interface Moment {
  readonly at: number;
  readonly state: SubscriptionState;
  readonly context: SubscriptionContext;
}

/** Where a charge may be asked for; in suspension only once the customer wants it (S-15). */
const chargeable = /^(pending|active\.(current|renewing)|pastDue|grace)$/;
const isThinking = /^active\.(offerPending|cancelling)$/;
const charges: readonly string[] = ['OpenPayment', 'QuoteDelivery', 'PlaceSubscriptionOrder'];

/**
 * How long after the paid time each access is over (ms, R-51, R-53, S-14), with some days for charges on the way that a
 * person has to look at.
 */
const longest: Readonly<Record<Access, number>> = {
  full: days(7 + 4),
  limited: days(7 + 7 + 6),
  restricted: days(7 + 7 + 30 + 8),
  none: Number.POSITIVE_INFINITY,
};

/** The access that messages tell of. */
export const toldAccess: Readonly<Record<string, Access>> = {
  UserSubscriptionStarted: 'full',
  SubscriptionRenewed: 'full',
  SubscriptionResumed: 'full',
  DeliverySkipped: 'full',
  SubscriptionGraceStarted: 'limited',
  SubscriptionSuspended: 'restricted',
  SubscriptionPaused: 'none',
  SubscriptionEnded: 'none',
  SubscriptionFailed: 'none',
};

/**
 * Goes through the life of each subscription again, and looks at every step.
 * @throws {Violation} naming the first promise that is broken
 */
export function checkHistories({ world }: Town): void {
  for (const actor of world.actors.values()) {
    if (actor.recipient !== 'subscription') continue;
    const history = new History(world.nameOf(actor), world.stoodStillMs);
    for (const { row, step } of replay(world.participant('subscription') as Actor, actor.journal)) {
      const { node, context } = step.next.state;
      const moment = {
        at: Date.parse(row.at),
        state: node.path as SubscriptionState,
        context: context as unknown as Moment['context'],
      };
      history.goOn(row, moment, step.emitted);
    }
    history.lastUntil(world.now);
    const standing = [...history.orders].filter(([id]) => world.actors.get(`order/${id}`)?.state !== 'cancelled');
    const periods = standing.map(([, period]) => period);
    demand(new Set(periods).size === periods.length, `two orders of ${world.nameOf(actor)} stand for one delivery`);
  }
}

/** What is known of a subscription while its life is gone through. */
class History {
  /** The beginning of the period that each order was placed for. */
  readonly orders = new Map<string, string>();
  readonly #name: string;
  readonly #latenessMs: number;
  #before: Moment | null = null;
  /** How long the customer has thought about leaving since the paid time was set: dunning waits meanwhile. */
  #thoughtMs = 0;
  #wantsRevival = false;
  #told: Access = 'none';

  constructor(name: string, latenessMs: number) {
    this.#name = name;
    this.#latenessMs = latenessMs;
  }

  goOn(row: JournalRow, moment: Moment, emitted: readonly Outgoing[]): void {
    this.lastUntil(moment.at);
    if (moment.state !== 'suspended') this.#wantsRevival = false;
    else if (row.type === 'ChangeSubscriptionPaymentMethod') this.#wantsRevival = true;
    const mayCharge = chargeable.test(moment.state) || this.#wantsRevival;
    for (const { type, data } of emitted) {
      this.#told = toldAccess[type] ?? this.#told;
      if (!charges.includes(type)) continue;
      demand(mayCharge, `${this.#name} is ${moment.state} and is charged: ${type}`);
      const { bill } = moment.context;
      if (type === 'PlaceSubscriptionOrder' && bill)
        this.orders.set((data as { orderId: string }).orderId, bill.period.start);
    }
    const { access } = viewSubscription(moment.state, moment.context);
    demand(
      access === this.#told,
      `${this.#name} is ${moment.state} with ${access} access, and has told of ${this.#told}`,
    );
    this.#checkEnd(moment);
    this.#checkExtension(row, moment);
    if (this.#before?.context.period?.end !== moment.context.period?.end) this.#thoughtMs = 0;
    this.#before = moment;
  }

  /** What the last moment was like until an instant (ms): access is that of who has paid, and not of who has not. */
  lastUntil(instant: number): void {
    if (!this.#before) return;
    const { at, state, context } = this.#before;
    const { access } = viewSubscription(state, context);
    if (isThinking.test(state)) this.#thoughtMs += instant - at;
    if (context.period === null) {
      demand(
        access === 'none' || context.startedAt !== null,
        `${this.#name} is ${state} and has ${access} access unpaid`,
      );
      return;
    }
    const end = Date.parse(context.period.end);
    const overdueMs = instant - end - this.#thoughtMs - this.#latenessMs;
    demand(
      overdueMs <= longest[access],
      `${this.#name} is ${state} with ${access} access, long after what was paid for`,
    );
    const isPaid = at < end && !/^(paused|cancelled|expired|failed|pending)$/.test(state);
    const isAway = isThinking.test(state) && context.cancellation?.from === 'paused';
    demand(!isPaid || isAway || access === 'full', `${this.#name} is ${state} with ${access} access, and has paid`);
  }

  /** Who has paid keeps it until then, unless they want it otherwise. */
  #checkEnd({ at, state, context: { period, cancellation } }: Moment): void {
    if (this.#before?.state === state || !/^(cancelled|expired)$/.test(state) || period === null) return;
    const isWanted = cancellation?.mode === 'immediate' || cancellation?.from === 'paused';
    demand(isWanted || at >= Date.parse(period.end), `${this.#name} is ${state} before the end of what was paid for`);
  }

  /** A subscription to a plan goes on for another period only when that is paid, or costs nothing. */
  #checkExtension(row: JournalRow, { state, context }: Moment): void {
    const before = this.#before;
    if (!before || context.period === null || context.terms.kind !== 'plan' || before.state === 'paused') return;
    if (Date.parse(context.period.end) <= Date.parse(before.context.period?.end ?? '1970-01-01')) return;
    const said = row.type === 'InvoiceGenerated' ? (row.data as { total: { amount: number } }).total.amount : null;
    const { bill, change } = before.context;
    const isFree = [said, bill?.total?.amount, change?.total?.amount].includes(0);
    demand(isFree || row.type === 'PaymentProcessed', `${this.#name} goes on, ${state}, for time that nobody paid for`);
  }
}
