import { z } from 'zod';
import { delivery } from '../../machines/subscription/subscription.values.js';
import { checkoutInput, itemInput, paymentInput } from './orderSchemas.js';
import { addressInput, currencySchema, uuidSchema } from './schemas.js';

export const itemsInput = z.array(itemInput).min(1).max(100);

const deliveryInput = z
  .strictObject({
    items: itemsInput,
    currency: currencySchema.default('USD'),
    billingCycle: delivery.shape.billingCycle.meta({ description: 'Every `intervalCount` weeks or months.' }),
    intervalCount: delivery.shape.intervalCount.default(1),
    shippingAddress: addressInput,
    shippingMethod: z.enum(['standard', 'express']).default('standard'),
  })
  .meta({ id: 'DeliveryInput' });

/** The body of `POST /v1/subscriptions`. */
export const subscribeBody = z
  .strictObject({
    customerId: uuidSchema,
    planId: uuidSchema.optional().meta({ description: 'A plan, or else a delivery.' }),
    delivery: deliveryInput.optional().meta({ description: 'Products that come again and again.' }),
    payment: paymentInput.optional().meta({ description: 'May wait until the end of a trial.' }),
    trialPeriodDays: z.int().min(0).max(365).optional().meta({
      description: 'Fewer days than the plan gives, such as none; more, or a second trial of the plan, are for staff.',
    }),
    discountCode: z.string().trim().min(1).max(50).optional(),
    autoRenew: z.boolean().default(true),
    source: z.string().trim().min(1).max(50).default('web_checkout'),
    checkout: checkoutInput.optional(),
  })
  .superRefine(({ planId, delivery: wanted }, context) => {
    if ((planId === undefined) === (wanted === undefined))
      context.addIssue({ code: 'custom', path: ['planId'], message: 'Wants either a planId or a delivery' });
  })
  .meta({ id: 'Subscribe' });

export type SubscribeBody = z.output<typeof subscribeBody>;
