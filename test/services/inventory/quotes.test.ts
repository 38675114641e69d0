import { expect } from 'chai';
import type { MessageData } from '../../../machines/index.js';
import { quotes } from '../../../src/services/inventory/quotes.js';
import { id, message } from '../../machines/given.js';
import { added, chair, dublin, lamp, mug, reno, Shop, wanted } from './shop.js';

describe('what a due delivery would cost', () => {
  let shop: Shop;
  before(async () => {
    shop = await Shop.open();
    await shop.db
      .insertInto('inventory.product_prices')
      .values([{ product_id: mug, currency: 'EUR', price_minor: 1_199 }])
      .execute();
    await shop.db.updateTable('inventory.products').set({ is_active: false }).where('product_id', '=', chair).execute();
    await shop.tell(added(mug, reno, 4), added(mug, dublin, 3), added(chair, reno, 5), wanted([[mug, 2]]));
  });
  after(() => shop.close());

  const ask = async (...questions: { currency: string; products: string[] }[]) => {
    const messages = questions.map(({ currency, products }, n) =>
      message('QuoteDelivery', {
        subscriptionId: id(`subscription ${n}`),
        orderId: id(`order ${n}`),
        currency,
        items: products.map((productId) => ({ productId, quantity: 2 })),
      }),
    );
    const answers = await shop.db.transaction().execute((trx) => quotes.handle(trx, messages));
    return answers.map(({ emit = [] }) => emit[0]?.data as MessageData<'DeliveryQuoted'>);
  };

  it('is the price of the day, and what can be had of everything that is sold', async () => {
    const [answer] = await ask({ currency: 'USD', products: [mug, lamp, chair, id('nothing')] });
    expect(answer).to.deep.equal({
      subscriptionId: id('subscription 0'),
      orderId: id('order 0'),
      quotes: [
        {
          productId: mug,
          sku: 'MUG',
          productName: 'Mug',
          unitPrice: { amount: 1_299, currency: 'USD' },
          available: 5,
        },
        {
          productId: lamp,
          sku: 'LAMP',
          productName: 'Lamp',
          unitPrice: { amount: 4_900, currency: 'USD' },
          available: 0,
        },
      ],
    });
  });

  it('is told to each in its own currency, without what is not sold in it', async () => {
    const [dollars, euros] = await ask(
      { currency: 'USD', products: [lamp] },
      { currency: 'EUR', products: [mug, lamp] },
    );
    expect(dollars?.quotes.map(({ unitPrice }) => unitPrice)).to.deep.equal([{ amount: 4_900, currency: 'USD' }]);
    expect(euros?.quotes.map(({ unitPrice }) => unitPrice)).to.deep.equal([{ amount: 1_199, currency: 'EUR' }]);
    expect(euros?.orderId).to.equal(id('order 1'));
  });
});
