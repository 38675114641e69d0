import { toCustomer } from './address.js';
import { type Cause, type Template, writeDay, writeMoney } from './notice.js';

type Told =
  | 'InvoiceGenerated'
  | 'CreditNoteIssued'
  | 'SubscriptionRenewed'
  | 'SubscriptionPaymentFailed'
  | 'PaymentMethodRequested'
  | 'SubscriptionGraceStarted'
  | 'SubscriptionSuspended'
  | 'SubscriptionFailed';

/** The words for what a subscription costs, and for what becomes of it when it is not paid (R-51…R-54). */
export const billingTemplates: { readonly [N in Told & Cause['type']]: Template<N> } = {
  InvoiceGenerated: ({ data }, reader) =>
    toCustomer('invoice', data, reader, `Your invoice ${data.invoiceNumber}`, [
      `your invoice ${data.invoiceNumber}:`,
      ...data.lineItems.map(({ description, total }) => `  ${description}, ${writeMoney(total, reader.locale)}`),
      `Tax: ${writeMoney(data.tax, reader.locale)}`,
      `Total: ${writeMoney(data.total, reader.locale)}, due on ${writeDay(data.dueDate, reader.locale)}.`,
    ]),
  CreditNoteIssued: ({ data }, reader) =>
    toCustomer('credit_note', data, reader, `Your credit note ${data.creditNoteNumber}`, [
      `${writeMoney(data.total, reader.locale)} of invoice ${data.invoiceNumber} went back to you: credit note ${data.creditNoteNumber}.`,
    ]),
  SubscriptionRenewed: ({ data }, reader) =>
    toCustomer('subscription_renewed', data, reader, 'Your subscription goes on', [
      data.recovered ? 'thank you: your subscription is paid again.' : 'your subscription has been renewed.',
      `It now runs until ${writeDay(data.period.end, reader.locale)}.`,
    ]),
  SubscriptionPaymentFailed: ({ data }, reader) =>
    toCustomer(
      'subscription_payment_failed',
      data,
      reader,
      'Your subscription could not be paid',
      [
        `we could not collect the payment for your subscription: ${data.failureReason.toLowerCase().replaceAll('_', ' ')}.`,
        data.nextRetryAt
          ? `We will try again on ${writeDay(data.nextRetryAt, reader.locale)}; you may also choose another payment method before.`
          : 'Please choose another payment method.',
      ],
      'HIGH',
    ),
  PaymentMethodRequested: ({ data }, reader) =>
    toCustomer(
      'payment_method_needed',
      data,
      reader,
      'Please choose a payment method',
      [
        data.why === 'missing'
          ? 'your subscription has no payment method that we may charge.'
          : 'the payment method of your subscription is refused for good.',
        `Please choose another one by ${writeDay(data.until, reader.locale)}; it is charged at once.`,
      ],
      'HIGH',
    ),
  SubscriptionGraceStarted: ({ data }, reader) =>
    toCustomer(
      'access_limited',
      data,
      reader,
      'Your access is limited',
      [
        'your subscription is not paid, so your access is limited for now.',
        `Choose a payment method by ${writeDay(data.graceUntil, reader.locale)} to keep your subscription.`,
      ],
      'HIGH',
    ),
  SubscriptionSuspended: ({ data }, reader) =>
    toCustomer(
      'subscription_suspended',
      data,
      reader,
      'Your subscription is suspended',
      [
        'your subscription could not be paid and is suspended.',
        `Choose a payment method by ${writeDay(data.revivableUntil, reader.locale)}, and it goes on at once.`,
      ],
      'HIGH',
    ),
  SubscriptionFailed: ({ data }, reader) =>
    toCustomer(
      'subscription_failed',
      data,
      reader,
      'Your subscription did not begin',
      ['the first payment of your subscription did not go through, so it has not begun. You have not been charged.'],
      'HIGH',
    ),
};
