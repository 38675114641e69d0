import type { Deed, Wish } from '../expected.js';
import { chargeDebt, nextRetry, payWith, retry, suspend } from './arrears.js';
import { beginAnew } from './billing.js';
import { changePlan, moveDelivery, pause, renewByItself, resume, skipDelivery } from './changing.js';
import { accept, cancel, close, comeBack, confirm, reactivate } from './leaving.js';
import { look, nextDuty } from './running.js';
import { day, Standing } from './standing.js';

/**
 * A subscription by paper and pencil, told from the rules alone: what it bills, when, and where it stands. It shares no code
 * with what it is to check.
 */
export class Oracle extends Standing {
  constructor({ wish, at, trialDays }: { readonly wish: Wish; readonly at: number; readonly trialDays: number }) {
    super(wish, at);
    if (trialDays > 0) {
      this.stage = 'trialing';
      this.onTrial = true;
      this.anchor = at + trialDays * day;
      this.period = { start: at, end: this.anchor };
    } else beginAnew(this);
    look(this);
  }

  /** Lets time pass. */
  advance(to: number): void {
    for (let due = this.#due(); due !== null && due <= to; due = this.#due()) {
      this.now = due;
      this.#happen();
      look(this);
    }
    this.now = to;
  }

  /** What a customer does now. */
  take(deed: Deed): void {
    this.#do(deed);
    look(this);
  }

  #due(): number | null {
    switch (this.stage) {
      case 'trialing':
      case 'current':
        return nextDuty(this);
      case 'pastDue':
        return nextRetry(this);
      case 'cancelled':
      case 'expired':
        return this.decisionUntil;
      default:
        return this.until;
    }
  }

  #happen(): void {
    switch (this.stage) {
      case 'trialing':
      case 'current':
        return;
      case 'pastDue':
        retry(this);
        return;
      case 'grace':
        suspend(this);
        return;
      case 'suspended':
        close(this, 'expired');
        return;
      case 'paused':
        resume(this);
        return;
      case 'offerPending':
        confirm(this);
        return;
      case 'cancelScheduled':
        close(this, 'cancelled');
        return;
      case 'cancelled':
      case 'expired':
        this.decisionUntil = null;
    }
  }

  #do(deed: Deed): void {
    switch (deed.do) {
      case 'pay with':
        payWith(this, deed.card);
        return;
      case 'run dry':
        this.refusals += deed.times;
        return;
      case 'retry':
        chargeDebt(this);
        return;
      case 'pause':
        pause(this, deed.until);
        return;
      case 'resume':
        resume(this);
        return;
      case 'change plan':
        changePlan(this, deed.plan);
        return;
      case 'cancel':
        cancel(this, deed);
        return;
      case 'accept':
        accept(this, deed.choice);
        return;
      case 'decline':
        confirm(this);
        return;
      case 'reactivate':
        reactivate(this);
        return;
      case 'begin anew':
        comeBack(this);
        return;
      case 'renew by itself':
        renewByItself(this, deed.autoRenew);
        return;
      case 'skip delivery':
        skipDelivery(this);
        return;
      case 'move delivery':
        moveDelivery(this, deed.to);
    }
  }
}
