import type { InvoiceContext } from '../../machines/invoice/invoice.context.js';
import type { InvoiceLine } from '../../machines/invoice/invoice.messages.js';
import type { PaymentContext } from '../../machines/payment/payment.context.js';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import { netOf } from './bank.js';
import { checkHistories } from './lifeHistory.js';
import type { Town } from './town.js';
import { demand, type World } from './world.js';

/** Where a bill may wait to be charged; elsewhere only one whose charge is under way. */
const collects = /^(pending|trialing|active\..*|pastDue|grace)$/;
const isOpen = /^(draft|generated|sent|overdue)$/;
const isOver = /^(cancelled|expired|failed)$/;

const subscriptionsOf = ({ world }: Town) => world.all<SubscriptionContext>('subscription');
const invoicesOf = ({ world }: Town) => world.all<InvoiceContext>('invoice');

/**
 * Checks subscriptions at a moment when nothing is on its way: only time can bring something.
 * @throws {Violation} naming the first promise that is broken
 */
export function checkWaiting({ world }: Town): void {
  const armed = new Set([...world.timers.values()].map(({ recipient, actorId }) => `${recipient}/${actorId}`));
  const collected = new Set<string>();
  for (const { id, state, context } of world.all<SubscriptionContext>('subscription')) {
    const name = world.nameOf({ recipient: 'subscription', actorId: id });
    const what = [context.bill, context.change];
    for (const one of what) if (one?.invoiceId && (collects.test(state) || one.attempt)) collected.add(one.invoiceId);
    if (isOver.test(state)) continue;
    const charges = what.flatMap((one) => (one?.attempt ? [{ ...one, attempt: one.attempt }] : []));
    for (const { invoiceId, attempt } of charges)
      demand(isUnderWay(world, invoiceId, attempt.id), `${name} is ${state} and waits for a charge that is over`);
    demand(
      armed.has(`subscription/${id}`) || charges.length > 0,
      `${name} is ${state}: nothing is armed that could move it`,
    );
  }
  for (const { id, state } of world.all<InvoiceContext>('invoice')) {
    if (!isOpen.test(state)) continue;
    demand(
      collected.has(id),
      `${world.nameOf({ recipient: 'invoice', actorId: id })} is ${state}, and nobody collects it`,
    );
  }
}

/** Whether a payment, or the order of a delivery, may still say how it ends. */
function isUnderWay({ actors }: World, invoiceId: string | null, id: string): boolean {
  const state = actors.get(invoiceId === null ? `order/${id}` : `payment/${id}`)?.state;
  const going = invoiceId === null ? /^(pending|confirmed)/ : /^(initiated|riskCheck|onHold|authorizing|retryWait)$/;
  return state !== undefined && going.test(state);
}

/**
 * Checks the subscriptions of a town where nothing is left to happen.
 * @throws {Violation} naming the first promise that is broken
 */
export function checkLives(town: Town): void {
  checkNumbers(town);
  checkInvoices(town);
  checkPeriods(town);
  checkCredit(town);
  checkAgreements(town);
  checkHistories(town);
}

/** Every number that was given is on one document, and every series runs without gaps. */
function checkNumbers(town: Town): void {
  const documents = invoicesOf(town).flatMap(({ context }) => [context, ...context.creditNotes]);
  const used = documents.map(({ number }) => number ?? 'none').sort();
  demand(new Set(used).size === used.length, `a number is on two documents: ${used.join(', ')}`);
  demand(
    used.join() === [...town.office.given].sort().join(),
    `${used.join(', ')} are used, ${town.office.given} given`,
  );
}

/** A paid invoice was paid once and in full, less what went back; any other has cost nobody anything. */
function checkInvoices({ world, bank }: Town): void {
  const paid = new Map<string, number>();
  const isDisputed = new Set<string>();
  for (const { id, context } of world.all<PaymentContext>('payment')) {
    const { invoiceId } = context;
    if (invoiceId === null) continue;
    const charges = bank.books.filter(({ metadata }) => metadata.paymentId === id);
    paid.set(
      invoiceId,
      charges.reduce((sum, charge) => sum + netOf(charge), paid.get(invoiceId) ?? 0),
    );
    if (context.refunds.some(({ status }) => status === 'failed')) isDisputed.add(invoiceId);
  }
  for (const { id, state, context } of world.all<InvoiceContext>('invoice')) {
    const name = world.nameOf({ recipient: 'invoice', actorId: id });
    const due = state === 'paid' || state === 'refunded' ? context.total - context.refunded : 0;
    const net = paid.get(id) ?? 0;
    demand(net === due || (isDisputed.has(id) && net > due), `${name} is ${state}, ${due} is due and ${net} was paid`);
    const noted = context.creditNotes.reduce((sum, { total }) => sum + total, 0);
    demand(noted === context.refunded, `${name} has given ${context.refunded} back, and its notes say ${noted}`);
  }
}

/** No two paid invoices are for the same period. */
function checkPeriods(town: Town): void {
  const seen = new Set<string>();
  for (const { state, context } of invoicesOf(town)) {
    if (state !== 'paid' && state !== 'refunded') continue;
    const period = `${context.subscriptionId} from ${context.billingPeriod?.start}`;
    demand(!seen.has(period), `the period of subscription ${period} was paid for twice`);
    seen.add(period);
  }
}

const amountOf = (lines: readonly InvoiceLine[], kind: InvoiceLine['kind']): number =>
  lines.filter((line) => line.kind === kind).reduce((sum, { total }) => sum + total.amount, 0);

/** What plan changes have kept for later is what later invoices have used, and what is left. */
function checkCredit(town: Town): void {
  for (const { id, context } of subscriptionsOf(town)) {
    const paid = invoicesOf(town).filter(
      (invoice) => invoice.context.subscriptionId === id && /^(paid|refunded)$/.test(invoice.state),
    );
    const lines = paid.flatMap((invoice) => invoice.context.lines);
    const left = amountOf(lines, 'creditKept') + amountOf(lines, 'creditUsed');
    const name = town.world.nameOf({ recipient: 'subscription', actorId: id });
    demand(context.credit === left, `${name} has a credit of ${context.credit}, its invoices leave ${left}`);
  }
}

/** What was cancelled has no agreement with the provider any more. */
function checkAgreements(town: Town): void {
  for (const { id, state, context } of subscriptionsOf(town))
    if (state === 'cancelled' && context.cancellation !== null)
      demand(town.bank.endedAgreements.has(id), 'an agreement goes on after the end of its subscription');
}
