import { expect } from 'chai';
import { allocate, basisPointsOf } from '../../../machines/shared/allocate.js';
import { previewChange } from '../../../machines/subscription/subscription.preview.js';
import type { Plan } from '../../../machines/subscription/subscription.values.js';
import { itKeepsItsBooks } from './books.js';
import { card, enterpriseAnnual, proMonthly } from './catalogue.js';
import { Desk, newId } from './desk.js';

const begin = '2026-01-31T10:00:00.000Z';
const due = '2026-02-28T10:00:00.000Z';

describe('a subscription that changes, with every message delivered twice', function () {
  this.timeout(120_000);
  let desk: Desk;
  let team: Plan;
  before(async () => {
    desk = await Desk.open();
    await desk.deliverTwice();
    team = { ...proMonthly, planId: newId(), name: 'Team Monthly', price: { amount: 5_999, currency: 'USD' } };
    await desk.tell('CreatePlan', { ...team, trialDays: 0 });
    await desk.quiet();
  });
  after(() => desk?.close());

  const since31January = async () => {
    const clock = await desk.clock(begin);
    const id = await desk.subscribe({}, clock);
    await desk.in(id, 'active.current');
    await desk.quiet();
    return { id, clock };
  };
  const changeTo = (subscriptionId: string, plan: Plan, prorationAt: string | null = null) =>
    desk.tell('ChangePlan', { subscriptionId, plan, prorationAt });

  it('moves up at once and pays exactly what the preview said, to the second (S-30)', async () => {
    const { id, clock } = await since31January();
    await desk.advance(clock, { to: '2026-02-13T12:34:56.000Z' });
    const preview = previewChange(await desk.in(id, 'active.current'), team, '2026-02-13T12:34:56.000Z');
    await changeTo(id, team, '2026-02-13T12:34:56.000Z');
    await desk.quiet();
    const context = await desk.in(id, 'active.current');
    expect(context.terms).to.deep.equal({ kind: 'plan', plan: team });
    const [, invoice] = await desk.invoices(id);
    expect(invoice?.state).to.equal('paid');
    expect(invoice?.context.lines).to.deep.equal(preview?.now?.lines);
    // By hand: what is left of 28 days when 13 days, 2 h 34 min 56 s are over.
    const rest = 28 * 86_400 - (13 * 86_400 + 2 * 3_600 + 34 * 60 + 56);
    const share = (price: number) => allocate(price, [28 * 86_400 - rest, rest])[1] ?? 0;
    const subtotal = share(5_999) - share(2_999);
    expect(invoice?.context).to.include({ subtotal, tax: basisPointsOf(subtotal, 800) });
    expect(desk.taken(id)).to.deep.equal({ charges: 2, net: 3_239 + subtotal + basisPointsOf(subtotal, 800) });
    expect(await desk.told(id)).to.include('plan_changed');
    await desk.advance(clock, { to: due });
    expect((await desk.invoices(id))[2]?.context).to.include({ subtotal: 5_999 });
  });

  it('moves down with its next period (S-30)', async () => {
    const { id, clock } = await since31January();
    await changeTo(id, team);
    await desk.quiet();
    await changeTo(id, proMonthly);
    await desk.quiet();
    expect((await desk.in(id, 'active.current')).pendingPlan?.name).to.equal('Pro Monthly');
    await desk.advance(clock, { to: due });
    expect((await desk.in(id, 'active.current')).terms).to.deep.equal({ kind: 'plan', plan: proMonthly });
    expect((await desk.invoices(id)).at(-1)?.context).to.include({ subtotal: 2_999, planId: proMonthly.planId });
    expect((await desk.told(id)).filter((template) => template === 'plan_changed')).to.have.length(2);
  });

  it('begins a new rhythm with an annual plan', async () => {
    const { id, clock } = await since31January();
    await desk.advance(clock, { to: '2026-02-14T10:00:00.000Z' });
    await changeTo(id, enterpriseAnnual);
    await desk.quiet();
    const { period } = await desk.in(id, 'active.current');
    expect(period).to.deep.equal({ start: '2026-02-14T10:00:00.000Z', end: '2027-02-14T10:00:00.000Z' });
  });

  it('stays as it was when the change cannot be paid, and its invoice is void (S-30)', async () => {
    const { id, clock } = await since31January();
    await desk.advance(clock, { to: '2026-02-13T10:00:00.000Z' });
    await desk.tell('ChangeSubscriptionPaymentMethod', {
      subscriptionId: id,
      paymentMethod: card('chargeDeclinedInsufficientFunds'),
    });
    await changeTo(id, team);
    await desk.quiet();
    const { terms, change } = await desk.in(id, 'active.current');
    expect([terms, change]).to.deep.equal([{ kind: 'plan', plan: proMonthly }, null]);
    expect((await desk.invoices(id)).map(({ state }) => state)).to.deep.equal(['paid', 'cancelled']);
    expect(await desk.told(id)).to.include('plan_change_failed');
  });

  it('rests while it is paused; the paid time that was left runs on afterwards (S-26)', async () => {
    const { id, clock } = await since31January();
    await desk.advance(clock, { to: '2026-02-14T10:00:00.000Z' });
    await desk.tell('PauseSubscription', { subscriptionId: id, until: '2026-03-14T10:00:00.000Z' });
    await desk.in(id, 'paused');
    await desk.advance(clock, { to: '2026-03-13T10:00:00.000Z' });
    await desk.in(id, 'paused');
    expect(desk.taken(id).charges).to.equal(1);
    await desk.advance(clock, { to: '2026-03-14T10:00:00.000Z' });
    const { period } = await desk.in(id, 'active.current');
    expect(period?.end).to.equal('2026-03-28T10:00:00.000Z');
    await desk.advance(clock, { to: '2026-03-28T10:00:00.000Z' });
    expect(desk.taken(id).charges).to.equal(2);
    expect(await desk.told(id)).to.include.members(['subscription_paused', 'subscription_resumed']);
  });

  it('has the discount that was accepted on its next three invoices (S-18)', async () => {
    const { id, clock } = await since31January();
    await desk.tell('CancelSubscription', {
      subscriptionId: id,
      reason: 'too_expensive',
      note: null,
      requestedBy: 'customer',
      mode: 'period_end',
      offerDecision: null,
      accountLocked: false,
    });
    await desk.in(id, 'active.offerPending');
    await desk.tell('AcceptOffer', { subscriptionId: id, choice: 'discount' });
    await desk.in(id, 'active.current');
    await desk.advance(clock, { to: '2026-05-31T10:00:00.000Z' });
    const paid = (await desk.invoices(id)).filter(({ state }) => state === 'paid');
    expect(paid.map(({ context }) => context.subtotal)).to.deep.equal([2_999, 2_250, 2_250, 2_250, 2_999]);
  });

  itKeepsItsBooks(() => desk);
});
