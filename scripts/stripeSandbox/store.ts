import type { Agreement, Customer, Intent, Refund, SavedCard } from './entities.js';
import type { LedgerEntry, LedgerPosition } from './ledger.js';
import type { CardLookup } from './render.js';
import { testCards } from './testCards.js';

/** What an idempotency key was first used with, and the ledger entry whose reply every later use gets. */
export interface KeptReply {
  readonly fingerprint: string | null;
  readonly keptSince: number;
  readonly position: LedgerPosition;
}

const keyLifetimeMs = 24 * 60 * 60 * 1000;
const keySweepMs = 60 * 1000;

/** Everything the sandbox knows, folded from the ledger: `apply` is its only way to change. */
export class Store {
  intents = new Map<string, Intent>();
  refunds = new Map<string, Refund>();
  customers = new Map<string, Customer>();
  savedCards = new Map<string, SavedCard>();
  agreements = new Map<string, Agreement>();
  replies = new Map<string, KeptReply>();
  #intentsByEffect = new Map<string, string[]>();
  #intentOfCharge = new Map<string, string>();
  readonly #maxIntents: number;
  #keysSweptAt = 0;

  /** Forgets the oldest intents beyond `maxIntents`, and idempotency keys after 24 hours as Stripe may. */
  constructor(maxIntents: number) {
    this.#maxIntents = maxIntents;
  }

  /** The card behind a test token or a saved card. */
  readonly cardOf: CardLookup = (paymentMethod) => {
    const token = this.savedCards.get(paymentMethod)?.token ?? paymentMethod;
    const card = testCards.get(token);
    if (!card) throw new Error(`The ledger names a payment method that is unknown here: ${paymentMethod}`);
    return card;
  };

  intentOfCharge(chargeId: string): Intent | undefined {
    return this.intents.get(this.#intentOfCharge.get(chargeId) ?? '');
  }

  /** Intents whose `metadata.effectId` is the given one, oldest first. */
  intentsByEffect(effectId: string): Intent[] {
    const ids = this.#intentsByEffect.get(effectId) ?? [];
    return ids.map((id) => this.intents.get(id)).filter((intent) => intent !== undefined);
  }

  apply(entry: LedgerEntry, position: LedgerPosition): void {
    if (entry.type === 'reset') {
      const { intents, refunds, customers, savedCards, agreements, replies } = this;
      for (const map of [intents, refunds, customers, savedCards, agreements, replies]) map.clear();
      this.#intentsByEffect.clear();
      this.#intentOfCharge.clear();
      return;
    }
    const { intent, refund, customer, savedCard, agreement } = entry;
    if (intent) this.#putIntent(intent);
    if (refund) this.refunds.set(refund.id, refund);
    if (customer) this.customers.set(customer.id, customer);
    if (savedCard) this.savedCards.set(savedCard.id, savedCard);
    if (agreement) this.agreements.set(agreement.id, agreement);
    if (entry.idempotencyKey !== null) this.#keepReply(entry.idempotencyKey, entry, position);
  }

  #putIntent(intent: Intent): void {
    if (!this.intents.has(intent.id)) {
      const effectId = intent.metadata.effectId;
      if (effectId !== undefined) {
        const known = this.#intentsByEffect.get(effectId);
        if (known) known.push(intent.id);
        else this.#intentsByEffect.set(effectId, [intent.id]);
      }
    }
    this.intents.set(intent.id, intent);
    const charge = intent.charges.at(-1);
    if (charge) this.#intentOfCharge.set(charge.id, intent.id);
    // A tenth at a time: finding the first entry of a Map costs a step for each one deleted before it.
    if (this.intents.size > this.#maxIntents * 1.1) this.#forgetOldestIntents(this.intents.size - this.#maxIntents);
  }

  #forgetOldestIntents(count: number): void {
    let left = count;
    for (const oldest of this.intents.values()) {
      if (left === 0) return;
      left -= 1;
      this.intents.delete(oldest.id);
      for (const charge of oldest.charges) this.#intentOfCharge.delete(charge.id);
      if (oldest.metadata.effectId !== undefined) this.#intentsByEffect.delete(oldest.metadata.effectId);
    }
  }

  #keepReply(key: string, { at, fingerprint }: LedgerEntry, position: LedgerPosition): void {
    const now = Date.parse(at);
    this.replies.set(key, { fingerprint, keptSince: now, position });
    if (now - this.#keysSweptAt < keySweepMs) return;
    this.#keysSweptAt = now;
    for (const [oldKey, kept] of this.replies) {
      if (now - kept.keptSince < keyLifetimeMs) break;
      this.replies.delete(oldKey);
    }
  }
}
