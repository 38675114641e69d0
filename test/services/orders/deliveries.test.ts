import { expect } from 'chai';
import type { MessageData } from '../../../machines/index.js';
import { addsUp } from '../../../machines/order/order.rules.js';
import type { Trx } from '../../../src/runtime/ports.js';
import { deliveries } from '../../../src/services/orders/deliveries.js';
import { id, message } from '../../machines/given.js';

const usd = (amount: number) => ({ amount, currency: 'USD' });
const beans = { productId: id('beans'), sku: 'BEANS', productName: 'Beans' };
const berkeley = { street: '1 Shattuck Ave', city: 'Berkeley', state: 'CA', postalCode: '94704', country: 'US' };
// Pricing asks the database for nothing.
const nowhere = {} as Trx;

const wish = (change: Partial<MessageData<'PlaceSubscriptionOrder'>> = {}) =>
  message('PlaceSubscriptionOrder', {
    subscriptionId: id('subscription'),
    orderId: id('order'),
    customerId: id('customer'),
    items: [{ ...beans, quantity: 2, unitPrice: usd(2_500), totalPrice: usd(5_000) }],
    subtotal: usd(5_000),
    discount: usd(500),
    shippingAddress: berkeley,
    shippingMethod: 'standard',
    paymentMethod: { type: 'card', token: 'pm_card_visa' },
    checkout: { previousOrders: 2, customerSince: null },
    ...change,
  });
const place = async (asked = wish()) => {
  const [handled] = await deliveries.handle(nowhere, [asked]);
  return handled?.emit?.[0];
};

describe('the order of a due delivery', () => {
  it('is an ordinary one: numbered, its parts add up, and it names its subscription', async () => {
    const placed = await place();
    expect(placed?.type).to.equal('PlaceOrder');
    const order = placed?.data as MessageData<'PlaceOrder'>;
    expect(order).to.include({ orderId: id('order'), subscriptionId: id('subscription') });
    expect(order.orderNumber).to.match(/^ORD-/);
    expect(addsUp(order)).to.equal(true);
  });

  it('has tax and shipping on what the goods cost after the discount', async () => {
    const order = (await place())?.data as MessageData<'PlaceOrder'>;
    expect([order.discount, order.tax, order.shipping, order.totalAmount]).to.deep.equal([
      usd(500),
      usd(369), // 8.2 % of 45.00
      usd(499), // below 50.00
      usd(4_500 + 369 + 499),
    ]);
  });

  it('is not placed where FlowMart does not deliver, and the subscription hears why', async () => {
    const refused = await place(wish({ shippingAddress: { ...berkeley, country: 'AQ' } }));
    expect(refused).to.deep.equal({
      type: 'SubscriptionOrderRefused',
      data: {
        subscriptionId: id('subscription'),
        orderId: id('order'),
        failureMessage: 'FlowMart does not deliver to AQ.',
      },
    });
  });
});
