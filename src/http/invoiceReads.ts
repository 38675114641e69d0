import { type Kysely, sql } from 'kysely';
import type { InvoiceContext } from '../../machines/invoice/invoice.context.js';
import type { Database } from '../db/tables.js';
import { readCustomers } from '../services/customers/queries.js';
import { listActors, readActor } from './actorRows.js';
import { type Addressee, addresseeOf } from './addressee.js';
import { entityTag } from './etag.js';
import { invoicePage } from './invoicePage.js';
import { invoiceSchema } from './invoiceSchemas.js';
import { type StoredInvoice, viewInvoice } from './invoiceViews.js';
import { problem } from './problem.js';
import type { Answer, Call } from './route.js';

/** The answer of every route that shows one invoice. */
export const answersInvoice = {
  200: { description: 'The invoice as it is now.', schema: invoiceSchema, page: true, headers: ['ETag'] },
} as const;

/** @throws HttpProblem NOT_FOUND */
export async function readInvoice(db: Kysely<Database>, id: string): Promise<StoredInvoice> {
  const invoice = await readActor<InvoiceContext>(db, 'billing.invoices', id);
  if (!invoice) throw problem('NOT_FOUND', 'There is no such invoice.');
  return invoice;
}

/** The newest invoice of a subscription that is not void. */
export async function currentInvoice(db: Kysely<Database>, subscriptionId: string): Promise<StoredInvoice | undefined> {
  const standing = sql`subscription_id = ${subscriptionId} and state <> 'cancelled'`;
  const [invoice] = await listActors<InvoiceContext>(db, 'billing.invoices', standing, { limit: 1, after: null });
  return invoice;
}

/** Whom the documents of a customer are addressed to. */
export async function readAddressee(db: Kysely<Database>, customerId: string): Promise<Addressee> {
  const customer = (await readCustomers(db, [customerId])).get(customerId);
  return customer ? addresseeOf(customer) : { name: customerId, lines: [] };
}

/** Answers with an invoice, as a page for whoever wants one. */
export async function answerInvoice(
  db: Kysely<Database>,
  { wantsPage }: Pick<Call, 'wantsPage'>,
  invoice: StoredInvoice,
): Promise<Answer> {
  const view = viewInvoice(invoice);
  const headers = { ETag: entityTag(invoice.version) };
  if (!wantsPage) return { status: 200, headers, body: view };
  return { status: 200, headers, page: invoicePage(view, await readAddressee(db, view.customerId)) };
}
