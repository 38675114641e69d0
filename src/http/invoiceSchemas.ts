import { z } from 'zod';
import { billingPeriod, invoiceLine } from '../../machines/invoice/invoice.messages.js';
import { currencySchema, instantSchema, moneySchema, uuidSchema } from './schemas.js';

export const periodSchema = billingPeriod.meta({
  id: 'Period',
  description: 'Half-open: `start` belongs to it, `end` to the next one.',
});

export const invoiceLineSchema = invoiceLine.meta({
  id: 'InvoiceLine',
  description: 'One line, before tax; what goes back to the customer is below zero.',
});

const amounts = { subtotal: moneySchema, tax: moneySchema, total: moneySchema };

/** A refund in writing, as clients see it. */
export const creditNoteSchema = z
  .strictObject({
    id: uuidSchema.meta({ description: 'The id of the refund.' }),
    number: z.string().nullable().meta({ description: 'Null for the moment that numbering takes.' }),
    invoiceId: uuidSchema,
    invoiceNumber: z.string().nullable(),
    customerId: uuidSchema,
    ...amounts,
    issuedAt: instantSchema,
  })
  .meta({ id: 'CreditNote' });

/** An invoice as clients see it. */
export const invoiceSchema = z
  .strictObject({
    id: uuidSchema,
    number: z.string().nullable().meta({ description: 'Without gaps in a year; null while it is a draft.' }),
    type: z.enum(['subscription', 'one_time']),
    subscriptionId: uuidSchema.nullable(),
    customerId: uuidSchema,
    planId: uuidSchema.nullable(),
    state: z.enum(['draft', 'generated', 'sent', 'overdue', 'paid', 'refunded', 'cancelled']),
    status: z.enum(['DRAFT', 'PENDING', 'PAID', 'FAILED', 'CANCELLED', 'REFUNDED']).meta({
      description: '`FAILED` is an open invoice whose last charge failed.',
    }),
    currency: currencySchema,
    lines: z.array(invoiceLineSchema),
    taxRegion: z.string(),
    taxBasisPoints: z.int().meta({ description: 'The tax rate in 1/100 of a percent.' }),
    ...amounts,
    refundedAmount: moneySchema,
    billingPeriod: periodSchema.nullable(),
    periodStatus: z.enum(['Active', 'Billed', 'Paid', 'Unpaid', 'PastDue']),
    issuedAt: instantSchema,
    dueAt: instantSchema,
    sentAt: instantSchema.nullable(),
    paidAt: instantSchema.nullable(),
    paymentId: uuidSchema.nullable(),
    cancelReason: z.string().nullable(),
    creditNotes: z.array(creditNoteSchema),
    createdAt: instantSchema,
    updatedAt: instantSchema,
    version: z.int(),
  })
  .meta({ id: 'Invoice' });

export type InvoiceView = z.output<typeof invoiceSchema>;
export type CreditNoteView = z.output<typeof creditNoteSchema>;
