import { z } from 'zod';
import { command } from '../shared/message.js';
import { uuid } from '../shared/values.js';
import { allowance, plan } from './subscription.values.js';

/** Messages about the plans that are for sale; those who have taken one keep the terms that it had then. */
export const planMessages = {
  CreatePlan: command(
    '1.0.0',
    'Offer a plan.',
    plan.extend({
      /** Free days before the first charge; 0 for none. */
      trialDays: z.int().min(0).max(365),
      usage: allowance.nullish(),
    }),
  ),
  RetirePlan: command('1.0.0', 'Offer a plan no more; whoever has it keeps it.', z.strictObject({ planId: uuid })),
  ClaimTrial: command(
    '1.0.0',
    'Begin a subscription with the trial of its plan, which a customer has once (R-60); answered at once.',
    z.strictObject({ customerId: uuid, planId: uuid, subscriptionId: uuid }),
  ),
};

/** Whose a trial is: `free` for the subscription that claims it, `taken` by one that began, or `claimed` by one that is about to. */
export type TrialClaim = 'free' | 'claimed' | 'taken';
