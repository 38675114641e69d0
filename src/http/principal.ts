import type { IncomingHttpHeaders } from 'node:http';
import { problem } from './problem.js';

/** What a caller may do; each route names the one it needs. */
export const scopes = [
  'orders:read',
  'orders:write',
  'orders:staff',
  /** Says on a customer's behalf from which address and device they order. */
  'checkout:declare',
  'payments:read',
  'fraud:read',
  'fraud:review',
  'inventory:read',
  'inventory:write',
  'shipping:read',
  'shipping:write',
  'notifications:read',
  'catalogue:read',
  'catalogue:write',
  'subscriptions:read',
  'subscriptions:write',
  'subscriptions:staff',
  'billing:read',
  'billing:write',
  'billing:staff',
  'customers:read',
  'customers:write',
  'customers:staff',
  'clocks:read',
  'clocks:write',
] as const;

export type Scope = (typeof scopes)[number];

/** Who is calling. */
export interface Principal {
  /** Owner of idempotency keys; no name and no address. */
  readonly id: string;
  /** In journals and reviews: who asked. */
  readonly role: 'customer' | 'support';
  readonly scopes: ReadonlySet<Scope>;
}

const anonymous: Principal = { id: 'anonymous', role: 'customer', scopes: new Set(scopes) };

/** Who the headers say is calling: the one place where authentication happens. For now everybody is the same, and may do everything. */
export function authenticate(_headers: IncomingHttpHeaders): Promise<Principal> {
  return Promise.resolve(anonymous);
}

/** @throws HttpProblem FORBIDDEN when the principal lacks the scope */
export function authorise(principal: Principal, scope: Scope): void {
  if (!principal.scopes.has(scope)) throw problem('FORBIDDEN', `This needs the scope ${scope}.`);
}
