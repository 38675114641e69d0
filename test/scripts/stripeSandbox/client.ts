import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import {
  type StripeSandbox,
  type StripeSandboxOptions,
  startStripeSandbox,
} from '../../../scripts/stripeSandbox/server.js';
import { testFolder } from '../../support/folder.js';

/** Those fields of Stripe's objects that the tests look at. */
export interface StripeBody {
  id: string;
  status: string;
  amount: number;
  metadata: Record<string, string>;
  latest_charge: string;
  data: StripeBody[];
  has_more: boolean;
  error: {
    type: string;
    code?: string;
    decline_code?: string;
    param?: string;
    message: string;
    payment_intent?: StripeBody;
  };
}

export interface Answer {
  status: number;
  headers: Headers;
  body: StripeBody;
}

/** What the adapter sends for a charge of one order. */
export const chargeOf = (orderId: string, changes: Record<string, string> = {}): Record<string, string> => ({
  amount: '1000',
  currency: 'usd',
  confirm: 'true',
  payment_method: 'pm_card_visa',
  'payment_method_types[]': 'card',
  'metadata[orderId]': orderId,
  'metadata[effectId]': `effect of ${orderId}`,
  ...changes,
});

/** A ledger file of its own in the run's folder. */
export async function newLedgerPath(): Promise<string> {
  return join(mkdtempSync(join(await testFolder(), 'sandbox-')), 'ledger.jsonl');
}

/** Speaks plain HTTP to a sandbox that it starts and stops. */
export class SandboxClient {
  sandbox!: StripeSandbox;

  async start(options: StripeSandboxOptions = {}): Promise<void> {
    this.sandbox = await startStripeSandbox(options);
  }

  stop(): Promise<void> {
    return this.sandbox.close();
  }

  async call(method: string, path: string, form: Record<string, string> = {}, key?: string): Promise<Answer> {
    const parameters = new URLSearchParams(form).toString();
    const query = method === 'GET' && parameters !== '' ? `?${parameters}` : '';
    const response = await fetch(`${this.sandbox.url}${path}${query}`, {
      method,
      headers: {
        authorization: 'Bearer sk_test_x',
        'content-type': 'application/x-www-form-urlencoded',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(method === 'POST' ? { body: parameters } : {}),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as StripeBody };
  }

  charge(orderId: string, changes: Record<string, string> = {}, key?: string): Promise<Answer> {
    return this.call('POST', '/v1/payment_intents', chargeOf(orderId, changes), key);
  }
}
