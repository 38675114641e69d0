import { expect } from 'chai';
import { addresseeOf } from '../../src/http/addressee.js';
import { creditNotePage, invoicePage } from '../../src/http/invoicePage.js';
import type { CreditNoteView, InvoiceView } from '../../src/http/invoiceSchemas.js';

const usd = (amount: number) => ({ amount, currency: 'USD' });
const id = '0190aaaa-0000-7000-8000-000000000001';
const line = (kind: InvoiceView['lines'][number]['kind'], description: string, amount: number) => ({
  kind,
  description,
  quantity: 1,
  unitPrice: usd(amount),
  total: usd(amount),
});

const note: CreditNoteView = {
  id,
  number: 'CN-2026-00003',
  invoiceId: id,
  invoiceNumber: 'INV-2026-00482',
  customerId: id,
  subtotal: usd(1000),
  tax: usd(82),
  total: usd(1082),
  issuedAt: '2026-02-02T00:00:00.000Z',
};

const invoice = (change: Partial<InvoiceView> = {}): InvoiceView => ({
  id,
  number: 'INV-2026-00482',
  type: 'subscription',
  subscriptionId: id,
  customerId: id,
  planId: id,
  state: 'paid',
  status: 'PAID',
  currency: 'USD',
  lines: [line('unusedTime', 'Unused time on Pro Monthly', -1499), line('plan', 'Enterprise Annual', 49_900)],
  taxRegion: 'US-CA',
  taxBasisPoints: 820,
  subtotal: usd(48_401),
  tax: usd(3969),
  total: usd(52_370),
  refundedAmount: usd(0),
  billingPeriod: { start: '2026-01-31T10:00:00.000Z', end: '2027-01-31T10:00:00.000Z' },
  periodStatus: 'Paid',
  issuedAt: '2026-01-31T10:00:00.000Z',
  dueAt: '2026-01-31T10:00:00.000Z',
  sentAt: null,
  paidAt: '2026-02-01T23:59:59.000Z',
  paymentId: null,
  cancelReason: null,
  creditNotes: [],
  createdAt: '2026-01-31T10:00:00.000Z',
  updatedAt: '2026-01-31T10:00:00.000Z',
  version: 3,
  ...change,
});

const ada = addresseeOf({
  customerId: id,
  firstName: 'Ada',
  lastName: 'Byron',
  email: 'ada@example.com',
  phone: null,
  locale: null,
  preferredCurrency: null,
  address: { street: '1 Market St', city: 'San Francisco', state: 'CA', postalCode: '94105', country: 'US' },
  dateRegistered: '2026-01-01T00:00:00.000Z',
  isLocked: false,
  clockId: null,
});

/** What a page says, tag by tag. */
const words = (page: string): string[] =>
  page
    .slice(page.indexOf('<body>'))
    .replace(/<[^>]*>/g, '\n')
    .split('\n')
    .map((word) => word.trim())
    .filter(Boolean);

describe('the page of an invoice', () => {
  it('says who owes what, for which days, and that it is paid', () => {
    const said = words(invoicePage(invoice(), ada));
    expect(said).to.include.members(['Invoice', 'INV-2026-00482', 'Ada Byron', '1 Market St', 'United States']);
    expect(said).to.include('San Francisco, CA 94105');
    expect(said).to.include('January 31, 2026 – January 30, 2027');
    expect(said).to.include('Paid on February 1, 2026');
    expect(said).to.include.members(['Unused time on Pro Monthly', '−$14.99', 'Enterprise Annual', '$499.00']);
    expect(said.slice(-6)).to.deep.equal(['Subtotal', '$484.01', 'Tax US-CA (8.2 %)', '$39.69', 'Total', '$523.70']);
  });

  it('says what became of one that is not paid', () => {
    const stamp = (change: Partial<InvoiceView>) => words(invoicePage(invoice({ paidAt: null, ...change }), ada));
    expect(stamp({ state: 'sent', status: 'PENDING' })).to.include('Due January 31, 2026');
    expect(stamp({ state: 'sent', status: 'FAILED' })).to.include('The last charge failed; due January 31, 2026');
    expect(stamp({ state: 'overdue', status: 'PENDING' })).to.include('Overdue since January 31, 2026');
    expect(stamp({ state: 'cancelled', status: 'CANCELLED' })).to.include('Void: nothing is to be paid');
    expect(stamp({ state: 'draft', status: 'DRAFT', number: null })).to.include('without a number yet');
  });

  it('says why nothing is to be paid when what is left is too little to charge', () => {
    const lines = [line('remainingTime', 'Remaining time on Team', 12), line('waived', 'Waived', -12)];
    const said = words(invoicePage(invoice({ lines, subtotal: usd(0), tax: usd(0), total: usd(0) }), ada));
    expect(said).to.include('−$0.12');
    expect(said.at(-1)).to.equal(
      'Only $0.12 before tax would be left to pay. That is too little to charge: we waive it, and you pay nothing.',
    );
  });

  it('names the credit notes that were written for it', () => {
    const said = words(invoicePage(invoice({ creditNotes: [note] }), ada));
    expect(said.at(-1)).to.equal('Credit note CN-2026-00003 of February 2, 2026: $10.82 went back.');
  });

  it('shows what people write as text, never as markup', () => {
    const hostile = { ...ada, name: '<script>alert("1")</script>' };
    const page = invoicePage(invoice({ lines: [line('plan', `<img src=x onerror='1'> & more`, 1)] }), hostile);
    expect(page).not.to.match(/<script|<img/);
    expect(page).to.contain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    expect(page).to.contain('&lt;img src=x onerror=&#39;1&#39;&gt; &amp; more');
  });

  it('runs and loads nothing, as the content security policy wants', () => {
    const page = invoicePage(invoice(), ada);
    expect(page).not.to.match(/<script|src=|@import|url\(|https?:/);
  });
});

describe('the page of a credit note', () => {
  it('says what went back, and for which invoice', () => {
    const said = words(creditNotePage(note, ada));
    expect(said).to.include.members(['Credit note', 'CN-2026-00003', 'For invoice', 'INV-2026-00482', 'Ada Byron']);
    expect(said.slice(-6)).to.deep.equal(['Subtotal', '$10.00', 'Tax', '$0.82', 'Refunded', '$10.82']);
  });
});
