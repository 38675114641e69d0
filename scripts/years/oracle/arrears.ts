import type { Card } from '../expected.js';
import { beginAnew, charge, takeBack } from './billing.js';
import { day, month, type Standing, week } from './standing.js';

const retries = [1 * day, 3 * day, 7 * day];

export const nextRetry = ({ firstFailure, retriesDone }: Standing): number =>
  firstFailure + (retries[retriesDone] ?? 0);

/** A retry is due; after a standstill several count as one. */
export function retry(sheet: Standing): void {
  if (!sheet.isUsable && sheet.retriesDone >= 2) {
    startGrace(sheet);
    return;
  }
  const passed = retries.filter((offset) => sheet.firstFailure + offset <= sheet.now).length;
  sheet.retriesDone = Math.min(3, Math.max(sheet.retriesDone + 1, passed));
  if (sheet.isUsable && charge(sheet)) return;
  if (sheet.retriesDone === 3) startGrace(sheet);
}

export function startGrace(sheet: Standing): void {
  sheet.stage = 'grace';
  sheet.until = sheet.now + week;
}

/** Grace is over: nobody collects the debt any more. */
export function suspend(sheet: Standing): void {
  takeBack(sheet);
  sheet.pending = null;
  sheet.stage = 'suspended';
  sheet.until = sheet.now + month;
}

/** The customer has another card: it pays what is owed. */
export function payWith(sheet: Standing, card: Card): void {
  sheet.card = card;
  sheet.isUsable = true;
  if (sheet.stage === 'suspended') beginAnew(sheet);
  else chargeDebt(sheet);
}

export function chargeDebt(sheet: Standing): void {
  if (sheet.stage === 'grace') charge(sheet);
  else if (sheet.stage === 'pastDue' && !charge(sheet) && sheet.retriesDone === 3) startGrace(sheet);
}
