import { z } from 'zod';
import { command, event, privateEvent } from '../shared/message.js';
import { currencyCode, instant, money, uuid } from '../shared/values.js';

/** A half-open period, `start` within it and `end` not (C-26). */
export const billingPeriod = z.strictObject({ start: instant, end: instant });

/** One line of an invoice, before tax; what goes back to the customer is below zero. */
export const invoiceLine = z
  .strictObject({
    kind: z.enum(['plan', 'discount', 'unusedTime', 'remainingTime', 'creditUsed', 'creditKept', 'waived', 'oneTime']),
    description: z.string().min(1).max(200),
    quantity: z.int().min(1),
    unitPrice: money,
    total: money,
  })
  .refine(
    ({ quantity, unitPrice, total }) => total.amount === quantity * unitPrice.amount,
    'total is quantity × unitPrice',
  );
export type InvoiceLine = z.infer<typeof invoiceLine>;

const invoiceType = z.enum(['subscription', 'one_time']);

/** An ISO 3166 country, with a subdivision where the tax differs: `US`, `US-CA`. */
export const taxRegion = z.string().regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/, 'a region such as US or US-CA');

const series = z.enum(['invoice', 'creditNote']);

const parties = { subscriptionId: uuid.nullable(), customerId: uuid, planId: uuid.nullable() };

/** Messages of the Billing service about invoices (domain.md 2.11). */
export const invoiceMessages = {
  GenerateInvoice: command(
    '1.0.0',
    'Issue an invoice over priced lines; tax is added when its number is allocated.',
    z
      .strictObject({
        invoiceId: uuid,
        type: invoiceType,
        ...parties,
        currency: currencyCode,
        lines: z.array(invoiceLine).min(1),
        taxRegion,
        billingPeriod: billingPeriod.nullable(),
        /** Null: 14 days after the issue, as one-off charges are due (C-67). */
        dueDate: instant.nullable(),
      })
      .refine(
        ({ lines, currency }) =>
          lines.every((line) => line.unitPrice.currency === currency && line.total.currency === currency),
        'one invoice has one currency',
      )
      .refine(({ lines }) => lines.reduce((sum, { total }) => sum + total.amount, 0) >= 0, 'an invoice asks for money'),
  ),
  AllocateInvoiceNumber: command(
    '1.0.0',
    'Take the next number of a year’s series, which has no gaps, and say the tax rate in force.',
    z.strictObject({
      invoiceId: uuid,
      /** The invoice itself, or its credit note. */
      documentId: uuid,
      series,
      year: z.int().min(2000).max(9999),
      taxRegion,
    }),
  ),
  InvoiceNumberAllocated: privateEvent(
    '1.0.0',
    'A document has its number for good, even when it is cancelled later.',
    z.strictObject({
      invoiceId: uuid,
      documentId: uuid,
      series,
      number: z.string().min(1).max(40),
      /** 1/100 of a percent of the subtotal. */
      taxBasisPoints: z.int().min(0).max(10_000),
    }),
  ),
  CancelInvoice: command(
    '1.0.0',
    'Void an invoice that is not paid: nothing is owed for it any more.',
    z.strictObject({ invoiceId: uuid, reason: z.string().min(1).max(200) }),
  ),
  InvoiceSent: privateEvent(
    '1.0.0',
    'An invoice was mailed to its customer.',
    z.strictObject({ invoiceId: uuid, sentAt: instant }),
  ),
  InvoiceGenerated: event(
    '1.0.0',
    'An invoice was issued (status generated), and again when it was paid (C-23); consumers tell the two by status.',
    z.strictObject({
      invoiceId: uuid,
      invoiceNumber: z.string(),
      type: invoiceType,
      ...parties,
      invoiceDate: instant,
      dueDate: instant,
      status: z.enum(['generated', 'sent', 'paid', 'overdue', 'cancelled']),
      lineItems: z.array(invoiceLine),
      subtotal: money,
      tax: money,
      total: money,
      currency: currencyCode,
      billingPeriod: billingPeriod.nullable(),
    }),
  ),
  CreditNoteIssued: privateEvent(
    '1.0.0',
    'A refund of a paid invoice was put in writing.',
    z.strictObject({
      creditNoteId: uuid,
      creditNoteNumber: z.string(),
      invoiceId: uuid,
      invoiceNumber: z.string(),
      subscriptionId: uuid.nullable(),
      customerId: uuid,
      subtotal: money,
      tax: money,
      total: money,
      issuedAt: instant,
    }),
  ),
};
