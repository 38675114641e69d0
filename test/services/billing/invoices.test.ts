import { expect } from 'chai';
import { sql } from 'kysely';
import type { MessageData } from '../../../machines/index.js';
import type { InvoiceContext } from '../../../machines/invoice/invoice.context.js';
import { eventually } from '../../support/eventually.js';
import { Desk, newId, type Stored } from '../subscriptions/desk.js';

describe('an invoice on the engine, with every message delivered twice', function () {
  this.timeout(60_000);
  let desk: Desk;
  before(async () => {
    desk = await Desk.open();
    await desk.deliverTwice();
  });
  after(() => desk?.close());

  const usd = (amount: number) => ({ amount, currency: 'USD' });
  const order = (change: Partial<MessageData<'GenerateInvoice'>> = {}): MessageData<'GenerateInvoice'> => ({
    invoiceId: newId(),
    type: 'one_time',
    subscriptionId: null,
    customerId: newId(),
    planId: null,
    currency: 'USD',
    lines: [{ kind: 'oneTime', description: 'Onboarding', quantity: 2, unitPrice: usd(3_499), total: usd(6_998) }],
    taxRegion: 'US',
    billingPeriod: null,
    dueDate: null,
    ...change,
  });
  const invoice = async (id: string): Promise<Stored<InvoiceContext> | undefined> => {
    const { rows } = await sql<Stored<InvoiceContext>>`
      select id, state, snapshot -> 'context' as context from billing.invoices where id = ${id}`.execute(desk.db);
    return rows[0];
  };
  const issued = async (clock: string | null = null, change: Partial<MessageData<'GenerateInvoice'>> = {}) => {
    const wanted = order({ customerId: await desk.customer(), ...change });
    await desk.tell('GenerateInvoice', wanted, clock);
    await desk.quiet();
    return wanted.invoiceId;
  };

  it('is numbered, taxed and mailed, and then it is sent (8.6)', async () => {
    const found = await invoice(await issued());
    expect(found?.state).to.equal('sent');
    expect(found?.context).to.include({ subtotal: 6_998, tax: 560, total: 7_558 });
    expect(found?.context.sentAt).to.be.a('string');
  });

  it('is overdue the day after its due day, two weeks after its issue (C-67)', async () => {
    const clock = await desk.clock('2026-03-01T00:00:00.000Z');
    const id = await issued(clock);
    await desk.advance(clock, { by: 'P14D' });
    expect((await invoice(id))?.state).to.equal('sent');
    await desk.advance(clock, { by: 'P1D' });
    expect((await invoice(id))?.state).to.equal('overdue');
  });

  it('keeps its number when it is cancelled', async () => {
    const id = await issued();
    await desk.tell('CancelInvoice', { invoiceId: id, reason: 'A mistake.' });
    await desk.quiet();
    expect(await invoice(id)).to.have.property('state', 'cancelled');
    expect((await invoice(id))?.context.number).to.match(/^INV-/);
  });

  it('has a credit note, with a number of its own, for each part of a refund (8.6)', async () => {
    const subscription = await desk.subscribe();
    await desk.in(subscription, 'active.current');
    await desk.quiet();
    const [{ id, context } = { id: '', context: null }] = await desk.invoices(subscription);
    const refund = async (amount: number) => {
      const paymentId = context?.paymentId ?? '';
      const data = { paymentId, refundId: newId(), amount: usd(amount), reason: 'Goodwill.', requestedBy: 'support' };
      await desk.tell('RefundPayment', data);
      await eventually(`${amount} went back`, async () => {
        const notes = (await invoice(id))?.context.creditNotes ?? [];
        return notes.some((note) => note.total === amount && note.number !== null);
      });
    };
    await refund(1_000);
    await refund(2_239);
    const refunded = await invoice(id);
    expect(refunded?.state).to.equal('refunded');
    const notes = refunded?.context.creditNotes ?? [];
    expect(notes.map(({ subtotal, tax, total }) => [subtotal, tax, total])).to.deep.equal([
      [926, 74, 1_000],
      [2_073, 166, 2_239],
    ]);
    const sequence = notes.map(({ number }) => Number(number?.slice(-5)));
    expect(sequence).to.deep.equal([1, 2]);
    await desk.quiet();
    expect((await desk.told(subscription)).filter((template) => template === 'credit_note')).to.have.length(2);
    expect(desk.taken(subscription)).to.deep.equal({ charges: 1, net: 0 });
  });

  it('is one of many that are issued at once: the year’s numbers have no gap and no double', async () => {
    const customerId = await desk.customer();
    await Promise.all(Array.from({ length: 80 }, () => desk.tell('GenerateInvoice', order({ customerId }))));
    await desk.quiet();
    const { rows } = await sql<{ year: string; count: number; last: number; first: number }>`
      select split_part(invoice_number, '-', 2) as year, count(*)::int as count, min(split_part(invoice_number, '-', 3)::int) as first,
        max(split_part(invoice_number, '-', 3)::int) as last
      from billing.invoices group by 1 having count(*) >= 80`.execute(desk.db);
    expect(rows).to.have.length(1);
    expect(rows.map(({ first, last, count }) => [first, last - count])).to.deep.equal([[1, 0]]);
  });
});
