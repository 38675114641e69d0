import type { MessageData } from '../../machines/index.js';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import { taxRateOf } from '../../machines/shared/taxRates.js';
import type { MemoryHandler } from './world.js';

/** The number series in memory: one per year and kind of document, without gaps. */
export class BillingOffice implements MemoryHandler {
  readonly kind = 'handler';
  /** Every number that was given, in order. */
  readonly given: string[] = [];
  readonly #last = new Map<string, number>();

  handle({ data }: Received): readonly Outgoing[] {
    const { invoiceId, documentId, series, year, taxRegion } = data as MessageData<'AllocateInvoiceNumber'>;
    const name = `${series === 'invoice' ? 'INV' : 'CN'}-${year}`;
    const next = (this.#last.get(name) ?? 0) + 1;
    this.#last.set(name, next);
    const number = `${name}-${String(next).padStart(5, '0')}`;
    this.given.push(number);
    const taxBasisPoints = taxRateOf(taxRegion) ?? 0;
    return [{ type: 'InvoiceNumberAllocated', data: { invoiceId, documentId, series, number, taxBasisPoints } }];
  }
}
