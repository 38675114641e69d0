import { type Coverage, type Discount, isSameRhythm } from '../bills.js';
import type { Card, ExpectedInvoice, ExpectedOrder, Stage, Wish } from '../expected.js';
import { pageOf, type Rhythm } from '../handCalendar.js';
import type { MenuPlan } from '../menu.js';

export const day = 86_400_000;
export const week = 7 * day;
export const month = 30 * day;

/** What is owed for one period. */
export interface Bill {
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

/** What somebody who asked to leave has said. */
export interface Leaving {
  readonly from: Stage;
  readonly mode: 'period_end' | 'immediate';
  readonly percent: number;
  readonly requestedAt: number;
}

/** All that is written down about a subscription: the one sheet of paper that every rule reads and writes. */
export class Standing {
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
  /** So many more charges are refused, whatever the card. */
  refusals = 0;
  autoRenew = true;
  offerUsed = false;
  credit = 0;
  discount: Discount | null = null;
  decisionUntil: number | null = null;
  onTrial = false;
  /** The date that periods are counted from, and which of them comes next. */
  anchor: number;
  next = 0;
  coverage: Coverage | null = null;
  bill: Bill | null = null;
  /** The plan that begins with the next period. */
  pending: MenuPlan | null = null;
  firstFailure = 0;
  retriesDone = 0;
  /** When the present stage is over. */
  until = 0;
  /** The end of grace, kept while an offer is open. */
  graceUntil = 0;
  /** The paid time that waits for the end of a pause. */
  waiting = { ms: 0, amount: 0 };
  leaving: Leaving | null = null;

  constructor(wish: Wish, at: number) {
    this.wish = wish;
    this.now = at;
    this.anchor = at;
  }

  get rhythm(): Rhythm {
    return this.wish.kind === 'plan' ? this.wish.plan : this.wish.delivery;
  }

  /** When the running period is over. */
  get end(): number {
    return this.period?.end ?? this.now;
  }

  get nextDelivery(): number {
    return pageOf(this.anchor, this.rhythm, this.next + 1);
  }

  get planInForce(): MenuPlan | null {
    return this.wish.kind === 'plan' ? this.wish.plan : null;
  }

  get hasPlanAhead(): boolean {
    return this.pending !== null;
  }

  /** Whether the plan that is ahead comes in another rhythm, and so begins its own count. */
  get isNewRhythmAhead(): boolean {
    return this.pending !== null && !isSameRhythm(this.pending, this.rhythm);
  }

  /** Whether an open offer includes a pause: paid time must be running. */
  get isPauseOffered(): boolean {
    return this.leaving?.from === 'current';
  }

  /** Whether paid or trial time is running by the rules of renewal. */
  get isRunning(): boolean {
    return this.stage === 'current' || this.stage === 'trialing';
  }
}
