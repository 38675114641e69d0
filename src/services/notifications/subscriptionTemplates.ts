import { toCustomer, toOperations } from './address.js';
import { billingTemplates } from './billingTemplates.js';
import { type Cause, type Reader, type Template, writeDay, writeMoney, writeNumber } from './notice.js';

type Told = Extract<
  Cause['type'],
  | keyof typeof billingTemplates
  | 'UserSubscriptionStarted'
  | 'UserSubscriptionCancelled'
  | 'PlanMigrationCompleted'
  | 'SubscriptionReminderDue'
  | 'SubscriptionEnded'
  | 'SubscriptionPaused'
  | 'SubscriptionResumed'
  | 'SubscriptionReactivated'
  | 'PlanChangeScheduled'
  | 'PlanChangeFailed'
  | 'UpgradeSuggested'
  | 'RetentionOfferMade'
  | 'RetentionOfferAccepted'
  | 'CancellationRefused'
  | 'AgreementNotResumed'
  | 'DeliveryAdjusted'
  | 'DeliverySkipped'
>;
type DataFor<N extends Cause['type']> = Extract<Cause, { type: N }>['data'];

type About = DataFor<'SubscriptionReminderDue'>['about'];
const reminders: Readonly<Record<About, readonly [templateId: string, title: string, what: string]>> = {
  trialEnd: ['trial_ending', 'Your free trial is ending', 'your free trial ends'],
  payment: ['renewal_reminder', 'Your subscription renews soon', 'your subscription renews'],
  delivery: ['delivery_reminder', 'Your next delivery is near', 'your next delivery leaves'],
  end: ['subscription_ending', 'Your subscription is ending', 'your subscription ends'],
};

/** The words for the life of a subscription; what it costs has its own. */
export const subscriptionTemplates: { readonly [N in Told]: Template<N> } = {
  ...billingTemplates,
  UserSubscriptionStarted: ({ data }, reader) =>
    toCustomer('subscription_started', data, reader, `Your subscription: ${data.plan.name}`, [
      data.source === 'reactivation' ? 'welcome back.' : 'welcome.',
      data.trialPeriodDays > 0
        ? `Your free trial of ${data.plan.name} runs until ${writeDay(data.nextBillingDate, reader.locale)}.`
        : `${data.plan.name} is yours; the next billing date is ${writeDay(data.nextBillingDate, reader.locale)}.`,
    ]),
  // A suspension has words of its own.
  UserSubscriptionCancelled: ({ data }, reader) =>
    data.cancellationReason === 'payment_failure'
      ? null
      : toCustomer('subscription_cancelled', data, reader, 'Your subscription is cancelled', [
          `your subscription to ${data.plan.name} is cancelled. Nothing more will be charged.`,
          `You have access until ${writeDay(data.effectiveDate, reader.locale)}.`,
        ]),
  PlanMigrationCompleted: ({ data }, reader) =>
    toCustomer('plan_changed', data, reader, `You are on ${data.toPlan.name} now`, [
      `your plan has changed from ${data.fromPlan.name} to ${data.toPlan.name}.`,
      `The next billing date is ${writeDay(data.nextBillingDate, reader.locale)}.`,
    ]),
  SubscriptionReminderDue: ({ data }, reader) => {
    const [templateId, title, what] = reminders[data.about];
    return toCustomer(templateId, data, reader, title, [
      `${what} on ${writeDay(data.date, reader.locale)}.`,
      data.amount ? `${writeMoney(data.amount, reader.locale)} will be charged then.` : '',
    ]);
  },
  SubscriptionEnded: ({ data }, reader) =>
    toCustomer(
      data.status === 'cancelled' ? 'reactivation_offer' : 'renewal_invitation',
      data,
      reader,
      'Your subscription has ended',
      [
        'your subscription has ended, and your access with it.',
        `If you would like to come back, you can until ${writeDay(data.decisionUntil, reader.locale)}.`,
      ],
    ),
  SubscriptionPaused: ({ data }, reader) =>
    toCustomer('subscription_paused', data, reader, 'Your subscription is paused', [
      `your subscription is paused until ${writeDay(data.until, reader.locale)}; the paid time that is left waits for you.`,
    ]),
  SubscriptionResumed: ({ data }, reader) =>
    toCustomer('subscription_resumed', data, reader, 'Your subscription runs again', [
      `your subscription runs again; the next billing date is ${writeDay(data.nextBillingDate, reader.locale)}.`,
    ]),
  SubscriptionReactivated: ({ data }, reader) =>
    toCustomer('subscription_reactivated', data, reader, 'Your subscription stays', [
      `your cancellation is taken back; the next billing date is ${writeDay(data.nextBillingDate, reader.locale)}.`,
    ]),
  PlanChangeScheduled: ({ data }, reader) =>
    toCustomer('plan_change_scheduled', data, reader, 'Your plan will change', [
      `from ${writeDay(data.effectiveDate, reader.locale)} on you are on ${data.plan.name}.`,
    ]),
  PlanChangeFailed: ({ data }, reader) =>
    toCustomer(
      'plan_change_failed',
      data,
      reader,
      'Your plan has not changed',
      [`the change to ${data.plan.name} could not be paid, so everything stays as it was.`],
      'HIGH',
    ),
  UpgradeSuggested: ({ data }, reader) =>
    toCustomer('upgrade_suggested', data, reader, `Would ${data.suggested.name} suit you better?`, [
      `at your present pace you will use about ${writeNumber(data.expected, reader.locale)} ${data.unit} until ${writeDay(data.period.end, reader.locale)};`,
      `${data.plan.name} allows ${writeNumber(data.plan.allowance, reader.locale)}.`,
      `${data.suggested.name} allows ${writeNumber(data.suggested.allowance, reader.locale)} for ${writeMoney(data.suggested.price, reader.locale)} before tax, for a period as long.`,
      'You can change your plan whenever you like; nothing changes by itself.',
    ]),
  RetentionOfferMade: ({ data: { offer, ...data } }, reader) =>
    toCustomer('retention_offer', data, reader, 'Before you go', [
      `we would like you to stay: ${offer.discount.percent} % off your next ${offer.discount.times} invoices`,
      offer.pauseDays
        ? `or a pause of ${offer.pauseDays} days, or a talk with our support.`
        : 'or a talk with our support.',
      `The offer stands until ${writeDay(data.expiresAt, reader.locale)}.`,
    ]),
  RetentionOfferAccepted: ({ data }, reader) => [
    toCustomer('offer_accepted', data, reader, 'Thank you for staying', [
      {
        discount: 'the discount counts from your next invoice on.',
        pause: 'your pause has begun.',
        support: 'somebody of our support calls you.',
      }[data.choice],
    ]),
    ...(data.choice === 'support'
      ? [
          toOperations(
            'call_subscriber',
            idsOf(data),
            'A subscriber would like to talk',
            `Customer ${data.customerId} wanted to leave and chose a talk instead: call about subscription ${data.subscriptionId}.`,
          ),
        ]
      : []),
  ],
  CancellationRefused: ({ data }, reader) => [
    toCustomer('cancellation_rejected', data, reader, 'We could not cancel your subscription', [
      'your cancellation did not go through. Our support contacts you.',
    ]),
    toOperations(
      'cancellation_review',
      idsOf(data),
      'A cancellation was refused',
      `Subscription ${data.subscriptionId} was not cancelled (${data.reason}). Contact customer ${data.customerId}.`,
      data.severity === 'high' ? 'HIGH' : 'NORMAL',
    ),
  ],
  // Nothing changes for the customer, whom we charge ourselves.
  AgreementNotResumed: ({ data }) =>
    toOperations(
      'agreement_review',
      idsOf(data),
      'An agreement was not resumed',
      `Subscription ${data.subscriptionId} goes on, but the provider did not resume its agreement (${data.failureMessage}). Resume it there.`,
      'HIGH',
    ),
  DeliveryAdjusted: ({ data }, reader) =>
    toCustomer('delivery_adjusted', data, reader, 'Your delivery has changed', [
      'your delivery is on its way without everything in it:',
      ...whyLeftOut(data.leftOut, reader),
    ]),
  DeliverySkipped: ({ data }, reader) =>
    toCustomer('delivery_skipped', data, reader, 'A delivery is left out', [
      {
        customer: 'as you asked',
        nothingToSend: 'nothing of it can be sent',
        orderCancelled: 'its order could not be carried out',
      }[data.reason].concat(': this delivery is left out.'),
      ...whyLeftOut(data.leftOut, reader),
      `The next one leaves on ${writeDay(data.nextDeliveryAt, reader.locale)}.`,
    ]),
};

const idsOf = ({ subscriptionId, customerId }: { subscriptionId: string; customerId: string }) => ({
  subscriptionId,
  customerId,
});

const whyLeftOut = (leftOut: DataFor<'DeliverySkipped'>['leftOut'], { locale }: Reader): string[] =>
  leftOut.map(({ productId, unitPrice }) =>
    unitPrice
      ? `  ${productId} now costs ${writeMoney(unitPrice, locale)}: it comes again once you agree.`
      : `  ${productId} cannot be sent at the moment.`,
  );
