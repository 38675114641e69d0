import type { FailureReason } from '../../machines/payment/payment.messages.js';
import { hours } from '../../machines/shared/instants.js';
import type {
  AgreementOutcome,
  AgreementRequest,
  AuthorizationRequest,
  CaptureOutcome,
  CaptureRequest,
  ChargeLookUp,
  ChargeOutcome,
  ChargeRequest,
  NotFound,
  PaymentProvider,
  RefundLookUp,
  RefundOutcome,
  RefundRequest,
  ResumptionOutcome,
  ResumptionRequest,
  VoidOutcome,
} from '../../src/services/gateway/providers/provider.js';
import { retryability } from '../../src/services/gateway/providers/retryability.js';
import type { Claims } from './claims.js';
import type { World } from './world.js';

/** How a card behaves: it declines so many charges for this reason, then passes; its refunds are refused, or take a while. */
export interface Card {
  readonly reason: FailureReason;
  readonly declines: number;
  readonly refunds: 'quick' | 'slow' | 'refused';
}

/** A charge in the bank's books, in minor units. */
export interface BookedCharge {
  readonly reference: string;
  readonly key: string;
  readonly metadata: Record<string, string>;
  readonly amount: number;
  readonly currency: string;
  readonly card: Card;
  state: 'declined' | 'held' | 'letGo' | 'taken';
  readonly refunds: Map<string, { readonly amount: number; settled: boolean }>;
}

const silence = { kind: 'unknown', reason: 'network_error', message: 'No answer.' } as const;
const notThisOne = { kind: 'refused', failureCode: 'refused', failureMessage: 'A person has to look.' } as const;
const approval = { responseCode: 'ok', responseMessage: 'Approved.' };
/** How long a key is remembered. */
const keyLifeMs = hours(24);

/** A bank with books in memory, behind the provider's port; every call waits for its fate. */
export class Bank implements PaymentProvider {
  readonly name = 'stripe';
  readonly books: BookedCharge[] = [];
  readonly cards = new Map<string, Card>();
  /** Subscriptions whose agreement ends or has ended. */
  readonly endedAgreements = new Set<string>();
  /** Wishes about an agreement that are still to be refused, by subscription. */
  readonly refusals = new Map<string, number>();
  readonly #used = new Map<string, number>();
  readonly #answers = new Map<string, { readonly at: number; readonly answer: unknown }>();
  readonly #world: World;
  readonly #claims: Claims;

  constructor(world: World, claims: Claims) {
    this.#world = world;
    this.#claims = claims;
  }

  charge(request: ChargeRequest): Promise<ChargeOutcome> {
    return this.#once(`the bank charges ${request.amount}`, request.idempotencyKey, () => this.#charge(request));
  }

  lookUpCharge({ effectId }: ChargeLookUp): Promise<ChargeOutcome | NotFound> {
    const look = (): ChargeOutcome | NotFound => {
      const charges = this.books.filter(({ key }) => key === effectId);
      const charge = charges.find(({ state }) => state !== 'declined') ?? charges.at(-1);
      return charge ? outcomeOf(charge) : { kind: 'notFound' };
    };
    return this.#claims.call<ChargeOutcome | NotFound>('the bank looks a charge up', look, () => silence);
  }

  capture({ gatewayReferenceId, idempotencyKey, amount }: CaptureRequest): Promise<CaptureOutcome> {
    return this.#once<CaptureOutcome>(`the bank captures ${amount}`, idempotencyKey, () => {
      const charge = this.#booked(gatewayReferenceId);
      if (charge.state !== 'held') return { kind: 'refused', failureCode: charge.state, failureMessage: 'Not held.' };
      charge.state = 'taken';
      return { kind: 'captured', gatewayReferenceId, ...approval };
    });
  }

  void({ gatewayReferenceId, idempotencyKey }: AuthorizationRequest): Promise<VoidOutcome> {
    return this.#once<VoidOutcome>('the bank lets money go', idempotencyKey, () => {
      const charge = this.#booked(gatewayReferenceId);
      if (charge.state !== 'held') return { kind: 'refused', failureCode: charge.state, failureMessage: 'Not held.' };
      charge.state = 'letGo';
      return { kind: 'voided', gatewayReferenceId, ...approval };
    });
  }

  refund({ gatewayReferenceId, idempotencyKey, effectId, amount }: RefundRequest): Promise<RefundOutcome> {
    return this.#once<RefundOutcome>(`the bank sends ${amount} back`, idempotencyKey, () => {
      const charge = this.#booked(gatewayReferenceId);
      const left = [...charge.refunds.values()].reduce((rest, refund) => rest - refund.amount, charge.amount);
      if (charge.card.refunds === 'refused' || charge.state !== 'taken' || amount > left)
        return { kind: 'refused', failureCode: 'refused', failureMessage: 'The charge is disputed.' };
      charge.refunds.set(effectId, { amount, settled: charge.card.refunds === 'quick' });
      return this.#refundOutcome(charge, effectId);
    });
  }

  lookUpRefund({ effectId, gatewayReferenceId }: RefundLookUp): Promise<RefundOutcome | NotFound> {
    const look = (): RefundOutcome | NotFound => {
      const charge = this.#booked(gatewayReferenceId);
      const found = charge.refunds.get(effectId);
      if (!found) return { kind: 'notFound' };
      found.settled = true;
      return this.#refundOutcome(charge, effectId);
    };
    return this.#claims.call<RefundOutcome | NotFound>('the bank looks a refund up', look, () => silence);
  }

  endAgreement({ subscriptionId, idempotencyKey }: AgreementRequest): Promise<AgreementOutcome> {
    return this.#once<AgreementOutcome>('the bank ends an agreement', idempotencyKey, () => {
      if (this.#refuses(subscriptionId)) return notThisOne;
      this.endedAgreements.add(subscriptionId);
      return { kind: 'ended', found: 1 };
    });
  }

  resumeAgreement({ subscriptionId, idempotencyKey }: ResumptionRequest): Promise<ResumptionOutcome> {
    return this.#once<ResumptionOutcome>('the bank resumes an agreement', idempotencyKey, () => {
      if (this.#refuses(subscriptionId)) return notThisOne;
      this.endedAgreements.delete(subscriptionId);
      return { kind: 'resumed', found: 1 };
    });
  }

  /** A new card for a customer; answers its token. */
  issue(card: Card): string {
    const token = `pm_${this.cards.size + 1}`;
    this.cards.set(token, card);
    return token;
  }

  /** A card behaves otherwise from now on. */
  change(token: string, card: Card): void {
    this.cards.set(token, card);
    this.#used.set(token, 0);
  }

  probe = () => Promise.resolve({ healthy: true, latencyMs: 1 });

  parseWebhook(): never {
    throw new Error('webhooks are told by people.ts');
  }

  close(): void {}

  #charge({ idempotencyKey, amount, currency, paymentMethod, captureImmediately, metadata }: ChargeRequest) {
    const card = this.cards.get(paymentMethod.token) ?? { reason: 'other', declines: 0, refunds: 'quick' };
    const used = this.#used.get(paymentMethod.token) ?? 0;
    this.#used.set(paymentMethod.token, used + 1);
    const passed = captureImmediately ? 'taken' : 'held';
    const charge: BookedCharge = {
      reference: `ch_${this.books.length + 1}`,
      key: idempotencyKey,
      metadata,
      amount,
      currency,
      card,
      state: used < card.declines ? 'declined' : passed,
      refunds: new Map(),
    };
    this.books.push(charge);
    return outcomeOf(charge);
  }

  /** The same key gives the same answer, as long as the bank remembers it. */
  #once<T>(label: string, key: string, happen: () => T): Promise<T> {
    const remembered = (): T => {
      const known = this.#answers.get(key);
      if (known && this.#world.now - known.at < keyLifeMs) return known.answer as T;
      const answer = happen();
      this.#answers.set(key, { at: this.#world.now, answer });
      return answer;
    };
    return this.#claims.call<T>(label, remembered, () => silence as T);
  }

  #refuses(subscriptionId: string): boolean {
    const left = this.refusals.get(subscriptionId) ?? 0;
    this.refusals.set(subscriptionId, left - 1);
    return left > 0;
  }

  #booked(reference: string): BookedCharge {
    const found = this.books.find((charge) => charge.reference === reference);
    if (!found) throw new Error(`the bank has no charge ${reference}`);
    return found;
  }

  #refundOutcome({ refunds }: BookedCharge, effectId: string): RefundOutcome {
    return {
      kind: refunds.get(effectId)?.settled ? 'refunded' : 'pending',
      gatewayRefundId: `re_${effectId}`,
      ...approval,
    };
  }
}

function outcomeOf({ state, reference: gatewayReferenceId, card }: BookedCharge): ChargeOutcome {
  switch (state) {
    case 'taken':
      return { kind: 'succeeded', gatewayReferenceId, ...approval };
    case 'held':
      return { kind: 'authorized', gatewayReferenceId, ...approval };
    default: {
      const [failureReason, failureCode] =
        state === 'letGo' ? (['other', 'canceled'] as const) : [card.reason, card.reason];
      const canRetry = retryability[failureReason];
      return { kind: 'declined', gatewayReferenceId, failureReason, failureCode, failureMessage: 'No.', canRetry };
    }
  }
}

/** What the customer has paid and not got back, in minor units. */
export const netOf = ({ state, amount, refunds }: BookedCharge): number =>
  state === 'taken' ? [...refunds.values()].reduce((rest, refund) => rest - refund.amount, amount) : 0;
