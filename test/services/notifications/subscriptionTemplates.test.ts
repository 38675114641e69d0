import { expect } from 'chai';
import type { MessageData } from '../../../machines/index.js';
import type { Cause, Notice, Template } from '../../../src/services/notifications/notice.js';
import { subscriptionTemplates } from '../../../src/services/notifications/subscriptionTemplates.js';
import { id, message } from '../../machines/given.js';
import { subscriptionExamples } from '../../machines/subscriptionExamples.js';

type Told = keyof typeof subscriptionTemplates;

/** What is said about the example of a message, with changes. */
function say<N extends Told>(type: N, change: Partial<MessageData<N>> = {}): readonly Notice[] {
  const example = subscriptionExamples[type] as MessageData<N>;
  const cause = message(type, { ...example, ...change }) as unknown as Extract<Cause, { type: N }>;
  const template = subscriptionTemplates[type] as unknown as Template<N>;
  return [template(cause, { firstName: 'Ann', locale: 'en-US' }) ?? []].flat();
}

describe('what a subscriber is told', () => {
  const { customerId } = subscriptionExamples.SubscribeUser;

  const told: readonly (readonly [
    title: string,
    notices: () => readonly Notice[],
    template: string,
    priority: string,
    words: readonly RegExp[],
  ])[] = [
    [
      'a trial begins',
      () => say('UserSubscriptionStarted'),
      'subscription_started',
      'NORMAL',
      [/free trial of Pro Monthly runs until March 16, 2026/],
    ],
    [
      'a subscription begins',
      () => say('UserSubscriptionStarted', { trialPeriodDays: 0 }),
      'subscription_started',
      'NORMAL',
      [/next billing date is March 16, 2026/],
    ],
    [
      'it comes back',
      () => say('UserSubscriptionStarted', { source: 'reactivation' }),
      'subscription_started',
      'NORMAL',
      [/welcome back/],
    ],
    [
      'it is cancelled',
      () => say('UserSubscriptionCancelled', { cancellationReason: 'too_expensive' }),
      'subscription_cancelled',
      'NORMAL',
      [/Pro Monthly is cancelled/, /access until April 1, 2026/],
    ],
    [
      'its trial ends in three days',
      () => say('SubscriptionReminderDue', { about: 'trialEnd' }),
      'trial_ending',
      'NORMAL',
      [/trial ends on March 5, 2026/, /\$32\.45 will be charged/],
    ],
    [
      'it renews in three days',
      () => say('SubscriptionReminderDue'),
      'renewal_reminder',
      'NORMAL',
      [/renews on March 5, 2026/],
    ],
    [
      'a delivery leaves in three days',
      () => say('SubscriptionReminderDue', { about: 'delivery', amount: null }),
      'delivery_reminder',
      'NORMAL',
      [/delivery leaves on March 5, 2026\.\n$/],
    ],
    [
      'it ends in three days',
      () => say('SubscriptionReminderDue', { about: 'end', amount: null }),
      'subscription_ending',
      'NORMAL',
      [/subscription ends on/],
    ],
    [
      'an invoice is issued',
      () => say('InvoiceGenerated'),
      'invoice',
      'NORMAL',
      [/INV-2026-00042/, /Pro Monthly, \$29\.99/, /Tax: \$2\.46/, /Total: \$32\.45, due on March 9, 2026/],
    ],
    ['money goes back', () => say('CreditNoteIssued'), 'credit_note', 'NORMAL', [/CN-2026-00001/, /\$32\.45/]],
    [
      'it is renewed',
      () => say('SubscriptionRenewed', { recovered: false }),
      'subscription_renewed',
      'NORMAL',
      [/has been renewed/, /runs until April 1, 2026/],
    ],
    ['it is paid after all', () => say('SubscriptionRenewed'), 'subscription_renewed', 'NORMAL', [/paid again/]],
    [
      'a charge failed (S-09)',
      () => say('SubscriptionPaymentFailed'),
      'subscription_payment_failed',
      'HIGH',
      [/insufficient funds/, /try again on March 3, 2026/],
    ],
    [
      'a charge failed for good',
      () => say('SubscriptionPaymentFailed', { nextRetryAt: null }),
      'subscription_payment_failed',
      'HIGH',
      [/choose another payment method/],
    ],
    [
      'its method will never pass',
      () => say('PaymentMethodRequested'),
      'payment_method_needed',
      'HIGH',
      [/refused for good/, /by March 9, 2026/],
    ],
    [
      'it has no method',
      () => say('PaymentMethodRequested', { why: 'missing' }),
      'payment_method_needed',
      'HIGH',
      [/no payment method/],
    ],
    ['access is limited (S-12)', () => say('SubscriptionGraceStarted'), 'access_limited', 'HIGH', [/by March 9, 2026/]],
    [
      'it is suspended (S-14)',
      () => say('SubscriptionSuspended'),
      'subscription_suspended',
      'HIGH',
      [/suspended/, /by April 1, 2026/],
    ],
    ['it did not begin (S-04)', () => say('SubscriptionFailed'), 'subscription_failed', 'HIGH', [/has not begun/]],
    [
      'it has ended (S-29)',
      () => say('SubscriptionEnded', { status: 'cancelled' }),
      'reactivation_offer',
      'NORMAL',
      [/until March 9, 2026/],
    ],
    ['it has run out (S-27)', () => say('SubscriptionEnded'), 'renewal_invitation', 'NORMAL', [/come back/]],
    ['it is paused', () => say('SubscriptionPaused'), 'subscription_paused', 'NORMAL', [/until April 1, 2026/]],
    ['it runs again', () => say('SubscriptionResumed'), 'subscription_resumed', 'NORMAL', [/April 1, 2026/]],
    ['it stays', () => say('SubscriptionReactivated'), 'subscription_reactivated', 'NORMAL', [/taken back/]],
    ['its plan has changed', () => say('PlanMigrationCompleted'), 'plan_changed', 'NORMAL', [/from Pro Monthly to/]],
    ['its plan will change', () => say('PlanChangeScheduled'), 'plan_change_scheduled', 'NORMAL', [/April 1, 2026/]],
    ['its plan stays', () => say('PlanChangeFailed'), 'plan_change_failed', 'HIGH', [/could not be paid/]],
    [
      'its plan is getting small (S-08)',
      () => say('UpgradeSuggested'),
      'upgrade_suggested',
      'NORMAL',
      [
        /about 8,000 API calls until April 1, 2026/,
        /Pro Monthly allows 10,000/,
        /Team Monthly allows 50,000 for \$59\.99 before tax/,
      ],
    ],
    [
      'it is offered something (S-17)',
      () => say('RetentionOfferMade'),
      'retention_offer',
      'NORMAL',
      [/25 % off your next 3 invoices/, /pause of 30 days/, /until March 9, 2026/],
    ],
    [
      'it took the discount (S-18)',
      () => say('RetentionOfferAccepted', { choice: 'discount' }),
      'offer_accepted',
      'NORMAL',
      [/next invoice/],
    ],
    [
      'a delivery is not complete',
      () => say('DeliveryAdjusted'),
      'delivery_adjusted',
      'NORMAL',
      [/now costs \$99\.99/],
    ],
    [
      'a delivery is left out',
      () => say('DeliverySkipped', { reason: 'customer', leftOut: [] }),
      'delivery_skipped',
      'NORMAL',
      [/as you asked: this delivery is left out/, /leaves on April 1, 2026/],
    ],
  ];

  for (const [title, notices, template, priority, words] of told)
    it(`when ${title}: ${template}, ${priority} (R-81)`, () => {
      const [notice, ...others] = notices();
      expect(others).to.deep.equal([]);
      expect(notice).to.include({ templateId: template, priority, audience: 'customer', customerId });
      expect(notice?.data).to.include({ subscriptionId: id('subscription') });
      expect(notice?.body).to.match(/^Hello Ann,/);
      for (const word of words) expect(notice?.body).to.match(word);
    });

  it('says once that a suspended subscription is suspended', () => {
    expect(say('UserSubscriptionCancelled')).to.deep.equal([]);
  });

  it('asks support to call whoever wants to talk (S-18), or could not leave (S-22, S-23)', () => {
    for (const notices of [say('RetentionOfferAccepted'), say('CancellationRefused')]) {
      expect(notices.map(({ audience }) => audience)).to.deep.equal(['customer', 'operations']);
      expect(notices[1]?.body).to.include(customerId);
    }
    expect(say('CancellationRefused')[1]?.priority).to.equal('HIGH');
    expect(say('CancellationRefused', { severity: 'normal' })[1]?.priority).to.equal('NORMAL');
  });

  it('has our people resume an agreement that the provider did not, and leaves the customer alone (S-25)', () => {
    const notices = say('AgreementNotResumed');
    expect(notices.map(({ audience, priority }) => [audience, priority])).to.deep.equal([['operations', 'HIGH']]);
    expect(notices[0]?.body).to.include('No answer.').and.include(id('subscription'));
  });

  it('names the ids of what it is about, for programs', () => {
    expect(say('InvoiceGenerated')[0]?.data).to.deep.equal({
      subscriptionId: id('subscription'),
      invoiceId: id('invoice'),
    });
    expect(say('DeliveryAdjusted')[0]?.data).to.deep.equal({
      subscriptionId: id('subscription'),
      orderId: id('order'),
    });
  });
});
