import { seededProducts } from '../../../scripts/seed/catalogue.js';
import { seededPlans } from '../../../scripts/seed/plans.js';

const [monthly, annual] = seededPlans;

/** A seeded plan as a subscription takes it. */
const takenFrom = ({ trialDays: _, ...plan }: (typeof seededPlans)[number]) => ({ ...plan, price: { ...plan.price } });

export const proMonthly = takenFrom(monthly);
export const enterpriseAnnual = takenFrom(annual);

/** A payment method by the name of its test card. */
export const card = (name: string) => ({ type: 'card', token: `pm_card_${name}` }) as const;

/** A product of the seeded catalogue by its SKU. */
export function product(sku: string): (typeof seededProducts)[number] {
  const found = seededProducts.find((one) => one.sku === sku);
  if (!found) throw new Error(`nothing is seeded as ${sku}`);
  return found;
}

const usd = (amount: number) => ({ amount, currency: 'USD' });

/** Products that come again and again, at today's prices, each with how many of it; every month, at 10 % off, to Portland. */
export const deliveryOf = (quantities: Readonly<Record<string, number>>, country = 'US') =>
  ({
    kind: 'delivery',
    delivery: {
      items: Object.entries(quantities).map(([sku, quantity]) => {
        const { id: productId, prices } = product(sku);
        return { productId, quantity, agreedUnitPrice: usd(prices.USD) };
      }),
      percentOff: 10,
      currency: 'USD',
      billingCycle: 'monthly',
      intervalCount: 1,
      shippingAddress: { street: '42 Marzipan Mews', city: 'Portland', state: 'OR', postalCode: '97209', country },
      shippingMethod: 'standard',
    },
  }) as const;
