import { expect } from 'chai';
import fc from 'fast-check';
import type { EventFromLogic } from 'xstate';
import { invoiceMachine } from '../../machines/invoice/invoice.machine.js';
import { creditOf, totalsOf } from '../../machines/invoice/invoice.rules.js';
import { type InvoiceState, periodStatus, viewInvoice } from '../../machines/invoice/invoice.view.js';
import { given, id, type Scene } from './given.js';
import {
  customerId,
  type DataFor,
  day,
  declined,
  pro,
  processed,
  START,
  subscriptionId,
  telling,
  usd,
} from './subscriptionStory.js';

type InvoiceScene = Scene<typeof invoiceMachine>;
type Event = EventFromLogic<typeof invoiceMachine>;

const invoiceId = id('invoice');
const paymentId = id('payment');
const due = day(7);

const line = (kind: 'plan' | 'discount' | 'creditUsed', amount: number) => ({
  kind,
  description: 'Pro Monthly',
  quantity: 1,
  unitPrice: usd(amount),
  total: usd(amount),
});
const ask = (change: Partial<DataFor<'GenerateInvoice'>> = {}) =>
  telling(
    'GenerateInvoice',
    {
      invoiceId,
      type: 'subscription',
      subscriptionId,
      customerId,
      planId: pro.planId,
      currency: 'USD',
      lines: [line('plan', 2999)],
      taxRegion: 'US',
      billingPeriod: { start: due, end: day(38) },
      dueDate: due,
      ...change,
    },
    START,
  );
const numbered = (number = 'INV-2026-00482', documentId = invoiceId) =>
  telling(
    'InvoiceNumberAllocated',
    { invoiceId, documentId, series: documentId === invoiceId ? 'invoice' : 'creditNote', number, taxBasisPoints: 800 },
    START,
  );
const mailed = () => telling('InvoiceSent', { invoiceId, sentAt: START }, START);
const paid = (amount = usd(3239), at = due) => processed(paymentId, amount, { invoiceId }, at);
const refused = () => declined(paymentId, usd(3239), { invoiceId }, due);
const voided = () => telling('CancelInvoice', { invoiceId, reason: 'The subscription ended.' }, START);
const refunded = (name: string, amount: number, fullyRefunded = false, of = paymentId) =>
  telling(
    'RefundCompleted',
    {
      paymentId: of,
      refundId: id(name),
      orderId: null,
      subscriptionId,
      invoiceId,
      customerId,
      amount: usd(amount),
      refundedTotal: usd(amount),
      fullyRefunded,
      timestamp: day(10),
    },
    day(10),
  );

const after = (...events: readonly unknown[]): InvoiceScene =>
  given(invoiceMachine, ask(), ...(events as readonly Event[]));
const draft = () => given(invoiceMachine, ask());
const generated = () => after(numbered());
const sent = () => after(numbered(), mailed());
const overdue = () => generated().whenTimerFires();
const settled = () => after(numbered(), paid());

const data = <N extends 'InvoiceGenerated' | 'AllocateInvoiceNumber' | 'CreditNoteIssued'>(
  scene: InvoiceScene,
  type: N,
) => scene.emitted.filter((one: { type: string }) => one.type === type).map((one) => one.data as unknown as DataFor<N>);

describe('the invoice machine', () => {
  it('asks for a number of its year, and the tax rate (8.6: – → draft)', () => {
    const scene = draft();
    expect(scene.state).to.equal('draft');
    expect(scene.emitted).to.deep.equal([
      {
        type: 'AllocateInvoiceNumber',
        data: { invoiceId, documentId: invoiceId, series: 'invoice', year: 2026, taxRegion: 'US' },
      },
    ]);
  });

  it('is issued with its number, its tax and its total (8.6: draft → generated)', () => {
    const scene = generated();
    expect(scene.state).to.equal('generated');
    const [issued] = data(scene, 'InvoiceGenerated');
    expect(issued).to.deep.include({
      invoiceNumber: 'INV-2026-00482',
      status: 'generated',
      subtotal: usd(2999),
      tax: usd(240), // as in the catalogue's example
      total: usd(3239),
      invoiceDate: START,
      dueDate: due,
      billingPeriod: { start: due, end: day(38) },
    });
    expect(scene.timers.map(({ dueAt }) => dueAt)).to.deep.equal([day(8)]);
  });

  it('takes only its own number', () => {
    expect(draft().when(numbered('INV-2026-00001', id('other'))).ignored).to.deep.equal(['InvoiceNumberAllocated']);
    expect(generated().when(numbered('INV-2026-00483')).ignored).to.deep.equal(['InvoiceNumberAllocated']);
  });

  it('is due 14 days after its issue when it is no subscription’s (C-67)', () => {
    const oneOff = ask({ type: 'one_time', subscriptionId: null, planId: null, billingPeriod: null, dueDate: null });
    const scene = given(invoiceMachine, oneOff, numbered());
    expect(data(scene, 'InvoiceGenerated')[0]).to.deep.include({
      dueDate: day(14),
      billingPeriod: null,
      subscriptionId: null,
    });
    expect(scene.whenTimerFires().state).to.equal('overdue');
  });

  it('asks for nothing below zero, and adds up', () => {
    expect(() => ask({ lines: [line('plan', 10), line('discount', -11)] })).to.throw('an invoice asks for money');
    expect(() => ask({ lines: [{ ...line('plan', 10), total: usd(11) }] })).to.throw('quantity × unitPrice');
    expect(() => ask({ currency: 'EUR' })).to.throw('one currency');
  });

  it('is paid at once when there is nothing to pay', () => {
    const free = ask({ lines: [line('plan', 2999), line('creditUsed', -2999)] });
    const scene = given(invoiceMachine, free, numbered());
    expect(scene.state).to.equal('paid');
    expect(data(scene, 'InvoiceGenerated').map(({ status }) => status)).to.deep.equal(['generated', 'paid']);
  });

  it('takes one back that credit covers as long as nobody has paid anything (8.6: → cancelled)', () => {
    const free = ask({ lines: [line('plan', 2999), line('creditUsed', -2999)] });
    const scene = given(invoiceMachine, free, numbered(), voided());
    expect(scene.state).to.equal('cancelled');
    expect(scene.context).to.include({ paidAt: null, cancelReason: 'The subscription ended.' });
    expect(given(invoiceMachine, ask(), numbered(), paid(), voided()).state).to.equal('paid');
  });

  it('is sent once it was mailed (8.6: generated → sent)', () => {
    expect(sent().state).to.equal('sent');
    expect(sent().context.sentAt).to.equal(START);
    expect(sent().timers.map(({ dueAt }) => dueAt)).to.deep.equal([day(8)]);
    expect(sent().when(mailed()).ignored).to.deep.equal(['InvoiceSent']);
  });

  for (const [name, begin] of Object.entries({ generated, sent, overdue })) {
    it(`is paid by its whole amount, and says so (8.6: ${name} → paid)`, () => {
      const scene = begin().when(paid());
      expect(scene.state).to.equal('paid');
      expect(data(scene, 'InvoiceGenerated').map(({ status, total }) => [status, total])).to.deep.equal([
        ['paid', usd(3239)],
      ]);
      expect(scene.context).to.include({ paymentId, paidAt: due });
      expect(scene.timers).to.be.empty;
    });

    it(`is not paid by another amount (${name})`, () => {
      expect(begin().when(paid(usd(3238))).ignored).to.deep.equal(['PaymentProcessed']);
      expect(begin().when(paid({ amount: 3239, currency: 'EUR' })).ignored).to.deep.equal(['PaymentProcessed']);
    });

    it(`is void once it is cancelled, for good (8.6: ${name} → cancelled)`, () => {
      const scene = begin().when(voided());
      expect(scene.state).to.equal('cancelled');
      expect(scene.context).to.include({ number: 'INV-2026-00482', cancelReason: 'The subscription ended.' });
      expect(scene.timers).to.be.empty;
      expect(scene.when(paid(), mailed(), voided()).ignored).to.have.length(3);
    });

    it(`remembers that a charge failed (${name})`, () => {
      const scene = begin().when(refused());
      expect(scene.state).to.equal(name);
      expect(viewInvoice(name as InvoiceState, scene.context).graphql).to.equal('FAILED');
      expect(scene.when(paid()).context.lastChargeFailed).to.equal(false);
    });
  }

  it('is void when it is cancelled as a draft (8.6: draft → cancelled)', () => {
    expect(draft().when(voided()).state).to.equal('cancelled');
  });

  for (const [name, begin] of Object.entries({ generated, sent })) {
    it(`is overdue when its due day has passed (8.6: ${name} → overdue)`, () => {
      const scene = begin().whenTimerFires();
      expect(scene.state).to.equal('overdue');
      expect(scene.emitted).to.be.empty;
    });
  }

  it('is refunded once all the money went back, with a credit note (8.6: paid → refunded)', () => {
    const asked = settled().when(refunded('refund', 3239, true));
    expect(asked.state).to.equal('refunded');
    expect(data(asked, 'AllocateInvoiceNumber')).to.deep.equal([
      { invoiceId, documentId: id('refund'), series: 'creditNote', year: 2026, taxRegion: 'US' },
    ]);
    const scene = asked.when(numbered('CN-2026-00001', id('refund')));
    expect(data(scene, 'CreditNoteIssued')[0]).to.deep.include({
      creditNoteNumber: 'CN-2026-00001',
      invoiceNumber: 'INV-2026-00482',
      subtotal: usd(2999),
      tax: usd(240),
      total: usd(3239),
    });
    expect(scene.when(numbered('CN-2026-00002', id('refund'))).ignored).to.have.length(1);
  });

  it('stays paid while a part went back, with a credit note for each part', () => {
    const one = settled().when(refunded('one', 1000), numbered('CN-2026-00001', id('one')));
    expect(one.state).to.equal('paid');
    expect(one.when(refunded('one', 1000)).ignored).to.deep.equal(['RefundCompleted']);
    const both = one.when(refunded('two', 2239, true), numbered('CN-2026-00002', id('two')));
    expect(both.state).to.equal('refunded');
    const notes = both.context.creditNotes;
    expect(notes.map(({ number }) => number)).to.deep.equal(['CN-2026-00001', 'CN-2026-00002']);
    expect(notes.reduce((sum, { tax }) => sum + tax, 0)).to.equal(240);
    expect(notes.reduce((sum, { subtotal }) => sum + subtotal, 0)).to.equal(2999);
  });

  it('is not refunded by what goes back of another payment, such as a charge that was found when this one had paid', () => {
    const scene = settled().when(refunded('refund', 3239, true, id('an earlier payment')));
    expect(scene.ignored).to.deep.equal(['RefundCompleted']);
    expect(scene.state).to.equal('paid');
  });

  it('takes back no more than was paid, and nothing before', () => {
    expect(settled().when(refunded('refund', 3240)).ignored).to.deep.equal(['RefundCompleted']);
    expect(generated().when(refunded('refund', 3239)).ignored).to.deep.equal(['RefundCompleted']);
  });

  it('ignores what comes a second time, or too late', () => {
    expect(settled().when(paid(), refused(), voided(), mailed()).ignored).to.have.length(4);
    expect(settled().when(refunded('refund', 3239, true), paid(), voided()).ignored).to.have.length(2);
  });

  it('adds credit notes of any parts up to the invoice', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000_000 }),
        fc.integer({ min: 0, max: 3000 }),
        fc.array(fc.integer({ min: 1, max: 100_000 }), { maxLength: 6 }),
        (price, basisPoints, parts) => {
          const totals = totalsOf([{ total: usd(price) }], basisPoints);
          const within = parts.filter((_, n) => parts.slice(0, n + 1).reduce((a, b) => a + b, 0) <= totals.total);
          const rest = totals.total - within.reduce((a, b) => a + b, 0);
          const refunds = rest > 0 ? [...within, rest] : within;
          const notes = refunds.map((refund, n) =>
            creditOf(
              totals,
              refunds.slice(0, n).reduce((a, b) => a + b, 0),
              refund,
            ),
          );
          for (const note of notes) {
            expect(note.subtotal + note.tax).to.equal(note.total);
            expect(Math.min(note.subtotal, note.tax)).to.be.at.least(0);
          }
          expect(notes.reduce((sum, { tax }) => sum + tax, 0)).to.equal(totals.tax);
        },
      ),
    );
  });

  describe('in other words', () => {
    const views: Record<InvoiceState, [string, string]> = {
      draft: ['Draft', 'DRAFT'],
      generated: ['Sent', 'PENDING'],
      sent: ['Sent', 'PENDING'],
      overdue: ['Overdue', 'PENDING'],
      paid: ['Paid', 'PAID'],
      refunded: ['Paid', 'REFUNDED'],
      cancelled: ['Void', 'CANCELLED'],
    };
    for (const [state, [entity, graphql]] of Object.entries(views)) {
      it(`is ${entity} and ${graphql} when ${state} (C-24)`, () => {
        expect(viewInvoice(state as InvoiceState, { lastChargeFailed: false })).to.deep.equal({ entity, graphql });
      });
    }

    it('tells the status of its period (8.7)', () => {
      const status = (state: InvoiceState, lastChargeFailed = false) => periodStatus({ state, lastChargeFailed });
      expect(periodStatus(null)).to.equal('Active');
      expect(status('draft')).to.equal('Active');
      expect(status('generated')).to.equal('Billed');
      expect(status('sent')).to.equal('Billed');
      expect(status('sent', true)).to.equal('Unpaid');
      expect(status('overdue', true)).to.equal('PastDue');
      expect(status('paid')).to.equal('Paid');
      expect(status('refunded')).to.equal('Paid');
      expect(status('cancelled')).to.equal('Active');
      expect(status('cancelled', true)).to.equal('Unpaid');
    });
  });
});
