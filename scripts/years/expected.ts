import type { MenuDelivery, MenuPlan } from './menu.js';

/** What a subscription is to. */
export type Wish =
  | { readonly kind: 'plan'; readonly plan: MenuPlan }
  | { readonly kind: 'delivery'; readonly delivery: MenuDelivery };

/** An invoice as it should be; instants in ms, amounts in minor units. */
export interface ExpectedInvoice {
  state: 'open' | 'paid' | 'cancelled';
  readonly lines: readonly (readonly [kind: string, amount: number])[];
  readonly currency: string;
  readonly tax: number;
  readonly total: number;
  readonly start: number;
  readonly end: number;
  readonly issuedAt: number;
  readonly dueAt: number;
  paidAt: number | null;
}

/** An order as it should be. */
export interface ExpectedOrder {
  readonly placedAt: number;
  readonly subtotal: number;
  readonly discount: number;
  readonly tax: number;
  readonly shipping: number;
}

export type Stage =
  | 'trialing'
  | 'current'
  | 'offerPending'
  | 'paused'
  | 'pastDue'
  | 'grace'
  | 'suspended'
  | 'cancelScheduled'
  | 'cancelled'
  | 'expired';

/** What a customer does. */
export type Deed =
  | { readonly do: 'pay with'; readonly card: Card }
  | { readonly do: 'pause'; readonly until: number }
  | { readonly do: 'change plan'; readonly plan: MenuPlan }
  | {
      readonly do: 'cancel';
      readonly mode: 'period_end' | 'immediate';
      readonly reason: 'too_expensive' | 'not_used';
      readonly declines: boolean;
    }
  | { readonly do: 'accept'; readonly choice: 'discount' | 'pause' | 'support' }
  | { readonly do: 'renew by itself'; readonly autoRenew: boolean }
  | { readonly do: 'move delivery'; readonly to: number }
  /** The bank refuses the next charges, whatever the card. */
  | { readonly do: 'run dry'; readonly times: number }
  | {
      readonly do: 'resume' | 'decline' | 'reactivate' | 'begin anew' | 'retry' | 'skip delivery';
    };

/** `empty`: refused today, may pass another day; `stolen`: never passes. */
export type Card = 'good' | 'empty' | 'stolen';
