/** What the shop sells at first. Prices are minor units; stock is one number of units per warehouse, in their order below. */
interface SeededProduct {
  id: string;
  sku: string;
  name: string;
  description: string;
  category: string;
  weightG: number;
  prices: { USD: number; EUR: number; GBP: number };
  stock: readonly [reno: number, louisville: number, rotterdam: number];
}

// Fixed ids: seeding again finds what is there, and the README can name them.
const id = (kind: number, number: number) => `01900000-0000-7000-8000-${kind}${String(number).padStart(11, '0')}`;

export const seededWarehouses = [
  {
    id: id(2, 1),
    code: 'RNO',
    name: 'Reno',
    region: 'us-west',
    country: 'US',
    lat: 39.5296,
    lon: -119.8138,
    capacity: 200_000,
  },
  {
    id: id(2, 2),
    code: 'SDF',
    name: 'Louisville',
    region: 'us-east',
    country: 'US',
    lat: 38.2527,
    lon: -85.7585,
    capacity: 200_000,
  },
  {
    id: id(2, 3),
    code: 'RTM',
    name: 'Rotterdam',
    region: 'eu-west',
    country: 'NL',
    lat: 51.9244,
    lon: 4.4777,
    capacity: 150_000,
  },
] as const;

export const seededProducts = [
  product(
    1,
    'COF-BEAN-1KG',
    'House espresso beans, 1 kg',
    'Medium roast from Huila and Sidamo.',
    'food',
    1050,
    [2499, 2390, 1999],
    [4000, 4000, 3000],
  ),
  product(
    2,
    'MUG-STONE-35',
    'Stoneware mug, 350 ml',
    'Hand glazed, fit for the dishwasher.',
    'kitchen',
    420,
    [1499, 1390, 1190],
    [3000, 2500, 2500],
  ),
  product(
    3,
    'GRD-HAND-01',
    'Hand coffee grinder',
    'Steel burrs, 36 settings.',
    'kitchen',
    680,
    [7900, 7490, 6490],
    [800, 700, 600],
  ),
  product(
    4,
    'KET-GOOSE-09',
    'Gooseneck kettle, 0.9 l',
    'Holds its temperature for an hour.',
    'kitchen',
    1250,
    [8900, 8490, 7290],
    [500, 500, 400],
  ),
  product(
    5,
    'BAG-ROLL-28',
    'Roll-top backpack, 28 l',
    'Waxed canvas, padded for a 16-inch laptop.',
    'bags',
    1100,
    [12900, 11900, 9990],
    [400, 400, 300],
  ),
  product(
    6,
    'LMP-DESK-02',
    'Desk lamp',
    'Warm to neutral white, dimmable.',
    'home',
    1900,
    [9400, 8990, 7690],
    [350, 300, 250],
  ),
  product(
    7,
    'HPH-OVER-05',
    'Over-ear headphones',
    'Quiet on trains, 40 hours a charge.',
    'electronics',
    310,
    [24900, 22900, 19900],
    [300, 300, 200],
  ),
  product(
    8,
    'KBD-MECH-87',
    'Mechanical keyboard, 87 keys',
    'Hot-swappable switches.',
    'electronics',
    980,
    [13900, 12900, 10900],
    [400, 350, 300],
  ),
  product(
    9,
    'CAM-FULL-24',
    'Full-frame camera, 24 MP',
    'Body only.',
    'electronics',
    660,
    [189900, 179900, 154900],
    [40, 40, 30],
  ),
  product(
    10,
    'NBK-DOT-A5',
    'Dotted notebook, A5',
    '192 numbered pages that lie flat.',
    'stationery',
    380,
    [1890, 1790, 1490],
    [5000, 5000, 4000],
  ),
  product(
    11,
    'PEN-FTN-M',
    'Fountain pen, medium nib',
    'With a converter and two cartridges.',
    'stationery',
    45,
    [3450, 3290, 2790],
    [900, 800, 700],
  ),
  product(
    12,
    'PLT-MONST-17',
    'Monstera in a 17 cm pot',
    'From the nursery next to the Rotterdam warehouse.',
    'home',
    2600,
    [3990, 2990, 2690],
    [0, 0, 120],
  ),
  product(13, 'YGA-MAT-5', 'Yoga mat, 5 mm', 'Natural rubber.', 'sport', 2300, [6900, 6490, 5490], [600, 600, 500]),
  product(
    14,
    'BTL-INS-075',
    'Insulated bottle, 0.75 l',
    'Cold for a day, hot for half of one.',
    'sport',
    360,
    [3200, 2990, 2590],
    [2500, 2500, 2000],
  ),
  product(
    15,
    'VNL-LIM-77',
    'Limited vinyl pressing, no. 77',
    'Sold out: nobody knows when it comes back.',
    'music',
    260,
    [5900, 5490, 4690],
    [0, 0, 0],
  ),
] as const;

export const seededCustomers = [
  {
    id: id(1, 1),
    firstName: 'Amara',
    lastName: 'Okafor',
    email: 'amara.okafor@example.com',
    phone: '+15035550142',
    locale: 'en-US',
    currency: 'USD',
    registered: '2024-02-11T09:00:00.000Z',
    address: { street: '1420 NW Lovejoy St', city: 'Portland', state: 'OR', postalCode: '97209', country: 'US' },
  },
  {
    id: id(1, 2),
    firstName: 'Wim',
    lastName: 'de Vries',
    email: 'wim.devries@example.com',
    phone: '+31205550119',
    locale: 'nl-NL',
    currency: 'EUR',
    registered: '2024-06-30T09:00:00.000Z',
    address: { street: 'Prinsengracht 812', city: 'Amsterdam', postalCode: '1017 JL', country: 'NL' },
  },
  {
    id: id(1, 3),
    firstName: 'Grace',
    lastName: 'Whitfield',
    email: 'grace.whitfield@example.com',
    phone: '+442075550187',
    locale: 'en-GB',
    currency: 'GBP',
    registered: '2025-01-19T09:00:00.000Z',
    address: { street: '27 Lamb’s Conduit Street', city: 'London', postalCode: 'WC1N 3NG', country: 'GB' },
  },
] as const;

export function stockItemId(productNumber: number, warehouseNumber: number): string {
  return id(3, productNumber * 10 + warehouseNumber);
}

/** The movement that brought the opening stock of one item in. */
export function openingMovementId(productNumber: number, warehouseNumber: number): string {
  return id(4, productNumber * 10 + warehouseNumber);
}

function product(
  number: number,
  sku: string,
  name: string,
  description: string,
  category: string,
  weightG: number,
  [USD, EUR, GBP]: readonly [number, number, number],
  stock: SeededProduct['stock'],
): SeededProduct {
  return { id: id(5, number), sku, name, description, category, weightG, prices: { USD, EUR, GBP }, stock };
}
