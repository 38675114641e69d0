import { z } from 'zod';
import { type CommandPort, send } from './command.js';
import { creditNotePage } from './invoicePage.js';
import { answerInvoice, answersInvoice, readAddressee, readInvoice } from './invoiceReads.js';
import { creditNoteSchema, invoiceSchema } from './invoiceSchemas.js';
import { type StoredInvoice, viewCreditNote, viewInvoice } from './invoiceViews.js';
import { problem } from './problem.js';
import { type Route, route } from './route.js';
import { moneySchema, reasonText, uuidSchema } from './schemas.js';

const params = z.strictObject({ invoiceId: uuidSchema });

/** `/v1/invoices`. */
export const invoiceRoutes = (deps: CommandPort): Route[] => [getRoute(deps), creditNoteRoute(deps), refundRoute(deps)];

const getRoute = ({ db }: CommandPort): Route =>
  route(
    {
      method: 'get',
      path: '/v1/invoices/{invoiceId}',
      operationId: 'getInvoice',
      tag: 'Billing',
      scope: 'billing:read',
      summary: 'Read an invoice, or print it',
      params,
      responses: answersInvoice,
      problems: ['NOT_FOUND'],
    },
    async (call) => answerInvoice(db, call, await readInvoice(db, call.params.invoiceId)),
  );

const creditNoteRoute = ({ db }: CommandPort): Route =>
  route(
    {
      method: 'get',
      path: '/v1/invoices/{invoiceId}/credit-notes/{creditNoteId}',
      operationId: 'getCreditNote',
      tag: 'Billing',
      scope: 'billing:read',
      summary: 'Read a credit note, or print it',
      params: z.strictObject({ invoiceId: uuidSchema, creditNoteId: uuidSchema }),
      responses: { 200: { description: 'The credit note.', schema: creditNoteSchema, page: true } },
      problems: ['NOT_FOUND'],
    },
    async ({ params: { invoiceId, creditNoteId }, wantsPage }) => {
      const { context } = await readInvoice(db, invoiceId);
      const note = context.creditNotes.find((one) => one.creditNoteId === creditNoteId);
      if (!note) throw problem('NOT_FOUND', 'There is no such credit note.');
      const view = viewCreditNote(context, note);
      if (!wantsPage) return { status: 200, body: view };
      return { status: 200, page: creditNotePage(view, await readAddressee(db, view.customerId)) };
    },
  );

const refundRoute = (deps: CommandPort): Route =>
  route(
    {
      method: 'post',
      path: '/v1/invoices/{invoiceId}/refund',
      operationId: 'refundInvoice',
      tag: 'Billing',
      scope: 'billing:staff',
      summary: 'Send the money of a paid invoice back, or a part of it (for staff)',
      description: 'A credit note is written once the money went back; `Location` says where it will be.',
      params,
      body: z
        .strictObject({
          amount: moneySchema.optional().meta({ description: 'With tax; all that is left when absent.' }),
          reason: reasonText,
        })
        .meta({ id: 'RefundInvoice' }),
      example: { reason: 'A month of outages.' },
      responses: { 202: { description: 'The refund is on its way.', schema: invoiceSchema, headers: ['Location'] } },
      problems: ['NOT_FOUND', 'CONFLICT_ERROR'],
    },
    async (call) => {
      const invoice = await readInvoice(deps.db, call.params.invoiceId);
      const { reason, amount = leftOf(invoice) } = call.body;
      const { paymentId } = invoice.context;
      if (!paymentId) {
        throw problem('CONFLICT_ERROR', 'Nothing was paid for this invoice.', { currentState: invoice.state });
      }
      const refundId = call.resourceId;
      const refund = { paymentId, refundId, amount, reason, requestedBy: call.principal.role };
      await send(deps, call, paymentId, 'RefundPayment', refund, 'No more can go back than was paid.');
      const Location = `/v1/invoices/${invoice.id}/credit-notes/${refundId}`;
      return { status: 202, headers: { Location }, body: viewInvoice(await readInvoice(deps.db, invoice.id)) };
    },
  );

const leftOf = ({ context: { total, refunded, currency } }: StoredInvoice) => ({ amount: total - refunded, currency });
