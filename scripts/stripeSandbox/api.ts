import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from './entities.js';
import type { FaultRule, Faults } from './faults.js';
import { canonicalForm, parseForm } from './formBody.js';
import { newId } from './identity.js';
import type { Ledger, LedgerEntry, Provenance } from './ledger.js';
import { Params } from './params.js';
import { settleRefund } from './refunds.js';
import { renderReply } from './render.js';
import { findRoute, type Route } from './routes.js';
import type { KeptReply, Store } from './store.js';
import {
  apiFailure,
  keyInUse,
  keyMismatch,
  rateLimited,
  StripeError,
  type StripeErrorBody,
  unauthorized,
} from './stripeError.js';
import type { WebhookEvent } from './webhookEvents.js';
import type { WebhookSender } from './webhookSender.js';

export interface ApiRequest {
  method: string;
  path: string;
  query: string;
  body: string;
  authorization: string | undefined;
  idempotencyKey: string | null;
}

/** What the client gets: an answer, a cut connection, or silence until `ms` have passed (until it gives up, when null). */
export type Fate =
  | { kind: 'answer'; status: number; body: object; headers: Record<string, string>; afterwards?: () => void }
  | { kind: 'cut' }
  | { kind: 'silence'; ms: number | null };

export interface ApiParts {
  store: Store;
  ledger: Ledger;
  faults: Faults;
  sender: WebhookSender;
  eventsOf: (entry: LedgerEntry) => WebhookEvent[];
  latencyMs: number;
  searchLagMs: number;
  refundSettleMs: number;
}

type Fault = Pick<FaultRule, 'fault' | 'ms' | 'webhook'>;

const defaultLateMs = 5000;
const emptyCard = 'pm_card_chargeDeclinedInsufficientFunds';

/** Stripe's API without HTTP: authentication, idempotency, faults, the change itself, and its webhooks. */
export class StripeApi {
  readonly #parts: ApiParts;
  readonly #inFlight = new Set<string>();
  readonly #refundTimers = new Set<NodeJS.Timeout>();

  constructor(parts: ApiParts) {
    this.#parts = parts;
    for (const refund of parts.store.refunds.values()) this.#settleLater(refund.id);
  }

  async handle(request: ApiRequest): Promise<Fate> {
    const requestId = newId('req_');
    try {
      return await this.#execute(request, requestId);
    } catch (error) {
      if (!(error instanceof StripeError)) throw error;
      return answer(error.status, { error: error.body }, { 'Request-Id': requestId });
    }
  }

  close(): void {
    for (const timer of this.#refundTimers) clearTimeout(timer);
  }

  async #execute(request: ApiRequest, requestId: string): Promise<Fate> {
    checkApiKey(request.authorization);
    const found = findRoute(request.method, request.path);
    if (!found) {
      throw new StripeError(404, {
        message: `Unrecognized request URL (${request.method}: ${request.path}).`,
        type: 'invalid_request_error',
      });
    }
    const form = parseForm(request.method === 'POST' ? request.body : request.query);
    const asked = new Params(form);
    const fault = this.#faultFor(request, asked);
    const isBroke = fault.fault === 'insufficient_funds';
    const params = isBroke ? new Params({ ...form, payment_method: emptyCard }) : asked;
    if (fault.fault === 'rate_limit_429') throw rateLimited();
    if (fault.fault === 'cut_connection') return { kind: 'cut' };
    if (fault.fault === 'timeout_before') return { kind: 'silence', ms: fault.ms ?? null };
    const { route, id } = found;
    if ('write' in route) return this.#write(request, requestId, route, id, params, fault);
    await this.#delay(fault);
    if (fault.fault?.startsWith('error_500')) return answer(500, { error: apiFailure() }, { 'Request-Id': requestId });
    const body = route.read(this.#parts.store, params, id, this.#parts.searchLagMs / 1000);
    return withFault(answer(200, body, { 'Request-Id': requestId }), fault);
  }

  async #write(
    request: ApiRequest,
    requestId: string,
    route: Extract<Route, { write: unknown }>,
    id: string,
    params: Params,
    fault: Fault,
  ): Promise<Fate> {
    const { store } = this.#parts;
    const key = request.idempotencyKey;
    const fingerprint = key === null ? null : fingerprintOf(request);
    const expandCharge = params.list('expand').includes('latest_charge');
    if (key !== null) {
      const kept = store.replies.get(key);
      if (kept) return withFault(this.#replay(key, kept, fingerprint, requestId, expandCharge), fault);
      if (this.#inFlight.has(key)) throw keyInUse(key);
      this.#inFlight.add(key);
    }
    let entry: LedgerEntry & Change;
    try {
      await this.#delay(fault);
      const provenance = { at: new Date().toISOString(), requestId, idempotencyKey: key, fingerprint };
      entry = this.#commit(provenance, decide(route, store, params, id, fault));
    } finally {
      if (key !== null) this.#inFlight.delete(key);
    }
    const afterwards = await this.#dispatch(entry, fault);
    const headers = { 'Request-Id': requestId, ...(key === null ? {} : { 'Idempotency-Key': key }) };
    return withFault(
      { ...answer(entry.status, renderReply(entry, store.cardOf, expandCharge), headers), afterwards },
      fault,
    );
  }

  #replay(key: string, kept: KeptReply, fingerprint: string | null, requestId: string, expandCharge: boolean) {
    if (kept.fingerprint !== fingerprint) throw keyMismatch(key);
    const { ledger, store } = this.#parts;
    const entry = ledger.entryAt(kept.position) as LedgerEntry & Change;
    return answer(entry.status, renderReply(entry, store.cardOf, expandCharge), {
      'Request-Id': requestId,
      'Idempotency-Key': key,
      'Idempotent-Replayed': 'true',
      'Original-Request': entry.requestId ?? requestId,
    });
  }

  /** The ledger hands the entry to the store. */
  #commit(provenance: Provenance, change: Change): LedgerEntry & Change {
    const entry = this.#parts.ledger.append(provenance, change) as LedgerEntry & Change;
    if (entry.refund) this.#settleLater(entry.refund.id);
    return entry;
  }

  /** Sends the webhooks that are due before the answer, and returns what to do after it. */
  async #dispatch(entry: LedgerEntry, fault: Fault): Promise<() => void> {
    const { sender, eventsOf } = this.#parts;
    if (fault.webhook === 'none' || !sender.endpoint) return () => undefined;
    const events = eventsOf(entry);
    if (fault.webhook === 'before') {
      for (const event of events) await sender.deliverNow(event);
      return () => undefined;
    }
    const delayMs = fault.webhook === 'late' ? (fault.ms ?? defaultLateMs) : 0;
    const copies = fault.webhook === 'twice' ? 2 : 1;
    return sender.prepare(events, copies, delayMs);
  }

  /** Pending refunds settle, and the failing card's refunds come back, some time after they were made. */
  #settleLater(refundId: string): void {
    const { store, refundSettleMs } = this.#parts;
    if (!settleRefund(store, refundId)) return;
    const timer = setTimeout(() => {
      this.#refundTimers.delete(timer);
      const change = settleRefund(store, refundId);
      if (!change) return;
      const provenance = { at: new Date().toISOString(), requestId: null, idempotencyKey: null, fingerprint: null };
      void this.#dispatch(this.#commit(provenance, change), {}).then((afterwards) => afterwards());
    }, refundSettleMs);
    this.#refundTimers.add(timer);
  }

  #faultFor(request: ApiRequest, params: Params): Fault {
    if (!this.#parts.faults.armed) return {};
    const { method, path } = request;
    const target = { method, path, paymentMethod: params.string('payment_method'), metadata: params.metadata() };
    return this.#parts.faults.take(target) ?? {};
  }

  async #delay(fault: Fault): Promise<void> {
    const ms = this.#parts.latencyMs + (fault.fault === 'latency' ? (fault.ms ?? 0) : 0);
    if (ms > 0) await sleep(ms);
  }
}

const answer = (status: number, body: object, headers: Record<string, string>) => ({
  kind: 'answer' as const,
  status,
  body,
  headers,
});

/** Executes the request, unless the fault is that it is not executed; refusals that Stripe keeps become changes too. */
function decide(
  route: Extract<Route, { write: unknown }>,
  store: Store,
  params: Params,
  id: string,
  fault: Fault,
): Change {
  if (fault.fault === 'error_500') return failedRequest(500, apiFailure());
  try {
    const change = route.write(store, params, id);
    return fault.fault === 'error_500_after_success' ? { ...change, status: 500, reply: apiFailure() } : change;
  } catch (error) {
    if (error instanceof StripeError && error.stored) return failedRequest(error.status, error.body);
    throw error;
  }
}

const failedRequest = (status: number, reply: StripeErrorBody): Change => ({
  type: 'requestFailed',
  amount: 0,
  currency: null,
  orderId: null,
  status,
  reply,
});

/** What a fault leaves of an answer. The webhooks of a change go out even when the answer does not. */
function withFault(full: Extract<Fate, { kind: 'answer' }>, { fault, ms }: Fault): Fate {
  if (fault !== 'timeout_after_success' && fault !== 'cut_connection_after_success') return full;
  full.afterwards?.();
  return fault === 'cut_connection_after_success' ? { kind: 'cut' } : { kind: 'silence', ms: ms ?? null };
}

const fingerprintOf = ({ method, path, body }: ApiRequest): string =>
  createHash('sha1')
    .update(`${method} ${path}?${canonicalForm(body)}`)
    .digest('base64url');

/** Stripe takes the secret key as a bearer token or as the user of basic authentication. */
function checkApiKey(authorization: string | undefined): void {
  const [scheme, credentials = ''] = authorization?.split(' ') ?? [];
  const key =
    scheme?.toLowerCase() === 'basic'
      ? (Buffer.from(credentials, 'base64').toString('utf8').split(':')[0] ?? '')
      : credentials;
  if (key === '') {
    throw unauthorized(
      'You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. "Authorization: Bearer YOUR_SECRET_KEY").',
    );
  }
  if (!/^(sk|rk)_test_\w+$/.test(key)) throw unauthorized(`Invalid API Key provided: ${key.slice(0, 8)}***`);
}
