import {
  type Coverage,
  changeLines,
  type Discount,
  isDearer,
  isSameRhythm,
  type Line,
  orderOf,
  periodAt,
  periodLines,
  sum,
} from './bills.js';
import type { Card, Deed, ExpectedInvoice, ExpectedOrder, Stage, Wish } from './expected.js';
import { pageOf, restOf, shareOf } from './handCalendar.js';
import type { MenuPlan } from './menu.js';

const day = 86_400_000;
const invoiceLead = 7 * day;
const retries = [1 * day, 3 * day, 7 * day];
const week = 7 * day;
const month = 30 * day;

/** What is owed for one period. */
interface Bill {
  readonly wish: Wish;
  readonly anchor: number;
  readonly index: number;
  readonly start: number;
  readonly end: number;
  readonly net: number;
  readonly creditUsed: number;
  readonly usesDiscount: boolean;
  /** Null for a delivery. */
  readonly invoice: ExpectedInvoice | null;
}

interface Leaving {
  readonly from: Stage;
  readonly mode: 'period_end' | 'immediate';
  readonly percent: number;
  readonly requestedAt: number;
}

/**
 * A subscription by paper and pencil, told from the rules alone: what it bills, when, and where it stands. It shares no code
 * with what it is to check.
 */
export class Oracle {
  readonly invoices: ExpectedInvoice[] = [];
  readonly orders: ExpectedOrder[] = [];
  /** When paid time began that need not follow on the one before: anew, or after a pause. */
  readonly beginnings: number[] = [];
  stage: Stage = 'current';
  now: number;
  wish: Wish;
  period: { readonly start: number; readonly end: number } | null = null;
  card: Card = 'good';
  isUsable = true;
  refusals = 0;
  autoRenew = true;
  offerUsed = false;
  credit = 0;
  discount: Discount | null = null;
  decisionUntil: number | null = null;
  #onTrial = false;
  #anchor: number;
  #next = 0;
  #coverage: Coverage | null = null;
  #bill: Bill | null = null;
  #pending: MenuPlan | null = null;
  #firstFailure = 0;
  #retriesDone = 0;
  #until = 0;
  /** The end of grace, kept while an offer is open. */
  #graceUntil = 0;
  #waiting = { ms: 0, amount: 0 };
  #leaving: Leaving | null = null;

  constructor(options: { readonly wish: Wish; readonly at: number; readonly trialDays: number }) {
    const { wish, at, trialDays } = options;
    this.wish = wish;
    this.now = at;
    this.#anchor = at;
    if (trialDays > 0) {
      this.stage = 'trialing';
      this.#onTrial = true;
      this.#anchor = at + trialDays * day;
      this.period = { start: at, end: this.#anchor };
      this.#look();
    } else this.#beginAnew();
  }

  get nextDelivery(): number {
    return pageOf(this.#anchor, this.#rhythm, this.#next + 1);
  }

  get planInForce(): MenuPlan | null {
    return this.wish.kind === 'plan' ? this.wish.plan : null;
  }

  get hasPlanAhead(): boolean {
    return this.#pending !== null;
  }

  /** Whether an open offer includes a pause: paid time must be running. */
  get isPauseOffered(): boolean {
    return this.#leaving?.from === 'current';
  }

  /** Lets time pass. */
  advance(to: number): void {
    for (let due = this.#due(); due !== null && due <= to; due = this.#due()) {
      this.now = due;
      this.#happen();
    }
    this.now = to;
  }

  /** What a customer does now. */
  take(deed: Deed): void {
    switch (deed.do) {
      case 'pay with':
        this.#payWith(deed.card);
        return;
      case 'run dry':
        this.refusals += deed.times;
        return;
      case 'retry':
        this.#chargeDebt();
        return;
      case 'pause':
        this.#pause(deed.until);
        return;
      case 'resume':
        this.#resume();
        return;
      case 'change plan':
        this.#changePlan(deed.plan);
        return;
      case 'cancel':
        this.#cancel(deed);
        return;
      case 'accept':
        this.#accept(deed.choice);
        return;
      case 'decline':
        this.#confirm();
        return;
      case 'reactivate':
        this.#leaving = null;
        this.#enter(this.#onTrial ? 'trialing' : 'current');
        return;
      case 'begin anew':
        this.card = 'good';
        this.isUsable = true;
        this.period = null;
        this.#coverage = null;
        this.#onTrial = false;
        this.decisionUntil = null;
        this.#leaving = null;
        this.#beginAnew();
        return;
      case 'renew by itself':
        this.autoRenew = deed.autoRenew;
        if (this.stage === 'current' || this.stage === 'trialing') {
          if (!deed.autoRenew) this.#takeBack();
          this.#look();
        }
        return;
      case 'skip delivery':
        this.period = { start: this.period?.start ?? 0, end: this.nextDelivery };
        this.#next += 1;
        return;
      case 'move delivery':
        this.period = { start: this.period?.start ?? 0, end: deed.to };
    }
  }

  get #rhythm() {
    return this.wish.kind === 'plan' ? this.wish.plan : this.wish.delivery;
  }

  get #end(): number {
    return this.period?.end ?? this.now;
  }

  #due(): number | null {
    switch (this.stage) {
      case 'trialing':
      case 'current': {
        const invoice = this.#end - invoiceLead;
        const isAhead = this.wish.kind === 'plan' && this.autoRenew && !this.#bill && invoice > this.now;
        return isAhead ? invoice : this.#end;
      }
      case 'pastDue':
        return this.#firstFailure + (retries[this.#retriesDone] ?? 0);
      case 'cancelled':
      case 'expired':
        return this.decisionUntil;
      default:
        return this.#until;
    }
  }

  #happen(): void {
    switch (this.stage) {
      case 'trialing':
      case 'current':
        this.#look();
        return;
      case 'pastDue':
        this.#retry();
        return;
      case 'grace':
        this.#takeBack();
        this.#pending = null;
        this.stage = 'suspended';
        this.#until = this.now + month;
        return;
      case 'suspended':
        this.#close('expired');
        return;
      case 'paused':
        this.#resume();
        return;
      case 'offerPending':
        this.#confirm();
        return;
      case 'cancelScheduled':
        this.#close('cancelled');
        return;
      case 'cancelled':
      case 'expired':
        this.decisionUntil = null;
    }
  }

  #enter(stage: Stage): void {
    this.stage = stage;
    this.#look();
  }

  /** What a running period asks for now. */
  #look(): void {
    if (this.stage !== 'current' && this.stage !== 'trialing') return;
    if (this.now < this.#end) {
      const isTime = this.wish.kind === 'plan' && this.autoRenew && this.now >= this.#end - invoiceLead;
      if (isTime) this.#bill ??= this.#nextBill();
      return;
    }
    if (!this.autoRenew) {
      this.#close('expired');
      return;
    }
    this.#bill ??= this.#nextBill();
    if (this.#isFree) {
      this.#settle();
      return;
    }
    if (!this.isUsable) {
      this.#startGrace();
      return;
    }
    if (this.#charge()) return;
    this.#firstFailure = this.now;
    this.#retriesDone = 0;
    this.stage = 'pastDue';
  }

  get #isFree(): boolean {
    return this.#bill?.invoice?.total === 0;
  }

  #nextBill(): Bill {
    const plan = this.#pending;
    const isNewRhythm = plan !== null && !isSameRhythm(plan, this.#rhythm);
    return this.#billFor({
      wish: plan ? { kind: 'plan', plan } : this.wish,
      anchor: isNewRhythm ? this.#end : this.#anchor,
      index: isNewRhythm ? 0 : this.#next,
      start: this.#end,
    });
  }

  #billFor({ wish, anchor, index, start }: Pick<Bill, 'wish' | 'anchor' | 'index' | 'start'>): Bill {
    const rhythm = wish.kind === 'plan' ? wish.plan : wish.delivery;
    const { end } = periodAt(anchor, rhythm, index);
    const lines = wish.kind === 'plan' ? periodLines(wish.plan, this.discount, this.credit) : [];
    const used = lines.reduce((all, [kind, amount]) => (kind === 'creditUsed' ? all - amount : all), 0);
    const usesDiscount = this.discount !== null;
    const invoice = wish.kind === 'plan' ? this.#issue(wish.plan, lines, { start, end }) : null;
    return { wish, anchor, index, start, end, net: sum(lines) + used, creditUsed: used, usesDiscount, invoice };
  }

  #issue(plan: MenuPlan, lines: readonly Line[], period: { start: number; end: number }): ExpectedInvoice {
    const tax = shareOf(sum(lines), plan.taxBasisPoints);
    const total = sum(lines) + tax;
    const invoice: ExpectedInvoice = {
      state: total === 0 ? 'paid' : 'open',
      lines,
      currency: plan.price.currency,
      tax,
      total,
      ...period,
      issuedAt: this.now,
      dueAt: period.start,
      paidAt: total === 0 ? this.now : null,
    };
    this.invoices.push(invoice);
    return invoice;
  }

  /** Whether the bank gives the money now. */
  #passes(): boolean {
    if (this.refusals > 0) {
      this.refusals -= 1;
      return false;
    }
    if (this.card === 'stolen') this.isUsable = false;
    return this.card === 'good';
  }

  #charge(): boolean {
    const bill = this.#bill;
    if (!bill || !this.#passes()) return false;
    if (bill.wish.kind === 'delivery')
      this.orders.push({ placedAt: this.now, ...orderOf(bill.wish.delivery, this.discount) });
    this.#settle();
    return true;
  }

  #settle(): void {
    const bill = this.#bill;
    if (!bill) return;
    if (bill.invoice && bill.invoice.state === 'open') {
      bill.invoice.state = 'paid';
      bill.invoice.paidAt = this.now;
    }
    const { wish, start, end, anchor, index, net } = bill;
    this.wish = wish;
    this.period = { start, end };
    this.#anchor = anchor;
    this.#next = index + 1;
    this.#coverage = { start, end, amount: net };
    this.credit -= bill.creditUsed;
    if (bill.usesDiscount) this.#useDiscount();
    this.#bill = null;
    this.#pending = null;
    this.#onTrial = false;
    this.#enter('current');
  }

  #useDiscount(): void {
    const { discount } = this;
    if (!discount) return;
    this.discount = discount.timesLeft > 1 ? { ...discount, timesLeft: discount.timesLeft - 1 } : null;
  }

  /** Takes back what nobody has paid, and nobody is to pay any more. */
  #takeBack(): void {
    if (this.#bill?.invoice) {
      this.#bill.invoice.state = 'cancelled';
      this.#bill.invoice.paidAt = null;
    }
    this.#bill = null;
  }

  #beginAnew(): void {
    this.beginnings.push(this.now);
    this.#bill = this.#billFor({ wish: this.wish, anchor: this.now, index: 0, start: this.now });
    if (this.#isFree) this.#settle();
    else if (!this.#charge()) this.#takeBack();
  }

  #retry(): void {
    if (!this.isUsable && this.#retriesDone >= 2) {
      this.#startGrace();
      return;
    }
    const passed = retries.filter((offset) => this.#firstFailure + offset <= this.now).length;
    this.#retriesDone = Math.min(3, Math.max(this.#retriesDone + 1, passed));
    if (this.isUsable && this.#charge()) return;
    if (this.#retriesDone === 3) this.#startGrace();
  }

  #startGrace(): void {
    this.stage = 'grace';
    this.#until = this.now + week;
  }

  #payWith(card: Card): void {
    this.card = card;
    this.isUsable = true;
    if (this.stage === 'suspended') this.#beginAnew();
    else this.#chargeDebt();
  }

  #chargeDebt(): void {
    if (this.stage === 'grace') this.#charge();
    else if (this.stage === 'pastDue' && !this.#charge() && this.#retriesDone === 3) this.#startGrace();
  }

  #pause(until: number): void {
    const coverage = this.#coverage;
    this.#waiting = {
      ms: this.#end - this.now,
      amount:
        coverage && this.wish.kind === 'plan' ? restOf(coverage.amount, coverage.start, coverage.end, this.now) : 0,
    };
    this.#takeBack();
    this.stage = 'paused';
    this.#until = until;
  }

  #resume(): void {
    const end = this.now + this.#waiting.ms;
    this.period = { start: this.now, end };
    this.beginnings.push(this.now, end);
    this.#anchor = end;
    this.#next = 0;
    if (this.#coverage) this.#coverage = { ...this.period, amount: this.#waiting.amount };
    this.#enter('current');
  }

  #changePlan(plan: MenuPlan): void {
    const present = this.planInForce;
    if (!present || !this.#coverage) return;
    if (isDearer(plan, present)) {
      if (this.isUsable) this.#upgrade(plan, present, this.#coverage);
      return;
    }
    if (plan === present && !this.#pending) return;
    this.#pending = plan === present ? null : plan;
    this.#takeBack();
    this.#look();
  }

  #upgrade(plan: MenuPlan, present: MenuPlan, coverage: Coverage): void {
    const keeps = isSameRhythm(plan, present);
    const within = keeps ? periodAt(this.#anchor, present, this.#next - 1) : null;
    const { lines, kept } = changeLines({ at: this.now, coverage, to: plan, discount: this.discount, within });
    const end = keeps ? this.#end : pageOf(this.now, plan, 1);
    const invoice = this.#issue(plan, lines, { start: this.now, end });
    if (invoice.total > 0 && !this.#passes()) {
      invoice.state = 'cancelled';
      return;
    }
    invoice.state = 'paid';
    invoice.paidAt = this.now;
    this.#takeBack();
    const worth = lines.filter(([kind]) => kind !== 'unusedTime' && kind !== 'creditKept');
    this.wish = { kind: 'plan', plan };
    if (!keeps) {
      this.period = { start: this.now, end };
      this.#anchor = this.now;
      this.#next = 1;
      this.#useDiscount();
    }
    this.#coverage = { start: this.now, end, amount: sum(worth) };
    this.credit += kept;
    this.#pending = null;
    this.#look();
  }

  #cancel({ mode, reason, declines }: Extract<Deed, { do: 'cancel' }>): void {
    const percent = reason === 'too_expensive' ? 25 : 15;
    this.#leaving = { from: this.stage, mode, percent, requestedAt: this.now };
    if (declines || this.offerUsed || this.stage === 'paused') {
      this.#confirm();
      return;
    }
    this.offerUsed = true;
    this.#graceUntil = this.#until;
    this.stage = 'offerPending';
    this.#until = this.#end > this.now ? Math.min(this.now + week, this.#end) : this.now + week;
  }
  #accept(choice: 'discount' | 'pause' | 'support'): void {
    const { from, percent, requestedAt } = this.#leaving as Leaving;
    this.#leaving = null;
    const waited = this.now - requestedAt;
    if (choice === 'pause' && from === 'current') {
      this.#pause(this.now + month);
      return;
    }
    if (choice === 'discount') {
      if (!this.discount || this.discount.percent < percent) this.discount = { percent, timesLeft: 3 };
      if (from === 'current' || from === 'trialing') this.#takeBack();
    }
    if (from === 'pastDue' || from === 'grace') {
      this.#firstFailure += waited;
      this.#until = this.#graceUntil + waited;
    }
    this.#enter(from);
  }

  /** The end is certain: with the paid period, or at once. */
  #confirm(): void {
    const { mode, from } = this.#leaving as Leaving;
    const isRunning = from !== 'paused' && this.#end > this.now;
    this.#takeBack();
    this.#pending = null;
    if (!isRunning || mode === 'immediate') {
      this.#close('cancelled');
      return;
    }
    this.stage = 'cancelScheduled';
    this.#until = this.#end;
  }

  #close(stage: 'cancelled' | 'expired'): void {
    this.#takeBack();
    this.#pending = null;
    this.stage = stage;
    this.decisionUntil = this.now + week;
  }
}
