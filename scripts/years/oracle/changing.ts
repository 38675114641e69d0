import { type Coverage, changeLines, isDearer, isSameRhythm, periodAt, sum } from '../bills.js';
import { pageOf, restOf } from '../handCalendar.js';
import type { MenuPlan } from '../menu.js';
import { countDiscount, issue, passes, takeBack } from './billing.js';
import type { Standing } from './standing.js';

/** Stops the time that was paid. */
export function pause(sheet: Standing, until: number): void {
  const { coverage, wish, end, now } = sheet;
  const isWorth = coverage !== null && wish.kind === 'plan';
  sheet.waiting = {
    ms: end - now,
    amount: isWorth ? restOf(coverage.amount, coverage.start, coverage.end, now) : 0,
  };
  takeBack(sheet);
  sheet.stage = 'paused';
  sheet.until = until;
}

/** Lets the time that was paid run on. */
export function resume(sheet: Standing): void {
  const { now, waiting } = sheet;
  const end = now + waiting.ms;
  sheet.period = { start: now, end };
  sheet.beginnings.push(now, end);
  sheet.anchor = end;
  sheet.next = 0;
  if (sheet.coverage) sheet.coverage = { ...sheet.period, amount: waiting.amount };
  sheet.stage = 'current';
}

/** Moves to another plan: to a dearer one at once, to any other with the next period. */
export function changePlan(sheet: Standing, plan: MenuPlan): void {
  const { planInForce: present, coverage } = sheet;
  if (!present || !coverage) return;
  if (isDearer(plan, present)) {
    if (sheet.isUsable) upgrade(sheet, plan, present, coverage);
    return;
  }
  if (plan === present && !sheet.pending) return;
  sheet.pending = plan === present ? null : plan;
  takeBack(sheet);
}

function upgrade(sheet: Standing, plan: MenuPlan, present: MenuPlan, coverage: Coverage): void {
  const { now, discount } = sheet;
  const keeps = isSameRhythm(plan, present);
  const within = keeps ? periodAt(sheet.anchor, present, sheet.next - 1) : null;
  const { lines, kept } = changeLines({ at: now, coverage, to: plan, discount, within });
  const end = keeps ? sheet.end : pageOf(now, plan, 1);
  const invoice = issue(sheet, plan, lines, { start: now, end });
  if (invoice.total > 0 && !passes(sheet)) {
    invoice.state = 'cancelled';
    return;
  }
  invoice.state = 'paid';
  invoice.paidAt = now;
  takeBack(sheet);
  sheet.wish = { kind: 'plan', plan };
  if (!keeps) {
    sheet.period = { start: now, end };
    sheet.anchor = now;
    sheet.next = 1;
    countDiscount(sheet);
  }
  const worth = lines.filter(([kind]) => kind !== 'unusedTime' && kind !== 'creditKept');
  sheet.coverage = { start: now, end, amount: sum(worth) };
  sheet.credit += kept;
  sheet.pending = null;
}

/** Whether the next period is to come by itself; if not, its bill is taken back. */
export function renewByItself(sheet: Standing, autoRenew: boolean): void {
  sheet.autoRenew = autoRenew;
  if (sheet.isRunning && !autoRenew) takeBack(sheet);
}

/** Leaves one delivery out. */
export function skipDelivery(sheet: Standing): void {
  moveDelivery(sheet, sheet.nextDelivery);
  sheet.next += 1;
}

/** The next delivery comes another day. */
export function moveDelivery(sheet: Standing, to: number): void {
  sheet.period = { start: sheet.period?.start ?? 0, end: to };
}
