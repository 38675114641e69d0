import { z } from 'zod';
import { command } from '../shared/message.js';
import { address, currencyCode, instant, money, orderItem, paymentMethod, uuid } from '../shared/values.js';
import {
  cancelReason,
  checkoutContext,
  deliveryItem,
  discount,
  offerChoice,
  plan,
  requester,
  terms,
} from './subscription.values.js';

const subscriptionId = uuid;

/** What may be asked of a subscription, and what it asks of others (domain.md 2.10, 6.8). */
export const subscriptionCommands = {
  SubscribeUser: command(
    '1.0.0',
    'Start a subscription whose plan, prices and discount the server has looked up (S-01, S-02).',
    z
      .strictObject({
        subscriptionId,
        customerId: uuid,
        terms,
        trialDays: z.int().min(0).max(365),
        /** Null only with a trial: asked for before it ends. */
        paymentMethod: paymentMethod.nullable(),
        autoRenew: z.boolean(),
        discount: discount.nullable(),
        /** `web_checkout`, `sales_team`, … */
        source: z.string().min(1).max(50),
        checkout: checkoutContext,
      })
      .refine(
        ({ paymentMethod: method, trialDays }) => method !== null || trialDays > 0,
        'a payment method, or a trial to find one in',
      ),
  ),
  CancelSubscription: command(
    '1.0.0',
    'End a subscription at the end of the paid period, or at once (S-17, S-20, S-21, S-23).',
    z.strictObject({
      subscriptionId,
      reason: cancelReason,
      note: z.string().max(500).nullable(),
      requestedBy: requester,
      mode: z.enum(['period_end', 'immediate']),
      /** `decline`: the customer has seen offers and wants none. */
      offerDecision: z.enum(['accept', 'decline']).nullable(),
      /** As the server knows the account (S-23). */
      accountLocked: z.boolean(),
    }),
  ),
  AcceptOffer: command(
    '1.0.0',
    'Stay, for the discount, the pause or the talk that was offered (S-18).',
    z.strictObject({ subscriptionId, choice: offerChoice }),
  ),
  DeclineOffer: command('1.0.0', 'Leave nevertheless (S-19).', z.strictObject({ subscriptionId })),
  ReactivateSubscription: command(
    '1.0.0',
    'Take a scheduled cancellation back before it takes effect (S-25).',
    z.strictObject({ subscriptionId }),
  ),
  RenewSubscription: command(
    '1.0.0',
    'Begin anew after the end, while the decision window is open (S-28).',
    z.strictObject({
      subscriptionId,
      /** Null: on the old terms. */
      terms: terms.nullable(),
      paymentMethod: paymentMethod.nullable(),
    }),
  ),
  PauseSubscription: command(
    '1.0.0',
    'Stop billing and access for a while (S-26); the paid time that is left waits too.',
    /** Null: as long as a pause may be. */
    z.strictObject({ subscriptionId, until: instant.nullable() }),
  ),
  ResumeSubscription: command('1.0.0', 'End a pause (S-26).', z.strictObject({ subscriptionId })),
  ChangePlan: command(
    '1.0.0',
    'Move to another plan: a dearer one now, with proration; any other at the end of the period (S-30).',
    z.strictObject({
      subscriptionId,
      plan,
      /** The instant of the preview that the customer agreed to, so that the lines are the same to the unit. */
      prorationAt: instant.nullable(),
    }),
  ),
  ChangeAutoRenewal: command(
    '1.0.0',
    'Let the subscription renew by itself, or end with its period (S-27).',
    z.strictObject({ subscriptionId, autoRenew: z.boolean() }),
  ),
  ChangeSubscriptionPaymentMethod: command(
    '1.0.0',
    'Pay with another method; what is owed is charged at once (S-13, S-15).',
    z.strictObject({ subscriptionId, paymentMethod }),
  ),
  InvalidatePaymentMethod: command(
    '1.0.0',
    'The method was removed or has expired: do not charge it any more (S-07).',
    z.strictObject({ subscriptionId }),
  ),
  RetryInvoice: command(
    '1.0.0',
    'Charge an open invoice now; scheduled retries stay (6.8).',
    z.strictObject({ subscriptionId, invoiceId: uuid }),
  ),
  SkipDelivery: command('1.0.0', 'Leave out the next delivery.', z.strictObject({ subscriptionId })),
  MoveDelivery: command(
    '1.0.0',
    'Have the next delivery on another day; those after it keep their dates.',
    z.strictObject({ subscriptionId, deliverAt: instant }),
  ),
  ChangeQuantities: command(
    '1.0.0',
    'Have these products from the next delivery on, at most at these unit prices.',
    z.strictObject({ subscriptionId, items: z.array(deliveryItem).min(1).max(100) }),
  ),
  ApprovePrices: command(
    '1.0.0',
    'Consent to prices that have risen: the products come along again.',
    z.strictObject({
      subscriptionId,
      prices: z.array(z.strictObject({ productId: uuid, unitPrice: money })).min(1),
    }),
  ),
  ConfirmCancellation: command(
    '1.0.0',
    'End the agreement at the payment provider; answered by CancellationConfirmed or CancellationRejected.',
    z.strictObject({
      subscriptionId,
      customerId: uuid,
      cancellationId: uuid,
      mode: z.enum(['period_end', 'immediate']),
    }),
  ),
  ResumeAgreement: command(
    '1.0.0',
    'Let the agreement at the payment provider go on; answered by AgreementResumed or AgreementNotResumed.',
    z.strictObject({ subscriptionId, customerId: uuid, reactivationId: uuid }),
  ),
  QuoteDelivery: command(
    '1.0.0',
    'Say today’s prices and stock of these products; answered by DeliveryQuoted.',
    z.strictObject({
      subscriptionId,
      orderId: uuid,
      currency: currencyCode,
      items: z.array(z.strictObject({ productId: uuid, quantity: z.int().min(1) })),
    }),
  ),
  PlaceSubscriptionOrder: command(
    '1.0.0',
    'Turn a due delivery into an ordinary order: number it, add tax and shipping, place it.',
    z.strictObject({
      subscriptionId,
      orderId: uuid,
      customerId: uuid,
      items: z.array(orderItem).min(1),
      subtotal: money,
      discount: money,
      shippingAddress: address,
      shippingMethod: z.enum(['standard', 'express']),
      paymentMethod,
      checkout: checkoutContext,
    }),
  ),
};
