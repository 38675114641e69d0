import { seededPlans } from '../../../scripts/seed/plans.js';

const [monthly, annual] = seededPlans;

/** A seeded plan as a subscription takes it. */
const takenFrom = ({ trialDays: _, ...plan }: (typeof seededPlans)[number]) => ({ ...plan, price: { ...plan.price } });

export const proMonthly = takenFrom(monthly);
export const enterpriseAnnual = takenFrom(annual);

/** A payment method by the name of its test card. */
export const card = (name: string) => ({ type: 'card', token: `pm_card_${name}` }) as const;
