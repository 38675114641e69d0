import { expect } from 'chai';
import fc from 'fast-check';
import type { DomainError } from '../../../src/runtime/errors.js';
import { type Line, maxOrderTotal, priceOrder } from '../../../src/services/orders/pricing.js';

const productId = '0190aaaa-0000-7000-8000-000000000001';
const berlin = { street: 'Torstraße 1', city: 'Berlin', postalCode: '10119', country: 'DE' };
const sanFrancisco = { street: '1 Market St', city: 'San Francisco', state: 'CA', postalCode: '94105', country: 'US' };

const line = (amount: number, quantity = 1, currency = 'USD'): Line => ({
  productId,
  sku: 'MUG-1',
  productName: 'Mug',
  unitPrice: { amount, currency },
  quantity,
});

const price = (lines: readonly Line[], change: Partial<Parameters<typeof priceOrder>[0]> = {}) =>
  priceOrder({ lines, currency: 'USD', destination: sanFrancisco, shippingMethod: 'standard', ...change });

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as DomainError).code;
  }
  return 'none';
};

describe('the price of an order', () => {
  it('is goods, tax at the destination and delivery, in integers (G-16, R-57)', () => {
    const quote = price([line(1999, 2), line(350)]);
    expect(quote).to.deep.include({
      subtotal: { amount: 4348, currency: 'USD' },
      tax: { amount: 357, currency: 'USD' },
      shipping: { amount: 499, currency: 'USD' },
      discount: { amount: 0, currency: 'USD' },
      totalAmount: { amount: 5204, currency: 'USD' },
    });
    expect(quote.items.map(({ totalPrice }) => totalPrice.amount)).to.deep.equal([3998, 350]);
  });

  it('takes the rate of the country where the region has none of its own (R-57)', () => {
    const euros = { currency: 'EUR', destination: berlin };
    expect(price([line(10_000, 1, 'EUR')], euros).tax.amount).to.equal(1900);
    expect(price([line(10_000)], { destination: { ...sanFrancisco, state: 'TX' } }).tax.amount).to.equal(800);
    expect(price([line(10_000)], { destination: { ...sanFrancisco, state: ' ny ' } }).tax.amount).to.equal(890);
  });

  it('rounds tax half up', () => {
    const texas = { destination: { ...sanFrancisco, state: 'TX' } };
    expect(price([line(6)], texas).tax.amount).to.equal(0);
    expect(price([line(7)], texas).tax.amount).to.equal(1);
    expect(
      price([line(25, 1, 'EUR')], { currency: 'EUR', destination: { ...berlin, country: 'ES' } }).tax.amount,
    ).to.equal(5);
    expect(
      price([line(50, 1, 'EUR')], { currency: 'EUR', destination: { ...berlin, country: 'ES' } }).tax.amount,
    ).to.equal(11);
  });

  it('counts yen in whole yen (R-90)', () => {
    const tokyo = { street: '1-1 Marunouchi', city: 'Tokyo', postalCode: '100-0005', country: 'JP' };
    const quote = price([line(1980, 1, 'JPY')], { currency: 'JPY', destination: tokyo });
    expect(quote.tax.amount).to.equal(198);
    expect(quote.shipping.amount).to.equal(600);
  });

  it('delivers free of charge from a threshold on, but not by express', () => {
    expect(price([line(5000)]).shipping.amount).to.equal(0);
    expect(price([line(4999)]).shipping.amount).to.equal(499);
    expect(price([line(5000)], { shippingMethod: 'express' }).shipping.amount).to.equal(1499);
  });

  it('is refused where FlowMart does not deliver or sell (G-15)', () => {
    expect(codeOf(() => price([line(100)], { destination: { ...berlin, country: 'AQ' } }))).to.equal(
      'UNSUPPORTED_COUNTRY',
    );
    expect(codeOf(() => price([line(100, 1, 'CHF')], { currency: 'CHF' }))).to.equal('UNSUPPORTED_CURRENCY');
    expect(codeOf(() => price([line(100, 1, 'EUR')]))).to.equal('UNSUPPORTED_CURRENCY');
    expect(codeOf(() => price([line(100)], { destination: { ...berlin, country: 'constructor' } }))).to.equal(
      'UNSUPPORTED_COUNTRY',
    );
  });

  it('is refused when it is more than a card can be charged at once', () => {
    expect(codeOf(() => price([line(maxOrderTotal)]))).to.equal('ORDER_TOO_LARGE');
    expect(codeOf(() => price([line(Number.MAX_SAFE_INTEGER, 1000)]))).to.equal('ORDER_TOO_LARGE');
  });

  it('always adds up to the unit', () => {
    const lines = fc.array(
      fc.record({ amount: fc.integer({ min: 0, max: 90_000 }), quantity: fc.integer({ min: 1, max: 10 }) }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(lines, fc.constantFrom('standard', 'express'), (given, shippingMethod) => {
        const quote = price(
          given.map(({ amount, quantity }) => line(amount, quantity)),
          { shippingMethod },
        );
        const goods = given.reduce((sum, { amount, quantity }) => sum + BigInt(amount) * BigInt(quantity), 0n);
        expect(BigInt(quote.subtotal.amount)).to.equal(goods);
        expect(BigInt(quote.tax.amount)).to.equal((goods * 820n + 5_000n) / 10_000n);
        expect(quote.totalAmount.amount).to.equal(quote.subtotal.amount + quote.tax.amount + quote.shipping.amount);
      }),
    );
  });
});
