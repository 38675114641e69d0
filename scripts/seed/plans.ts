/** The two plans of the FlowMart catalogue; prices are before tax, in minor units. */
export const seededPlans = [
  {
    planId: '01900000-0000-7000-8000-600000000001',
    name: 'Pro Monthly',
    price: { amount: 2_999, currency: 'USD' },
    billingCycle: 'monthly',
    intervalCount: 1,
    trialDays: 14,
    taxRegion: 'US',
  },
  {
    planId: '01900000-0000-7000-8000-600000000002',
    name: 'Enterprise Annual',
    price: { amount: 49_900, currency: 'USD' },
    billingCycle: 'annual',
    intervalCount: 1,
    trialDays: 0,
    taxRegion: 'US',
  },
] as const;
