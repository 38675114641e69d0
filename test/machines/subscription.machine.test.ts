import { expect } from 'chai';
import { subscriptionMachine } from '../../machines/subscription/subscription.machine.js';
import { previewChange, previewNext } from '../../machines/subscription/subscription.preview.js';
import { given, id } from './given.js';
import {
  basic,
  cancelling,
  current,
  customerId,
  type DataFor,
  daily,
  day,
  dead,
  enterprise,
  grace,
  invoiced,
  mastercard,
  onPlan,
  pastDue,
  pro,
  processed,
  renewing,
  START,
  Story,
  subscribe,
  subscriptionId,
  suspended,
  team,
  telling,
  usd,
  visa,
} from './subscriptionStory.js';

const subject = { subscriptionId, customerId };
const waitingInvoices = (scene: Story['scene']): DataFor<'GenerateInvoice'>[] =>
  scene.emitted.flatMap(({ type, data }: { type: string; data: unknown }) =>
    type === 'GenerateInvoice' ? [data as DataFor<'GenerateInvoice'>] : [],
  );
const newMethod = { subscriptionId, paymentMethod: mastercard };
const trial = { trialDays: 14 };
const leave = (story: Story, change = {}): Story => story.tell('CancelSubscription', cancelling(change));
const confirm = (story: Story): Story =>
  story.tell('CancellationConfirmed', {
    subscriptionId,
    cancellationId: story.one('ConfirmCancellation').cancellationId,
  });
const reject = (story: Story): Story =>
  story.tell('CancellationRejected', {
    subscriptionId,
    cancellationId: story.one('ConfirmCancellation').cancellationId,
    failureMessage: 'The provider is down.',
  });

describe('the subscription machine', () => {
  describe('when someone subscribes', () => {
    it('asks for the first invoice and charges it (S-01)', () => {
      const story = Story.begin();
      expect(story.state).to.equal('pending');
      expect(story.types).to.deep.equal(['GenerateInvoice', 'OpenPayment']);
      expect(story.one('GenerateInvoice')).to.deep.include({
        planId: pro.planId,
        billingPeriod: { start: START, end: '2026-02-28T10:00:00.000Z' },
        dueDate: START,
      });
      expect(story.one('OpenPayment')).to.deep.include({
        amount: usd(3239), // 29.99 and 8 %
        paymentMethod: visa,
        profile: 'firstSubscription',
        subscriptionId,
        orderId: null,
      });
      expect(story.access).to.equal('none');
    });

    it('starts a trial without asking for money (S-02)', () => {
      const story = Story.begin(subscribe(trial));
      expect(story.state).to.equal('trialing');
      expect(story.types).to.deep.equal(['UserSubscriptionStarted']);
      expect(story.one('UserSubscriptionStarted')).to.include({
        trialPeriodDays: 14,
        startDate: START,
        nextBillingDate: day(14), // C-22
      });
      expect(story.access).to.equal('full');
    });

    it('needs no method for a trial, but for anything else', () => {
      expect(Story.begin(subscribe({ ...trial, paymentMethod: null })).state).to.equal('trialing');
      expect(() => subscribe({ paymentMethod: null })).to.throw('a payment method, or a trial');
    });

    it('takes the promised discount off the first invoice, as often as promised', () => {
      const discount = { code: 'ENTERPRISE20', percent: 20, timesLeft: 1 };
      const story = Story.begin(subscribe({ discount }));
      expect(story.one('GenerateInvoice').lines.map(({ kind, total }) => [kind, total.amount])).to.deep.equal([
        ['plan', 2999],
        ['discount', -599],
      ]);
      const paid = story.pay();
      expect(paid.one('UserSubscriptionStarted').nextBillingDate).to.equal('2026-02-28T10:00:00.000Z');
      expect(paid.context.discount).to.equal(null);
      expect(paid.fire().one('GenerateInvoice').lines).to.have.length(1);
    });
  });

  describe('when pending', () => {
    it('begins once the first payment is there (S-03)', () => {
      const story = current();
      expect(story.state).to.equal('active.current');
      expect(story.types).to.deep.equal(['UserSubscriptionStarted']);
      expect(story.one('UserSubscriptionStarted')).to.deep.include({
        ...subject,
        userId: customerId,
        startDate: START,
        nextBillingDate: '2026-02-28T10:00:00.000Z',
        trialPeriodDays: 0,
        source: 'web_checkout',
      });
      expect(story.context.lastPaymentAt).to.equal(START);
      expect(story.access).to.equal('full');
    });

    it('waits while the payment tries again by itself', () => {
      const story = Story.begin().decline({ canRetry: true, nextRetryAt: day(1) });
      expect(story.state).to.equal('pending');
      expect(story.types).to.be.empty;
    });

    it('fails once the payment has given up, and voids the invoice (S-04)', () => {
      const begun = Story.begin();
      const story = begun.decline();
      expect(story.state).to.equal('failed');
      expect(story.types).to.deep.equal(['CancelInvoice', 'SubscriptionFailed']);
      expect(story.one('CancelInvoice').invoiceId).to.equal(begun.one('GenerateInvoice').invoiceId);
      expect(story.one('SubscriptionFailed').failureReason).to.equal('insufficient_funds');
      expect(story.timers).to.be.empty;
    });

    it('hands a new method to the payment, again when the old one has failed', () => {
      const changed = Story.begin().tell('ChangeSubscriptionPaymentMethod', newMethod);
      expect(changed.one('RetryPayment').paymentMethod).to.deep.equal(mastercard);
      const retried = changed.decline({ canRetry: true });
      expect(retried.one('RetryPayment').paymentMethod).to.deep.equal(mastercard);
      expect(retried.decline({ canRetry: true }).types).to.be.empty;
    });

    it('charges the new method when the payment of the old one has given up', () => {
      const story = Story.begin().tell('ChangeSubscriptionPaymentMethod', newMethod).decline();
      expect(story.state).to.equal('pending');
      expect(story.one('OpenPayment').paymentMethod).to.deep.equal(mastercard);
      expect(story.pay().state).to.equal('active.current');
    });

    it('fails when the method is gone before it could be charged (S-04)', () => {
      const scene = given(subscriptionMachine, subscribe()).when(
        telling('InvalidatePaymentMethod', { subscriptionId }, START),
      );
      expect(scene.state).to.equal('failed');
    });

    it('asks for another method when this one will never pass', () => {
      const story = Story.begin().decline({ ...dead, canRetry: true, nextRetryAt: day(1) });
      expect(story.types).to.deep.equal(['PaymentMethodRequested']);
      expect(story.state).to.equal('pending');
    });

    it('sends money of another amount back, and fails', () => {
      const begun = Story.begin();
      const { paymentId, invoiceId } = begun.charge;
      const story = begun.take(processed(paymentId, usd(1), { invoiceId }, START));
      expect(story.state).to.equal('failed');
      expect(story.one('RefundPayment')).to.deep.include({ paymentId, amount: usd(1) });
    });
  });

  describe('when trialing', () => {
    it('charges when the trial ends (S-05)', () => {
      const story = Story.begin(subscribe(trial)).until(day(14));
      expect(story.state).to.equal('active.renewing');
      expect(story.types).to.deep.equal([
        'GenerateInvoice',
        'SubscriptionReminderDue',
        'SubscriptionPaymentDue',
        'OpenPayment',
      ]);
      expect(story.one('SubscriptionReminderDue')).to.deep.include({
        about: 'trialEnd',
        date: day(14),
        amount: usd(3239),
      });
      expect(story.one('SubscriptionPaymentDue')).to.deep.include({
        retryAttempt: 0,
        amount: usd(3239),
        dueDate: day(14),
      });
      expect(story.one('GenerateInvoice').billingPeriod).to.deep.equal({
        start: day(14),
        end: '2026-03-14T10:00:00.000Z',
      });
      expect(story.pay().context.period?.end).to.equal('2026-03-14T10:00:00.000Z');
    });

    it('limits access when there is no method by then (S-05, S-07)', () => {
      const story = Story.begin(subscribe({ ...trial, paymentMethod: null })).until(day(14));
      expect(story.state).to.equal('grace');
      const charged = story.tell('ChangeSubscriptionPaymentMethod', newMethod);
      expect(charged.types).to.deep.equal(['OpenPayment']);
      expect(charged.pay().state).to.equal('active.current');
    });

    it('ends with the trial when it is not to renew (S-27)', () => {
      const story = Story.begin(subscribe({ ...trial, autoRenew: false })).until(day(14));
      expect(story.state).to.equal('expired');
      expect(story.types).not.to.include('GenerateInvoice');
    });
  });

  describe('when current', () => {
    it('has the next invoice made 7 days ahead, reminds 3 days ahead, and charges on the day (S-06)', () => {
      const invoiced = current().fire();
      expect(invoiced.now).to.equal('2026-02-21T10:00:00.000Z');
      expect(invoiced.one('GenerateInvoice')).to.deep.include({
        dueDate: '2026-02-28T10:00:00.000Z', // C-67
        billingPeriod: { start: '2026-02-28T10:00:00.000Z', end: '2026-03-31T10:00:00.000Z' },
      });
      const reminded = invoiced.fire();
      expect(reminded.now).to.equal('2026-02-25T10:00:00.000Z');
      expect(reminded.types).to.deep.equal(['SubscriptionReminderDue']);
      const due = reminded.fire();
      expect(due.now).to.equal('2026-02-28T10:00:00.000Z');
      expect(due.state).to.equal('active.renewing');
      expect(due.types).to.deep.equal(['SubscriptionPaymentDue', 'OpenPayment']);
      expect(due.one('OpenPayment').profile).to.equal('renewal');
      expect(due.access).to.equal('full');
    });

    it('does everything at once after a standstill, and once (S-06)', () => {
      const late = telling('ChangeAutoRenewal', { subscriptionId, autoRenew: true }, day(60));
      const story = current().take(late);
      expect(story.state).to.equal('active.renewing');
      expect(story.types).to.deep.equal(['GenerateInvoice', 'SubscriptionPaymentDue', 'OpenPayment']);
      const next = story.pay(day(60));
      expect(next.state).to.equal('active.renewing'); // 31 March is past too
      expect(next.one('SubscriptionPaymentDue').dueDate).to.equal('2026-03-31T10:00:00.000Z');
      expect(next.pay(day(60)).state).to.equal('active.current');
    });

    it('limits access when the method was removed (S-07)', () => {
      const story = current().tell('InvalidatePaymentMethod', { subscriptionId }).until('2026-02-28T10:00:00.000Z');
      expect(story.state).to.equal('grace');
      expect(story.types).not.to.include('SubscriptionPaymentDue');
      expect(story.one('SubscriptionGraceStarted').graceUntil).to.equal('2026-03-07T10:00:00.000Z');
      expect(story.access).to.equal('limited');
    });

    it('has the invoices of short periods made at once, and does not remind of them (S-06)', () => {
      const story = current({ terms: onPlan(daily) });
      expect(story.types).to.deep.equal(['UserSubscriptionStarted', 'GenerateInvoice']);
      expect(story.until(day(1)).types).to.deep.equal(['SubscriptionPaymentDue', 'OpenPayment']);
    });

    it('expires when it is not to renew, and can be renewed for 7 days (S-27, S-28)', () => {
      const off = current().tell('ChangeAutoRenewal', { subscriptionId, autoRenew: false });
      const story = off.until('2026-02-28T10:00:00.000Z');
      expect(story.state).to.equal('expired');
      expect(story.types).to.deep.equal(['SubscriptionReminderDue', 'SubscriptionEnded']);
      expect(story.one('SubscriptionReminderDue').about).to.equal('end');
      expect(story.one('SubscriptionEnded')).to.include({
        status: 'expired',
        decisionUntil: '2026-03-07T10:00:00.000Z',
      });
    });

    it('takes the invoice of the next period back when it is not to renew (S-27)', () => {
      const invoiced = current().fire();
      const story = invoiced.tell('ChangeAutoRenewal', { subscriptionId, autoRenew: false });
      expect(story.one('CancelInvoice').invoiceId).to.equal(invoiced.one('GenerateInvoice').invoiceId);
      const again = story.tell('ChangeAutoRenewal', { subscriptionId, autoRenew: true });
      expect(again.one('GenerateInvoice').invoiceId).not.to.equal(invoiced.one('GenerateInvoice').invoiceId);
    });
  });

  describe('when renewing', () => {
    it('extends the period when it is paid, from the anchor (S-08)', () => {
      const story = renewing().pay();
      expect(story.state).to.equal('active.current');
      expect(story.types).to.deep.equal(['SubscriptionRenewed']);
      expect(story.one('SubscriptionRenewed')).to.deep.include({
        recovered: false,
        amount: usd(3239),
        period: { start: '2026-02-28T10:00:00.000Z', end: '2026-03-31T10:00:00.000Z' },
        nextBillingDate: '2026-03-31T10:00:00.000Z',
      });
    });

    it('is past due when the charge fails, and charges again a day later (S-09)', () => {
      const story = pastDue();
      expect(story.state).to.equal('pastDue');
      expect(story.one('SubscriptionPaymentFailed')).to.include({
        failureReason: 'insufficient_funds',
        methodUsable: true,
        retryAttempt: 0,
        nextRetryAt: '2026-03-01T10:00:00.000Z',
      });
      expect(story.timers.map(({ dueAt }) => dueAt)).to.deep.equal(['2026-03-01T10:00:00.000Z']);
      expect(story.access).to.equal('full');
    });

    it('charges a new method at once when the old one fails meanwhile', () => {
      const story = renewing().tell('ChangeSubscriptionPaymentMethod', newMethod).decline(dead);
      expect(story.state).to.equal('pastDue');
      expect(story.types).to.deep.equal(['SubscriptionPaymentFailed', 'OpenPayment']);
      expect(story.one('OpenPayment').paymentMethod).to.deep.equal(mastercard);
      expect(story.context.methodUsable).to.equal(true);
    });

    it('limits access when the method is gone before the invoice is there (S-07)', () => {
      const scene = current().scene.whenTimerFires().whenTimerFires().whenTimerFires();
      expect(scene.state).to.equal('active.renewing');
      const gone = scene.when(telling('InvalidatePaymentMethod', { subscriptionId }, '2026-02-28T10:00:00.000Z'));
      expect(gone.state).to.equal('grace');
    });

    it('waits for the invoice when it was taken back just before', () => {
      const story = current().until('2026-02-28T09:59:59.999Z');
      expect(story.state).to.equal('active.current');
      const late = story
        .tell('ChangePlan', { subscriptionId, plan: basic, prorationAt: null })
        .until('2026-02-28T10:00:00.000Z');
      expect(late.state).to.equal('active.renewing');
      expect(late.all('OpenPayment').map(({ amount }) => amount)).to.deep.equal([usd(1079)]);
    });
  });

  describe('in dunning', () => {
    it('charges on days 1, 3 and 7 from the first failure, however long each charge takes (S-10)', () => {
      const first = pastDue().fire();
      expect(first.now).to.equal('2026-03-01T10:00:00.000Z');
      expect(first.one('SubscriptionPaymentDue').retryAttempt).to.equal(1);
      const second = first.decline({}, '2026-03-02T09:00:00.000Z').fire();
      expect(second.now).to.equal('2026-03-03T10:00:00.000Z');
      expect(second.one('SubscriptionPaymentDue').retryAttempt).to.equal(2);
      const third = second.decline().fire();
      expect(third.now).to.equal('2026-03-07T10:00:00.000Z');
      expect(third.one('SubscriptionPaymentDue').retryAttempt).to.equal(3);
      expect(third.state).to.equal('pastDue');
    });

    it('keeps the billing dates when the second retry succeeds (S-11)', () => {
      const story = pastDue().fire().decline().fire().pay();
      expect(story.state).to.equal('active.current');
      expect(story.one('SubscriptionRenewed')).to.deep.include({ recovered: true });
      expect(story.context.period).to.deep.equal({
        start: '2026-02-28T10:00:00.000Z',
        end: '2026-03-31T10:00:00.000Z',
      });
      expect(story.context.dunning).to.equal(null);
    });

    it('limits access after the third retry, and ends in suspension (S-12, S-14)', () => {
      const limited = grace();
      expect(limited.state).to.equal('grace');
      expect(limited.types).to.deep.equal(['SubscriptionPaymentFailed', 'SubscriptionGraceStarted']);
      expect(limited.one('SubscriptionPaymentFailed').nextRetryAt).to.equal(null);
      expect(limited.one('SubscriptionGraceStarted').graceUntil).to.equal('2026-03-14T10:00:00.000Z');
      expect(limited.access).to.equal('limited');
      const story = limited.fire();
      expect(story.state).to.equal('suspended');
      expect(story.types).to.deep.equal(['CancelInvoice', 'UserSubscriptionCancelled', 'SubscriptionSuspended']);
      expect(story.one('UserSubscriptionCancelled')).to.deep.include({
        cancellationReason: 'payment_failure',
        cancelledBy: 'system',
        effectiveDate: '2026-03-14T10:00:00.000Z',
        failedPaymentAttempts: 4, // the charge and three retries (C-19)
        lastPaymentAttempt: '2026-03-07T10:00:00.000Z',
        subscriptionDurationDays: 42,
        refundAmount: usd(0),
      });
      expect(story.one('SubscriptionSuspended').revivableUntil).to.equal('2026-04-13T10:00:00.000Z');
      expect(story.access).to.equal('restricted');
    });

    it('recovers in the grace period (S-11)', () => {
      const story = grace().tell('ChangeSubscriptionPaymentMethod', newMethod, '2026-03-10T00:00:00.000Z').pay();
      expect(story.state).to.equal('active.current');
      expect(story.context.period?.end).to.equal('2026-03-31T10:00:00.000Z');
      expect(story.access).to.equal('full');
    });

    for (const [name, inDebt] of [
      ['pastDue', pastDue],
      ['grace', grace],
    ] as const) {
      it(`charges a new method at once (S-13, ${name})`, () => {
        const before = inDebt();
        const story = before.tell('ChangeSubscriptionPaymentMethod', newMethod);
        expect(story.state).to.equal(name);
        expect(story.types).to.deep.equal(['OpenPayment']);
        expect(story.timers).to.deep.equal(before.timers);
        const failed = story.decline();
        expect(failed.state).to.equal(name);
        expect(failed.context.dunning?.retriesDone).to.equal(before.context.dunning?.retriesDone);
        expect(failed.timers).to.deep.equal(before.timers);
      });

      it(`charges on request without using up a retry (${name})`, () => {
        const before = inDebt();
        const { invoiceId } = before.context.bill ?? {};
        const story = before.tell('RetryInvoice', { subscriptionId, invoiceId: invoiceId ?? '' });
        expect(story.types).to.deep.equal(['OpenPayment']);
        expect(story.tell('RetryInvoice', { subscriptionId, invoiceId: invoiceId ?? '' }).ignored).to.deep.equal([
          'RetryInvoice',
        ]);
        expect(story.decline().timers).to.deep.equal(before.timers);
        expect(story.pay().state).to.equal('active.current');
      });

      it(`makes another charge of a request that is told again once its charge has failed (${name})`, () => {
        const before = inDebt();
        const retry = { subscriptionId, invoiceId: before.context.bill?.invoiceId ?? '' };
        const request = telling('RetryInvoice', retry, before.now);
        const first = before.take(request);
        const again = first.decline().take(request);
        expect(again.one('OpenPayment').paymentId).not.to.equal(first.one('OpenPayment').paymentId);
        expect(again.pay().state).to.equal('active.current');
      });
    }

    it('keeps the debt of a customer who wants no further renewal', () => {
      const story = pastDue().tell('ChangeAutoRenewal', { subscriptionId, autoRenew: false });
      expect(story.types).to.be.empty;
      const paid = story.fire().pay();
      expect(paid.until('2026-03-31T10:00:00.000Z').state).to.equal('expired');
    });

    it('charges no other invoice on request', () => {
      expect(pastDue().tell('RetryInvoice', { subscriptionId, invoiceId: id('other') }).ignored).to.have.length(1);
    });

    it('asks for a new method at once when this one will never pass, and burns no attempt on it', () => {
      const story = pastDue(dead);
      expect(story.state).to.equal('pastDue');
      expect(story.types).to.deep.equal(['SubscriptionPaymentFailed', 'PaymentMethodRequested']);
      expect(story.one('SubscriptionPaymentFailed').nextRetryAt).to.equal(null);
      expect(story.one('PaymentMethodRequested')).to.include({ why: 'declined', until: '2026-03-07T10:00:00.000Z' });
      const { invoiceId } = story.context.bill ?? {};
      expect(story.tell('RetryInvoice', { subscriptionId, invoiceId: invoiceId ?? '' }).ignored).to.have.length(1);
      const reminded = story.fire().fire();
      expect(reminded.types).to.deep.equal(['PaymentMethodRequested']);
      const limited = reminded.fire();
      expect(limited.state).to.equal('grace');
      expect(limited.now).to.equal('2026-03-07T10:00:00.000Z');
      expect(limited.context.dunning?.failedAttempts).to.equal(1);
      expect(limited.types).to.deep.equal(['SubscriptionGraceStarted']);
    });

    it('goes on with the schedule once a dead method was replaced by one that declines', () => {
      const story = pastDue(dead).tell('ChangeSubscriptionPaymentMethod', newMethod).decline();
      expect(story.timers[0]?.dueAt).to.equal('2026-03-01T10:00:00.000Z');
      expect(story.fire().one('SubscriptionPaymentDue').retryAttempt).to.equal(1);
    });

    it('leaves a retry for later while another charge is under way, and counts missed ones as one', () => {
      const owing = pastDue();
      const { invoiceId } = owing.context.bill ?? {};
      const retry = { subscriptionId, invoiceId: invoiceId ?? '' };
      const busy = owing.tell('RetryInvoice', retry, '2026-03-01T09:00:00.000Z');
      const waiting = busy.until('2026-03-04T10:00:00.000Z');
      expect(waiting.types).not.to.include('SubscriptionPaymentDue');
      const failed = waiting.decline({}, '2026-03-04T11:00:00.000Z');
      expect(failed.timers[0]?.dueAt).to.equal('2026-03-04T11:00:00.000Z');
      expect(failed.fire().one('SubscriptionPaymentDue').retryAttempt).to.equal(2);
    });

    it('waits for a charge under way before it suspends', () => {
      const busy = grace().tell('ChangeSubscriptionPaymentMethod', newMethod, '2026-03-14T09:00:00.000Z');
      const waiting = busy.until('2026-03-14T12:00:00.000Z');
      expect(waiting.state).to.equal('grace');
      expect(waiting.pay('2026-03-14T12:00:00.000Z').state).to.equal('active.current');
      expect(waiting.decline({}, '2026-03-14T12:00:00.000Z').fire().state).to.equal('suspended');
    });

    it('ignores a second telling of the same outcome', () => {
      const story = pastDue();
      const { paymentId, amount, invoiceId } = renewing().charge;
      expect(
        story.take(processed(paymentId, amount, { invoiceId }, story.now)).one('RefundPayment').paymentId,
      ).to.equal(paymentId);
      const paid = renewing();
      const again = processed(
        paid.charge.paymentId,
        paid.charge.amount,
        { invoiceId: paid.charge.invoiceId },
        paid.now,
      );
      expect(paid.pay().take(again).ignored).to.deep.equal(['PaymentProcessed']);
    });

    it('sends money of another amount back and lets support look before a cancellation (S-23)', () => {
      const due = renewing();
      const { paymentId, invoiceId } = due.charge;
      const story = due.take(processed(paymentId, usd(5), { invoiceId }, due.now));
      expect(story.state).to.equal('pastDue');
      expect(story.one('RefundPayment')).to.deep.include({ paymentId, amount: usd(5) });
      const refused = leave(story);
      expect(refused.state).to.equal('pastDue');
      expect(refused.one('CancellationRefused')).to.include({ reason: 'billingInconsistent', severity: 'normal' });
      expect(story.fire().pay().context.billingInconsistent).to.equal(false);
    });
  });

  describe('when suspended', () => {
    it('is revived by a new method and its payment, from that day on (S-15)', () => {
      const asked = suspended().tell('ChangeSubscriptionPaymentMethod', newMethod, '2026-03-20T08:00:00.000Z');
      expect(asked.types).to.deep.equal(['GenerateInvoice', 'OpenPayment']);
      expect(asked.state).to.equal('suspended');
      expect(asked.access).to.equal('restricted');
      const story = asked.pay();
      expect(story.state).to.equal('active.current');
      expect(story.one('UserSubscriptionStarted')).to.include({
        source: 'reactivation',
        startDate: '2026-03-20T08:00:00.000Z',
      });
      expect(story.context.period).to.deep.equal({
        start: '2026-03-20T08:00:00.000Z',
        end: '2026-04-20T08:00:00.000Z',
      });
    });

    it('stays suspended when the new method fails, and can be tried again (S-15)', () => {
      const failed = suspended().tell('ChangeSubscriptionPaymentMethod', newMethod).decline();
      expect(failed.state).to.equal('suspended');
      expect(failed.types).to.deep.equal(['SubscriptionPaymentFailed', 'CancelInvoice']);
      const again = failed.tell('ChangeSubscriptionPaymentMethod', { subscriptionId, paymentMethod: visa });
      expect(again.types).to.deep.equal(['GenerateInvoice', 'OpenPayment']);
      expect(again.pay().state).to.equal('active.current');
    });

    it('expires after 30 days (S-16)', () => {
      const story = suspended().fire();
      expect(story.state).to.equal('expired');
      expect(story.now).to.equal('2026-04-13T10:00:00.000Z');
      expect(story.types).to.deep.equal(['SubscriptionEnded']);
      expect(story.access).to.equal('none');
    });

    it('waits for a charge under way before it expires', () => {
      const busy = suspended().tell('ChangeSubscriptionPaymentMethod', newMethod, '2026-04-13T09:00:00.000Z');
      expect(busy.until('2026-04-13T20:00:00.000Z').pay('2026-04-13T20:00:00.000Z').state).to.equal('active.current');
      expect(busy.until('2026-04-13T20:00:00.000Z').decline().fire().state).to.equal('expired');
    });
  });

  describe('when the customer wants to leave', () => {
    const places = {
      trialing: () => Story.begin(subscribe(trial)),
      'active.current': current,
      'active.renewing': renewing,
      pastDue,
      grace,
    } as const;
    for (const [state, begin] of Object.entries(places)) {
      it(`makes an offer, once (S-17, ${state})`, () => {
        const story = leave(begin(), { reason: 'too_expensive' });
        expect(story.state).to.equal('active.offerPending');
        expect(story.types).to.deep.equal(['RetentionOfferMade']);
        expect(story.one('RetentionOfferMade').offer.discount.percent).to.equal(25);
        const stays = story.tell('AcceptOffer', { subscriptionId, choice: 'support' });
        expect(stays.state).to.equal(state); // S-18
        expect(stays.types).to.include('RetentionOfferAccepted');
        expect(leave(stays).state).to.equal('active.cancelling');
      });

      it(`comes back to where it was when the provider fails (S-22, ${state})`, () => {
        const asked = leave(begin(), { offerDecision: 'decline' });
        expect(asked.state).to.equal('active.cancelling');
        const story = reject(asked);
        expect(story.state).to.equal(state);
        expect(story.one('CancellationRefused')).to.include({ reason: 'providerFailed', severity: 'high' });
        expect(story.context.refusal?.messageId).to.equal(asked.one('ConfirmCancellation').cancellationId);
        expect(story.context.cancellation).to.equal(null);
      });
    }

    it('takes the accepted discount off the next invoices, which are issued anew (S-18)', () => {
      const invoiced = current().fire();
      const story = leave(invoiced).tell('AcceptOffer', { subscriptionId, choice: 'discount' });
      expect(story.state).to.equal('active.current');
      expect(story.one('CancelInvoice').invoiceId).to.equal(invoiced.one('GenerateInvoice').invoiceId);
      expect(story.one('GenerateInvoice').lines.map(({ total }) => total.amount)).to.deep.equal([2999, -449]);
      expect(story.types).not.to.include('UserSubscriptionCancelled');
      const later = story.until('2026-02-28T10:00:00.000Z').pay();
      expect(later.context.discount).to.deep.equal({ code: null, percent: 15, timesLeft: 2 });
    });

    it('keeps a better discount that the customer has already (S-18)', () => {
      const discount = { code: 'ENTERPRISE20', percent: 20, timesLeft: null };
      const story = leave(current({ discount })).tell('AcceptOffer', { subscriptionId, choice: 'discount' });
      expect(story.context.discount).to.deep.equal(discount);
    });

    it('pauses instead of leaving (S-18)', () => {
      const story = leave(current()).tell('AcceptOffer', { subscriptionId, choice: 'pause' });
      expect(story.state).to.equal('paused');
      expect(story.one('SubscriptionPaused').until).to.equal(day(30));
      expect(story.context.cancellation).to.equal(null);
      expect(story.fire().state).to.equal('active.current');
    });

    it('offers no pause where no paid time is running (S-17)', () => {
      const story = leave(pastDue());
      expect(story.one('RetentionOfferMade').offer.pauseDays).to.equal(null);
      expect(story.tell('AcceptOffer', { subscriptionId, choice: 'pause' }).ignored).to.deep.equal(['AcceptOffer']);
    });

    it('leaves an open debt open, and its clock where it was (S-18)', () => {
      const story = leave(pastDue()).tell(
        'AcceptOffer',
        { subscriptionId, choice: 'discount' },
        '2026-03-05T10:00:00.000Z',
      );
      expect(story.state).to.equal('pastDue');
      expect(story.types).to.deep.equal(['RetentionOfferAccepted']);
      expect(story.timers[0]?.dueAt).to.equal('2026-03-06T10:00:00.000Z'); // a day later, as before the 5 days of the offer
      expect(story.context.bill?.total).to.deep.equal(usd(3239));
    });

    it('charges nothing while the offer stands', () => {
      const story = leave(pastDue()).tell('ChangeSubscriptionPaymentMethod', newMethod);
      expect(story.types).to.be.empty;
      expect(story.until('2026-03-06T10:00:00.000Z').types).not.to.include('OpenPayment');
    });

    it('hears of the charge that was under way: paid (S-08), or failed (S-09)', () => {
      const paid = leave(renewing()).pay();
      expect(paid.state).to.equal('active.offerPending');
      expect(paid.tell('AcceptOffer', { subscriptionId, choice: 'support' }).state).to.equal('active.current');
      const failed = leave(renewing()).decline();
      expect(failed.one('SubscriptionPaymentFailed').nextRetryAt).to.equal(null);
      const back = failed.tell('AcceptOffer', { subscriptionId, choice: 'support' }, '2026-03-03T10:00:00.000Z');
      expect(back.state).to.equal('pastDue');
      expect(back.timers[0]?.dueAt).to.equal('2026-03-04T10:00:00.000Z');
    });

    it('charges a method that was chosen meanwhile only if the customer stays', () => {
      const chosen = leave(renewing()).tell('ChangeSubscriptionPaymentMethod', newMethod).decline();
      expect(chosen.types).to.deep.equal(['SubscriptionPaymentFailed']);
      const stays = chosen.tell('AcceptOffer', { subscriptionId, choice: 'support' });
      expect(stays.state).to.equal('pastDue');
      expect(stays.one('OpenPayment').paymentMethod).to.deep.equal(mastercard);
    });

    it('gives no more access than before (grace)', () => {
      expect(leave(grace()).access).to.equal('limited');
      expect(leave(pastDue()).access).to.equal('full');
    });

    it('asks the provider when the offer is declined, or the customer insists (S-19)', () => {
      const offered = leave(current());
      const declined = offered.tell('DeclineOffer', { subscriptionId });
      expect(declined.state).to.equal('active.cancelling');
      expect(declined.one('ConfirmCancellation').mode).to.equal('period_end');
      const insisting = { offerDecision: 'decline', mode: 'immediate' };
      expect(leave(offered, insisting).one('ConfirmCancellation').mode).to.equal('immediate');
      expect(leave(offered, { requestedBy: 'support' }).state).to.equal('active.cancelling');
    });

    it('keeps the offer when the same wish comes twice, as from a double click (S-17)', () => {
      expect(leave(leave(current())).ignored).to.deep.equal(['CancelSubscription']);
    });

    it('takes the request that led to the offer, told once more, for no answer to it', () => {
      const request = telling('CancelSubscription', cancelling(), day(0));
      const again = current().take(request).take(request);
      expect(again.state).to.equal('active.offerPending');
      expect(again.ignored).to.deep.equal(['CancelSubscription']);
    });

    it('asks the provider after 7 days of silence (S-19)', () => {
      const story = leave(current()).fire();
      expect(story.now).to.equal(day(7));
      expect(story.types).to.deep.equal(['ConfirmCancellation']);
    });

    it('asks the provider before the paid period is over, so that nobody is billed or served for nothing (S-19)', () => {
      const story = leave(current().until('2026-02-26T10:00:00.000Z')).fire();
      expect(story.now).to.equal('2026-02-28T10:00:00.000Z');
      const ended = confirm(story);
      expect(ended.one('UserSubscriptionCancelled').effectiveDate).to.equal('2026-02-28T10:00:00.000Z');
      expect(ended.state).to.equal('cancelled');
    });

    it('makes no offer to whom it does not fit', () => {
      expect(leave(current(), { requestedBy: 'support' }).state).to.equal('active.cancelling');
      expect(leave(current(), { offerDecision: 'decline' }).state).to.equal('active.cancelling');
    });

    it('ends with the period: outcome scheduled (S-20, S-24)', () => {
      const invoiced = current().fire();
      const story = confirm(leave(invoiced, { offerDecision: 'decline', note: 'Moving away.' }));
      expect(story.state).to.equal('cancelScheduled');
      expect(story.types).to.deep.equal(['CancelInvoice', 'UserSubscriptionCancelled']);
      expect(story.one('UserSubscriptionCancelled')).to.deep.include({
        cancellationReason: 'no_longer_needed',
        cancellationNote: 'Moving away.',
        cancelledBy: 'customer',
        effectiveDate: '2026-02-28T10:00:00.000Z',
        subscriptionDurationDays: 28,
      });
      expect(story.access).to.equal('full');
      const ended = story.fire();
      expect(ended.state).to.equal('cancelled');
      expect(ended.now).to.equal('2026-02-28T10:00:00.000Z');
      expect(ended.types).to.deep.equal(['SubscriptionEnded']);
      expect(ended.access).to.equal('none');
    });

    it('ends at once: outcome cancelled (S-21)', () => {
      const story = confirm(leave(current(), { offerDecision: 'decline', mode: 'immediate' }));
      expect(story.state).to.equal('cancelled');
      expect(story.types).to.deep.equal(['UserSubscriptionCancelled', 'SubscriptionEnded']);
      expect(story.one('UserSubscriptionCancelled').effectiveDate).to.equal(START);
    });

    it('ends at once when no paid period is running, and collects no more (S-20, S-24)', () => {
      const story = confirm(leave(pastDue(), { offerDecision: 'decline' }));
      expect(story.state).to.equal('cancelled');
      expect(story.types).to.deep.equal(['CancelInvoice', 'UserSubscriptionCancelled', 'SubscriptionEnded']);
      expect(story.one('UserSubscriptionCancelled').effectiveDate).to.equal('2026-02-28T10:00:00.000Z');
    });

    it('calls off a charge that is under way, and sends its money back if it comes nevertheless (S-20)', () => {
      const due = renewing();
      const { paymentId, amount, invoiceId } = due.charge;
      const story = confirm(leave(due, { offerDecision: 'decline' }));
      expect(story.state).to.equal('cancelled');
      expect(story.types).to.deep.equal([
        'CancelPayment',
        'CancelInvoice',
        'UserSubscriptionCancelled',
        'SubscriptionEnded',
      ]);
      const late = story.take(processed(paymentId, amount, { invoiceId }, story.now));
      expect(late.one('RefundPayment')).to.deep.include({ paymentId, amount });
      expect(late.state).to.equal('cancelled');
      const twice = late.take(processed(paymentId, amount, { invoiceId }, story.now));
      expect(twice.ignored).to.deep.equal(['PaymentProcessed']);
    });

    it('comes back when the provider does not answer for a day (S-22)', () => {
      const asked = leave(current(), { offerDecision: 'decline' });
      const story = asked.fire('confirmationEnd');
      expect(story.state).to.equal('active.current');
      expect(story.one('CancellationRefused').severity).to.equal('high');
      const late = story.tell('CancellationConfirmed', {
        subscriptionId,
        cancellationId: asked.one('ConfirmCancellation').cancellationId,
      });
      expect(late.ignored).to.deep.equal(['CancellationConfirmed']);
    });

    it('takes no answer to another request', () => {
      const asked = leave(current(), { offerDecision: 'decline' });
      const other = { subscriptionId, cancellationId: id('other') };
      expect(asked.tell('CancellationConfirmed', other).ignored).to.have.length(1);
      expect(asked.tell('CancellationRejected', { ...other, failureMessage: '' }).ignored).to.have.length(1);
    });

    for (const [name, begin] of Object.entries({ ...places, pending: () => Story.begin(), suspended })) {
      it(`is turned down while the account is locked (S-23, ${name})`, () => {
        const before = begin();
        const story = leave(before, { accountLocked: true });
        expect(story.state).to.equal(before.state);
        expect(story.types).to.deep.equal(['CancellationRefused']);
        expect(story.one('CancellationRefused').reason).to.equal('accountLocked');
        expect(story.context.refusal?.reason).to.equal('accountLocked');
        expect(story.timers).to.deep.equal(before.timers);
      });
    }

    it('ignores a request where there is nothing to cancel', () => {
      for (const begin of [() => Story.begin(), suspended, () => suspended().fire()]) {
        expect(leave(begin()).ignored).to.deep.equal(['CancelSubscription']);
      }
    });
  });

  describe('when a cancellation is scheduled', () => {
    const scheduled = (begin: Story = current()): Story => confirm(leave(begin, { offerDecision: 'decline' }));

    it('is taken back before the end (S-25)', () => {
      const story = scheduled(current().fire()).tell('ReactivateSubscription', { subscriptionId });
      expect(story.state).to.equal('active.current');
      expect(story.types).to.deep.equal(['ResumeAgreement', 'SubscriptionReactivated', 'GenerateInvoice']);
      expect(story.until('2026-02-28T10:00:00.000Z').state).to.equal('active.renewing');
    });

    it('has the provider resume its agreement once, and goes on whatever it says (S-25)', () => {
      const back = scheduled().tell('ReactivateSubscription', { subscriptionId });
      const { reactivationId } = back.one('ResumeAgreement');
      const resumption = { ...subject, reactivationId };
      expect(back.tell('ReactivateSubscription', { subscriptionId }).types).to.be.empty;
      for (const answered of [
        back.tell('AgreementResumed', resumption),
        back.tell('AgreementNotResumed', { ...resumption, failureMessage: 'No.' }),
      ]) {
        expect([answered.state, answered.context.resuming]).to.deep.equal(['active.current', null]);
        expect(answered.types).to.be.empty;
        expect(answered.tell('AgreementResumed', resumption).ignored).to.deep.equal(['AgreementResumed']);
      }
      const other = { ...resumption, reactivationId: id('other') };
      expect(back.tell('AgreementResumed', other).ignored).to.deep.equal(['AgreementResumed']);
    });

    it('asks for an end only when the provider has answered about the resumption before it (S-20, S-25)', () => {
      const back = scheduled().tell('ReactivateSubscription', { subscriptionId });
      const resumption = { ...subject, reactivationId: back.one('ResumeAgreement').reactivationId };
      const leaves = leave(back, { offerDecision: 'decline' });
      expect([leaves.state, leaves.types]).to.deep.equal(['active.cancelling', []]);
      for (const asked of [
        leaves.tell('AgreementResumed', resumption),
        leaves.tell('AgreementNotResumed', { ...resumption, failureMessage: 'No.' }),
      ]) {
        expect(asked.types).to.deep.equal(['ConfirmCancellation']);
        expect(asked.one('ConfirmCancellation').cancellationId).to.equal(leaves.context.cancellation?.cancellationId);
        expect(confirm(asked).state).to.equal('cancelScheduled');
      }
    });

    it('goes back to the trial it came from (S-25)', () => {
      const story = scheduled(Story.begin(subscribe(trial))).tell('ReactivateSubscription', { subscriptionId });
      expect(story.state).to.equal('trialing');
      expect(story.until(day(14)).state).to.equal('active.renewing');
    });

    it('cannot be taken back at the end (S-25)', () => {
      const late = scheduled().tell('ReactivateSubscription', { subscriptionId }, '2026-02-28T10:00:00.000Z');
      expect(late.ignored).to.deep.equal(['ReactivateSubscription']);
      expect(late.state).to.equal('cancelScheduled');
    });

    it('bills nothing any more (S-20)', () => {
      const story = scheduled().until(day(400));
      expect(story.types).to.deep.equal(['SubscriptionEnded']);
      expect(story.state).to.equal('cancelled');
    });
  });

  describe('after the end', () => {
    const ended = () => confirm(leave(current(), { offerDecision: 'decline', mode: 'immediate' }));
    const renew = { subscriptionId, terms: null, paymentMethod: null };

    it('invites the customer back for 7 days (S-29)', () => {
      const story = ended();
      expect(story.one('SubscriptionEnded')).to.include({ status: 'cancelled', decisionUntil: day(7) });
      const closed = story.fire();
      expect(closed.state).to.equal('cancelled');
      expect(closed.timers).to.be.empty;
      expect(closed.tell('RenewSubscription', renew).ignored).to.deep.equal(['RenewSubscription']);
    });

    for (const [name, begin] of [
      ['cancelled', ended],
      ['expired', () => suspended().fire()],
    ] as const) {
      it(`begins anew when the customer renews (S-28, ${name})`, () => {
        const over = begin();
        const asked = over.tell('RenewSubscription', { ...renew, terms: onPlan(team), paymentMethod: mastercard });
        expect(asked.state).to.equal('pending');
        expect(asked.one('GenerateInvoice').planId).to.equal(team.planId);
        expect(asked.one('OpenPayment')).to.deep.include({ paymentMethod: mastercard, profile: 'firstSubscription' });
        const story = asked.pay();
        expect(story.state).to.equal('active.current');
        expect(story.one('UserSubscriptionStarted')).to.include({ source: 'renewal', startDate: over.now });
      });
    }

    it('forgets the plan that was to come, and begins with the one that it is renewed with (S-27, S-28)', () => {
      const planned = current().tell('ChangePlan', { subscriptionId, plan: basic, prorationAt: null });
      const off = planned.tell('ChangeAutoRenewal', { subscriptionId, autoRenew: false });
      const over = off.until('2026-02-28T10:00:00.000Z');
      expect([over.state, over.context.pendingPlan]).to.deep.equal(['expired', null]);
      const story = over.tell('RenewSubscription', renew).pay();
      expect(story.types).to.deep.equal(['UserSubscriptionStarted']);
      expect(story.context.terms).to.deep.equal(onPlan(pro));
    });

    it('fails when the customer who comes back cannot pay (S-28, S-04)', () => {
      expect(ended().tell('RenewSubscription', renew).decline().state).to.equal('failed');
    });

    it('wants a method that can pass (S-28)', () => {
      const story = ended().tell('InvalidatePaymentMethod', { subscriptionId });
      expect(story.tell('RenewSubscription', renew).ignored).to.have.length(1);
      expect(story.tell('RenewSubscription', { ...renew, paymentMethod: mastercard }).state).to.equal('pending');
    });
  });

  describe('when paused', () => {
    const pause = (story: Story, until: string | null = null) =>
      story.tell('PauseSubscription', { subscriptionId, until });

    it('stops billing and access, and keeps the paid time (S-26)', () => {
      const invoiced = current().until(day(22));
      const story = pause(invoiced);
      expect(story.state).to.equal('paused');
      expect(story.types).to.deep.equal(['CancelInvoice', 'SubscriptionPaused']);
      expect(story.access).to.equal('none');
      expect(story.one('SubscriptionPaused').until).to.equal(day(22 + 90));
      const idle = story.until(day(100));
      expect(idle.types).to.be.empty;
      const resumed = idle.tell('ResumeSubscription', { subscriptionId });
      expect(resumed.state).to.equal('active.current');
      expect(resumed.one('SubscriptionResumed').nextBillingDate).to.equal(day(106)); // 6 of 28 days were left
      expect(resumed.one('GenerateInvoice').billingPeriod?.start).to.equal(day(106));
      const due = resumed.until(day(106));
      expect(due.state).to.equal('active.renewing');
      expect(due.pay().context.period).to.deep.equal({ start: day(106), end: '2026-06-17T10:00:00.000Z' });
    });

    it('ends by itself on its day, or after 90 (S-26)', () => {
      expect(pause(current(), day(10)).fire().now).to.equal(day(10));
      expect(pause(current()).fire().now).to.equal(day(90));
    });

    it('lasts no longer than 90 days, and does not end before it begins (S-26)', () => {
      expect(pause(current(), day(91)).ignored).to.deep.equal(['PauseSubscription']);
      expect(pause(current(), START).ignored).to.deep.equal(['PauseSubscription']);
    });

    it('is left for good at once, without an offer', () => {
      const story = confirm(leave(pause(current())));
      expect(story.one('UserSubscriptionCancelled').effectiveDate).to.equal(START);
      expect(story.state).to.equal('cancelled');
      expect(reject(leave(pause(current()))).state).to.equal('paused'); // S-22
    });
  });

  describe('when the plan changes', () => {
    const change = (story: Story, plan = team, prorationAt: string | null = null, at = story.now) =>
      story.tell('ChangePlan', { subscriptionId, plan, prorationAt }, at);

    it('charges the difference and moves up at once (S-30)', () => {
      const asked = change(current(), team, null, day(14)); // half of 28 days
      expect(asked.state).to.equal('active.current');
      expect(asked.types).to.deep.equal(['GenerateInvoice', 'OpenPayment']);
      expect(asked.one('GenerateInvoice').lines.map(({ kind, total }) => [kind, total.amount])).to.deep.equal([
        ['unusedTime', -1499], // 14.995, the odd half cent to the time that was used
        ['remainingTime', 2999],
      ]);
      expect(asked.one('GenerateInvoice').billingPeriod).to.deep.equal({
        start: day(14),
        end: '2026-02-28T10:00:00.000Z',
      });
      expect(asked.context.terms).to.deep.equal(onPlan(pro));
      const story = asked.pay();
      expect(story.types).to.deep.equal(['PlanMigrationCompleted']);
      expect(story.one('PlanMigrationCompleted')).to.deep.include({
        effectiveDate: day(14),
        nextBillingDate: '2026-02-28T10:00:00.000Z',
        invoiceId: asked.one('GenerateInvoice').invoiceId,
      });
      expect(story.one('PlanMigrationCompleted').fromPlan.name).to.equal('Pro Monthly');
      expect(story.context.terms).to.deep.equal(onPlan(team));
      expect(story.until('2026-02-28T10:00:00.000Z').one('SubscriptionPaymentDue').amount).to.deep.equal(usd(6479));
    });

    it('issues the invoice of the next period anew (S-30)', () => {
      const invoiced = current().fire();
      const story = change(invoiced).pay();
      expect(story.types).to.deep.equal(['CancelInvoice', 'PlanMigrationCompleted', 'GenerateInvoice']);
      expect(story.one('CancelInvoice').invoiceId).to.equal(invoiced.one('GenerateInvoice').invoiceId);
      expect(story.one('GenerateInvoice').planId).to.equal(team.planId);
    });

    it('keeps everything when the difference cannot be paid (S-30)', () => {
      const story = change(current(), team, null, day(14)).decline();
      expect(story.types).to.deep.equal(['CancelInvoice', 'PlanChangeFailed']);
      expect(story.context).to.deep.include({ terms: onPlan(pro), change: null });
      expect(story.timers[0]?.dueAt).to.equal('2026-02-21T10:00:00.000Z');
      expect(change(current(), team, null, day(14)).decline(dead).context.methodUsable).to.equal(false);
    });

    it('renews only once a change under way is decided (S-30)', () => {
      const asked = change(current().until('2026-02-27T10:00:00.000Z'));
      const waiting = asked.until('2026-02-28T12:00:00.000Z');
      expect(waiting.state).to.equal('active.current');
      const paid = waiting.pay();
      expect(paid.state).to.equal('active.renewing');
      expect(paid.one('SubscriptionPaymentDue').amount).to.deep.equal(usd(6479));
      expect(waiting.decline().one('SubscriptionPaymentDue').amount).to.deep.equal(usd(3239));
    });

    it('begins a new rhythm with a plan of another cycle (S-30)', () => {
      const asked = change(current(), enterprise, null, day(14));
      expect(asked.one('GenerateInvoice').lines.map(({ kind, total }) => [kind, total.amount])).to.deep.equal([
        ['unusedTime', -1499],
        ['plan', 49_900],
      ]);
      const story = asked.pay();
      expect(story.context.period).to.deep.equal({ start: day(14), end: '2027-02-14T10:00:00.000Z' });
      expect(story.timers[0]?.dueAt).to.equal('2027-02-07T10:00:00.000Z');
    });

    it('keeps credit that one invoice cannot use up for the next ones (S-30)', () => {
      const dear = { ...team, price: usd(10_000) };
      const yearly = current({ terms: onPlan(enterprise) });
      const story = change(yearly, dear);
      expect(story.one('GenerateInvoice').lines.map(({ kind, total }) => [kind, total.amount])).to.deep.equal([
        ['unusedTime', -49_900],
        ['plan', 10_000],
        ['creditKept', 39_900],
      ]);
      expect(story.types).to.deep.equal(['GenerateInvoice', 'PlanMigrationCompleted']); // nothing to charge
      expect(story.context.credit).to.equal(39_900);
      const next = story.until('2026-02-28T10:00:00.000Z');
      expect(next.one('GenerateInvoice').lines.map(({ kind, total }) => [kind, total.amount])).to.deep.equal([
        ['plan', 10_000],
        ['creditUsed', -10_000],
      ]);
      expect(next.state).to.equal('active.current'); // S-08 without a charge
      expect(next.types).to.include('SubscriptionRenewed').and.not.include('OpenPayment');
      expect(next.context.credit).to.equal(29_900);
      expect(next.until('2026-05-31T10:00:00.000Z').one('SubscriptionPaymentDue').amount).to.deep.equal(usd(108));
    });

    it('moves up without a payment when the difference is too little to charge (S-30)', () => {
      const almostOver = '2026-02-28T09:30:00.000Z';
      const story = change(current().until(almostOver), team);
      expect(story.all('GenerateInvoice')[0]?.lines.map(({ kind, total }) => [kind, total.amount])).to.deep.equal([
        ['unusedTime', -2],
        ['remainingTime', 4],
        ['waived', -2],
      ]);
      expect(story.types).to.include('PlanMigrationCompleted').and.not.include('OpenPayment');
      expect(story.context.terms).to.deep.equal(onPlan(team));
      expect(story.context.coverage?.amount).to.equal(2);
    });

    it('renews without a payment when what its discount leaves is too little to charge (S-08)', () => {
      const discount = { code: null, percent: 99, timesLeft: 2 };
      const story = Story.begin(subscribe({ discount })).until('2026-02-28T10:00:00.000Z');
      expect(story.state).to.equal('active.current');
      expect(story.types).to.include('SubscriptionRenewed').and.not.include('OpenPayment');
    });

    it('moves down with the next period (S-30)', () => {
      const invoiced = current().fire();
      const asked = change(invoiced, basic);
      expect(asked.types).to.deep.equal(['CancelInvoice', 'PlanChangeScheduled', 'GenerateInvoice']);
      expect(asked.one('PlanChangeScheduled').effectiveDate).to.equal('2026-02-28T10:00:00.000Z');
      expect(asked.one('GenerateInvoice').lines[0]?.total).to.deep.equal(usd(999));
      expect(asked.context.terms).to.deep.equal(onPlan(pro));
      const story = asked.until('2026-02-28T10:00:00.000Z').pay();
      expect(story.types).to.deep.equal(['SubscriptionRenewed', 'PlanMigrationCompleted']);
      expect(story.context.terms).to.deep.equal(onPlan(basic));
      expect(story.context.period?.end).to.equal('2026-03-31T10:00:00.000Z');
    });

    it('begins another rhythm with the next period when it costs less (S-30)', () => {
      const saver = { ...enterprise, name: 'Pro Annual', planId: id('plan saver'), price: usd(29_900) };
      const story = change(current(), saver).until('2026-02-28T10:00:00.000Z').pay();
      expect(story.context.period).to.deep.equal({
        start: '2026-02-28T10:00:00.000Z',
        end: '2027-02-28T10:00:00.000Z',
      });
      expect(story.until('2027-02-28T10:00:00.000Z').pay().context.period?.end).to.equal('2028-02-28T10:00:00.000Z');
    });

    it('drops a change whose method is gone before its invoice is there (S-30)', () => {
      const asked = current().scene.when(
        telling('ChangePlan', { subscriptionId, plan: team, prorationAt: null }, START),
        telling('InvalidatePaymentMethod', { subscriptionId }, START),
      );
      expect(asked.context.change).to.equal(null);
      expect(asked.emitted.map(({ type }: { type: string }) => type)).to.include.members([
        'CancelInvoice',
        'PlanChangeFailed',
      ]);
    });

    it('needs no method for a period that credit pays, however late its invoice is (S-07, S-11)', () => {
      const yearly = current({ terms: onPlan(enterprise) });
      const rich = change(yearly, { ...team, price: usd(10_000) });
      const asked = rich.scene.whenTimerFires();
      const [order] = waitingInvoices(asked);
      if (!order) throw new Error('no invoice was asked for');
      const gone = asked.when(telling('InvalidatePaymentMethod', { subscriptionId }, day(22)));
      const late = gone.whenTimerFires().whenTimerFires();
      expect(late.state).to.equal('grace');
      const scene = late.when(invoiced(order, '2026-02-28T10:00:00.000Z'));
      expect(scene.state).to.equal('active.current');
    });

    it('takes a step down back (S-30)', () => {
      const story = change(change(current(), basic), pro);
      expect(story.context.pendingPlan).to.equal(null);
      expect(change(current(), pro).ignored).to.deep.equal(['ChangePlan']);
    });

    it('charges exactly what was previewed an hour ago, and nothing older (S-30)', () => {
      const previewed = change(current(), team, null, day(14)).one('GenerateInvoice').lines;
      const later = '2026-02-14T10:59:59.000Z';
      expect(change(current(), team, day(14), later).one('GenerateInvoice').lines).to.deep.equal(previewed);
      expect(change(current(), team, day(14), '2026-02-14T11:00:00.000Z').ignored).to.have.length(1);
      expect(change(current(), team, day(15), later).ignored).to.have.length(1);
    });

    it('produces the lines of its preview (S-30)', () => {
      for (const plan of [team, basic, enterprise]) {
        const before = current({ discount: { code: null, percent: 10, timesLeft: 5 } }).until(day(14));
        const preview = previewChange(before.context, plan, day(14));
        const asked = change(before, plan, day(14));
        const changed = preview?.now ? asked.pay() : asked;
        if (preview?.now) expect(asked.one('GenerateInvoice').lines).to.deep.equal(preview.now.lines);
        expect(preview?.effectiveAt).to.equal(plan === basic ? '2026-02-28T10:00:00.000Z' : day(14));
        expect(previewNext(changed.context)).to.deep.equal(preview?.next);
        const next = changed.until(preview?.next.date ?? '').one('GenerateInvoice');
        expect(next.lines).to.deep.equal(preview?.next.lines);
        expect(next.billingPeriod?.start).to.equal(preview?.next.date);
      }
      const soon = '2026-02-28T09:30:00.000Z';
      const [trifle] = change(current().until(soon), team).all('GenerateInvoice');
      expect(previewChange(current().until(soon).context, team, soon)?.now?.lines).to.deep.equal(trifle?.lines);
      expect(trifle?.lines.at(-1)?.kind).to.equal('waived');
      expect(previewChange(Story.begin().context, team, START)).to.equal(null);
    });

    it('changes neither to another currency nor while another change is under way', () => {
      expect(change(current(), { ...team, price: { amount: 5999, currency: 'EUR' } }).ignored).to.have.length(1);
      expect(change(change(current()), enterprise).ignored).to.have.length(1);
    });

    it('is called off by leaving: the money goes back if it comes nevertheless', () => {
      const asked = change(current(), team, null, day(14));
      const { paymentId, amount, invoiceId } = asked.charge;
      const story = confirm(leave(asked, { offerDecision: 'decline' }));
      expect(story.types).to.deep.equal(['CancelPayment', 'CancelInvoice', 'UserSubscriptionCancelled']);
      expect(story.take(processed(paymentId, amount, { invoiceId }, day(14))).one('RefundPayment').paymentId).to.equal(
        paymentId,
      );
    });

    it('still happens while an offer stands', () => {
      const story = leave(change(current(), team, null, day(14))).pay();
      expect(story.state).to.equal('active.offerPending');
      expect(story.types).to.deep.equal(['PlanMigrationCompleted']);
    });
  });

  describe('everywhere', () => {
    it('ignores what does not fit the state', () => {
      const commands = [
        telling('AcceptOffer', { subscriptionId, choice: 'discount' }, START),
        telling('DeclineOffer', { subscriptionId }, START),
        telling('ReactivateSubscription', { subscriptionId }, START),
        telling('RenewSubscription', { subscriptionId, terms: null, paymentMethod: null }, START),
        telling('ResumeSubscription', { subscriptionId }, START),
        telling('SkipDelivery', { subscriptionId }, START),
      ];
      const states = [
        Story.begin(),
        Story.begin(subscribe(trial)),
        current(),
        renewing(),
        pastDue(),
        grace(),
        suspended(),
      ];
      for (const story of states) {
        for (const command of commands) {
          expect(story.take(command).ignored, `${command.type} in ${story.state}`).to.deep.equal([command.type]);
        }
      }
    });

    it('sends money back that nothing is owed for, once', () => {
      const stray = () => processed(id('stray'), usd(700), { invoiceId: id('stray invoice') }, START);
      const story = current().take(stray());
      expect(story.one('RefundPayment')).to.deep.include({ paymentId: id('stray'), amount: usd(700) });
      expect(story.take(stray()).ignored).to.deep.equal(['PaymentProcessed']);
      expect(Story.begin().decline().take(stray()).types).to.deep.equal(['RefundPayment']); // failed
    });

    it('leaves the money of orders to Orders', () => {
      expect(current().take(processed(id('stray'), usd(700), { orderId: id('order') }, START)).ignored).to.have.length(
        1,
      );
    });
  });
});
