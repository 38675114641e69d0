import { z } from 'zod';
import { billingCycles } from '../../machines/shared/calendar.js';
import {
  allowance,
  cancelReason,
  delivery,
  discount,
  leftOut,
  offer,
  requester,
} from '../../machines/subscription/subscription.values.js';
import { periodSchema } from './invoiceSchemas.js';
import { addressSchema, currencySchema, instantSchema, moneySchema, uuidSchema } from './schemas.js';

export const accessSchema = z.enum(['full', 'limited', 'restricted', 'none']).meta({
  id: 'Access',
  description:
    'What a shop may let the subscriber do: everything; little, while a debt is in its grace period; what reviving needs; nothing.',
});

export const subscriptionStatus = z.enum([
  'PENDING',
  'TRIAL',
  'ACTIVE',
  'PAST_DUE',
  'SUSPENDED',
  'PAUSED',
  'CANCELLED',
  'EXPIRED',
]);

const rhythm = { billingCycle: z.enum(billingCycles), intervalCount: z.int() };

const planTerms = z
  .strictObject({
    id: uuidSchema,
    name: z.string(),
    price: moneySchema.meta({ description: 'Before tax, for one period.' }),
    ...rhythm,
    taxRegion: z.string(),
    usage: allowance.nullable().meta({ description: 'What one period allows; null where nothing is counted.' }),
  })
  .meta({ id: 'PlanTerms', description: 'A plan as it was when it was taken.' });

const deliveryTerms = z
  .strictObject({
    items: delivery.shape.items,
    percentOff: z.int().meta({ description: 'Off the price of the day.' }),
    currency: currencySchema,
    ...rhythm,
    shippingAddress: addressSchema,
    shippingMethod: z.enum(['standard', 'express']),
  })
  .meta({ id: 'DeliveryTerms' });

export const offerSchema = z
  .strictObject({ ...offer.shape, expiresAt: instantSchema })
  .meta({ id: 'RetentionOffer', description: 'What a customer who wants to leave may take instead, once.' });

const debt = z
  .strictObject({
    firstFailureAt: instantSchema,
    failedAttempts: z.int(),
    scheduledRetriesDone: z.int().meta({ description: 'Of three: 1, 3 and 7 days after the first failure.' }),
    nextRetryAt: instantSchema.nullable(),
    lastAttemptAt: instantSchema.nullable(),
    graceUntil: instantSchema.nullable(),
  })
  .meta({ id: 'Dunning' });

const bill = z
  .strictObject({
    invoiceId: uuidSchema.nullable().meta({ description: 'Null for a delivery, whose order is its invoice.' }),
    orderId: uuidSchema.nullable(),
    period: periodSchema,
    total: moneySchema.nullable().meta({ description: 'With tax; null until the invoice is there.' }),
    isBeingCharged: z.boolean(),
  })
  .meta({ id: 'Bill', description: 'What is, or will be, owed for one period.' });

/** A subscription as clients see it. */
export const subscriptionSchema = z
  .strictObject({
    id: uuidSchema,
    customerId: uuidSchema,
    state: z.string().meta({ description: 'The canonical state, such as `active.current`.' }),
    status: subscriptionStatus,
    access: accessSchema,
    plan: planTerms.nullable().meta({ description: 'Null for a delivery.' }),
    delivery: deliveryTerms.nullable().meta({ description: 'Null for a plan.' }),
    currency: currencySchema,
    currentPeriod: periodSchema.nullable(),
    trialEndsAt: instantSchema.nullable(),
    startedAt: instantSchema.nullable(),
    nextBillingDate: instantSchema.nullable(),
    billingCycleStatus: z.enum(['Scheduled', 'Processing', 'Paid', 'Failed', 'Retrying', 'Suspended', 'Cancelled']),
    lastPaymentAt: instantSchema.nullable(),
    autoRenew: z.boolean(),
    paymentMethod: z.strictObject({ type: z.string(), isUsable: z.boolean() }).nullable(),
    discount: discount.nullable(),
    credit: moneySchema.meta({ description: 'What later invoices are reduced by, before tax.' }),
    bill: bill.nullable(),
    pendingPlan: planTerms.nullable().meta({ description: 'Begins with the next period.' }),
    planChange: z
      .strictObject({ plan: planTerms, invoiceId: uuidSchema, total: moneySchema.nullable() })
      .nullable()
      .meta({ description: 'A dearer plan whose proration is being charged.' }),
    dunning: debt.nullable(),
    pause: z.strictObject({ since: instantSchema, until: instantSchema }).nullable(),
    cancelAtPeriodEnd: z.boolean(),
    cancellation: z
      .strictObject({
        reason: cancelReason,
        note: z.string().nullable(),
        requestedBy: requester,
        mode: z.enum(['period_end', 'immediate']),
        requestedAt: instantSchema,
        effectiveAt: instantSchema.nullable().meta({ description: 'Null until the provider has confirmed it.' }),
      })
      .nullable(),
    offer: offerSchema.nullable().meta({ description: 'Waits for an answer.' }),
    leftOut: z.array(leftOut).meta({ description: 'What did not come with the last delivery, and why.' }),
    suspendedAt: instantSchema.nullable(),
    renewableUntil: instantSchema.nullable().meta({ description: 'Until when one that has ended can be renewed.' }),
    createdAt: instantSchema,
    updatedAt: instantSchema,
    version: z.int(),
  })
  .meta({ id: 'Subscription' });

export type SubscriptionView = z.output<typeof subscriptionSchema>;

/** What GetSubscriptionStatus answers (domain.md 2.10). */
export const subscriptionStatusSchema = z
  .strictObject({
    userId: uuidSchema,
    subscriptionId: uuidSchema,
    subscriptionStatus: z.enum(['active', 'canceled', 'expired', 'pending']),
    detailedStatus: z.string(),
    access: accessSchema,
    subscriptionPlan: z.string(),
    nextBillingDate: instantSchema.nullable(),
    billingFrequency: z.string(),
    amount: z.int().nullable().meta({ description: 'Minor units before tax; null for a delivery.' }),
    currency: currencySchema,
    lastPaymentDate: instantSchema.nullable(),
    cancelAtPeriodEnd: z.boolean(),
  })
  .meta({ id: 'SubscriptionStatus' });

/** What became of a wish to leave (C-63). */
export const cancellationSchema = z
  .strictObject({
    outcome: z.enum(['offer', 'scheduled', 'cancelled', 'pending']).meta({
      description:
        '`offer`: answer it first. `scheduled`: it ends with the paid period. `cancelled`: it has ended. `pending`: the provider has not confirmed it yet.',
    }),
    effectiveAt: instantSchema.nullable(),
    offer: offerSchema.nullable(),
    subscription: subscriptionSchema,
  })
  .meta({ id: 'Cancellation' });
