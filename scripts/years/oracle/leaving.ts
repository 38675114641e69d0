import type { Deed } from '../expected.js';
import { beginAnew, takeBack } from './billing.js';
import { pause } from './changing.js';
import { type Leaving, month, type Standing, week } from './standing.js';

/** Somebody wants to leave, and is offered something once in their life. */
export function cancel(sheet: Standing, { mode, reason, declines }: Extract<Deed, { do: 'cancel' }>): void {
  const { stage, now, end } = sheet;
  sheet.leaving = { from: stage, mode, percent: reason === 'too_expensive' ? 25 : 15, requestedAt: now };
  if (declines || sheet.offerUsed || stage === 'paused') {
    confirm(sheet);
    return;
  }
  sheet.offerUsed = true;
  sheet.graceUntil = sheet.until;
  sheet.stage = 'offerPending';
  sheet.until = end > now ? Math.min(now + week, end) : now + week;
}

/** They stay; a debt has stood still since they asked. */
export function accept(sheet: Standing, choice: 'discount' | 'pause' | 'support'): void {
  const { from, percent, requestedAt } = sheet.leaving as Leaving;
  sheet.leaving = null;
  const waited = sheet.now - requestedAt;
  if (choice === 'pause' && from === 'current') {
    pause(sheet, sheet.now + month);
    return;
  }
  sheet.stage = from;
  if (choice === 'discount') {
    if (!sheet.discount || sheet.discount.percent < percent) sheet.discount = { percent, timesLeft: 3 };
    if (sheet.isRunning) takeBack(sheet);
  }
  if (from === 'pastDue' || from === 'grace') {
    sheet.firstFailure += waited;
    sheet.until = sheet.graceUntil + waited;
  }
}

/** The end is certain: with the paid period, or at once. */
export function confirm(sheet: Standing): void {
  const { mode, from } = sheet.leaving as Leaving;
  const isPaid = from !== 'paused' && sheet.end > sheet.now;
  takeBack(sheet);
  sheet.pending = null;
  if (!isPaid || mode === 'immediate') {
    close(sheet, 'cancelled');
    return;
  }
  sheet.stage = 'cancelScheduled';
  sheet.until = sheet.end;
}

/** They thought better of it before the end. */
export function reactivate(sheet: Standing): void {
  sheet.leaving = null;
  sheet.stage = sheet.onTrial ? 'trialing' : 'current';
}

/** The end; for a week they may come back. */
export function close(sheet: Standing, stage: 'cancelled' | 'expired'): void {
  takeBack(sheet);
  sheet.pending = null;
  sheet.stage = stage;
  sheet.decisionUntil = sheet.now + week;
}

/** They come back, with a good card. */
export function comeBack(sheet: Standing): void {
  sheet.card = 'good';
  sheet.isUsable = true;
  sheet.period = null;
  sheet.coverage = null;
  sheet.onTrial = false;
  sheet.decisionUntil = null;
  sheet.leaving = null;
  beginAnew(sheet);
}
