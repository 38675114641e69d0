import { startGrace } from './arrears.js';
import { billNext, charge, isFree, settle } from './billing.js';
import { close } from './leaving.js';
import { day, type Standing } from './standing.js';

const invoiceLead = 7 * day;

const hasBillsAhead = ({ wish, autoRenew }: Standing): boolean => wish.kind === 'plan' && autoRenew;

/** When a running period asks for something next: its invoice, or its end. */
export function nextDuty(sheet: Standing): number {
  const { bill, end, now } = sheet;
  const invoice = end - invoiceLead;
  return hasBillsAhead(sheet) && !bill && invoice > now ? invoice : end;
}

/** Does what a running period asks for now. */
export function look(sheet: Standing): void {
  while (sheet.isRunning && sheet.now >= sheet.end) renew(sheet);
  if (sheet.isRunning && hasBillsAhead(sheet) && sheet.now >= sheet.end - invoiceLead) billNext(sheet);
}

function renew(sheet: Standing): void {
  if (!sheet.autoRenew) {
    close(sheet, 'expired');
    return;
  }
  billNext(sheet);
  if (isFree(sheet)) settle(sheet);
  else if (!sheet.isUsable) startGrace(sheet);
  else if (!charge(sheet)) {
    sheet.firstFailure = sheet.now;
    sheet.retriesDone = 0;
    sheet.stage = 'pastDue';
  }
}
