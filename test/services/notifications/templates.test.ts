import { expect } from 'chai';
import type { Cause, Notice, Reader } from '../../../src/services/notifications/notice.js';
import { templates } from '../../../src/services/notifications/templates.js';
import * as causes from './causes.js';

const stranger: Reader = { firstName: null, locale: null };
const write = (cause: Cause, reader = stranger): Notice => {
  const template = templates[cause.type] as (cause: Cause, reader: Reader) => Notice | null;
  const notice = template(cause, reader);
  if (!notice) throw new Error(`nothing is said about ${cause.type}`);
  return notice;
};

describe('what people are told', () => {
  const {
    confirmed,
    cancelled,
    paid,
    unpaid,
    underReview,
    refunded,
    refundRefused,
    labelled,
    dispatched,
    delivered,
    undelivered,
    byHand,
    soldOut,
    runningLow,
  } = causes;

  const told: readonly (readonly [
    title: string,
    cause: Cause,
    template: string,
    priority: string,
    audience: string,
    words: readonly RegExp[],
  ])[] = [
    [
      'an order was accepted (C-73)',
      confirmed(),
      'order_confirmation',
      'NORMAL',
      'customer',
      [/FM-1001/, /2 × Mug, \$25\.98/, /Total: \$30\.97/],
    ],
    [
      'an order was cancelled unpaid',
      cancelled(),
      'order_cancelled',
      'NORMAL',
      'customer',
      [/as you asked/, /not been charged/],
    ],
    [
      'an order was cancelled and is refunded (R-33)',
      cancelled({
        cancellationReason: 'OUT_OF_STOCK',
        refund: {
          amount: { amount: 3097, currency: 'USD' },
          method: 'original_payment_method',
          estimatedProcessingDays: 5,
        },
      }),
      'order_cancelled',
      'NORMAL',
      'customer',
      [/no longer in stock/, /\$30\.97 go back/, /5 days/],
    ],
    [
      'a payment was received (C-73)',
      paid(),
      'payment-receipt',
      'NORMAL',
      'customer',
      [/received \$30\.97 on March 2, 2026/, /Receipt number/],
    ],
    [
      'a payment failed and is tried again',
      unpaid(),
      'payment_failed',
      'HIGH',
      'customer',
      [/insufficient funds/, /again at March 2, 2026 at 9:10.AM UTC/],
    ],
    [
      'a payment method will never pass',
      unpaid({ canRetry: false, methodUsable: false, nextRetryAt: null }),
      'payment_failed',
      'HIGH',
      'customer',
      [/choose another payment method/],
    ],
    [
      'a payment failed for good',
      unpaid({ canRetry: false, nextRetryAt: null }),
      'payment_failed',
      'HIGH',
      'customer',
      [/not try again/],
    ],
    ['a payment is looked at', underReview(), 'payment_review', 'HIGH', 'customer', [/by March 3, 2026/]],
    ['money went back', refunded(), 'refund', 'NORMAL', 'customer', [/\$30\.97/]],
    [
      'a parcel has a label (C-73)',
      labelled(),
      'shipment_tracking',
      'NORMAL',
      'customer',
      [/1Z999/, /by March 4, 2026/],
    ],
    ['a parcel left', dispatched(), 'shipment_dispatched', 'NORMAL', 'customer', [/UPS has your parcel/]],
    ['a parcel arrived', delivered(), 'shipment_delivered', 'NORMAL', 'customer', [/on March 2, 2026/]],
    [
      'a parcel could not be delivered',
      undelivered(),
      'delivery_failed',
      'NORMAL',
      'customer',
      [/Nobody was there/, /try again/],
    ],
    ['a parcel will not be delivered', undelivered(false), 'delivery_failed', 'NORMAL', 'customer', [/contact us/]],
    ['a refund was refused', refundRefused(), 'refund_failed', 'HIGH', 'operations', [/disputed/]],
    ['no carrier took a parcel', byHand(), 'manual_fulfilment', 'NORMAL', 'operations', [/No carrier answered/]],
    ['a product ran out', soldOut(), 'out_of_stock', 'NORMAL', 'operations', [/MUG has run out/]],
    ['a product runs low', runningLow(), 'low_stock', 'LOW', 'operations', [/4 left.*point is 5.*Order 50/]],
  ];

  for (const [title, cause, templateId, priority, audience, words] of told) {
    it(`when ${title}: ${templateId}, ${priority} (R-81)`, () => {
      const notice = write(cause);
      expect(notice).to.include({ templateId, priority, audience });
      for (const word of words) expect(notice.body).to.match(word);
      expect(notice.title).to.have.length.above(5);
    });
  }

  it('says whom and what it is about, by ids only', () => {
    const { customerId, orderId, data } = write(labelled());
    expect({ customerId, orderId, data }).to.deep.equal({
      customerId: causes.ann,
      orderId: causes.orderId,
      data: { orderId: causes.orderId, shipmentId: labelled().data.shipmentId, shippingProvider: 'UPS' },
    });
  });

  describe('to whom (S-125)', () => {
    it('calls people by their first name when it is known', () => {
      expect(write(confirmed(), { firstName: 'Ann', locale: null }).body).to.match(/^Hello Ann,\n/);
      expect(write(confirmed()).body).to.match(/^Hello,\n/);
    });

    it('writes money and dates as they do', () => {
      const german = { firstName: 'Ann', locale: 'de-DE' };
      expect(write(paid({ amount: { amount: 123456, currency: 'EUR' } }), german).body.replace(/\s/g, ' ')).to.contain(
        '1.234,56 € on 2. März 2026',
      );
      expect(
        write(paid({ amount: { amount: 5000, currency: 'JPY' } }), { firstName: null, locale: 'ja-JP' }).body,
      ).to.match(/[¥￥]5,000 on 2026年3月2日/);
      expect(
        write(paid({ amount: { amount: 1234, currency: 'GBP' } }), { firstName: null, locale: 'en-GB' }).body,
      ).to.contain('£12.34 on 2 March 2026');
    });

    it('writes as in the US to those whose locale is none', () => {
      expect(write(paid(), { firstName: null, locale: 'not a locale!' }).body).to.contain('$30.97 on March 2, 2026');
    });
  });
});
