import type { Outgoing } from '../../machines/shared/message.js';
import type { DrainClocks } from './drainClocks.js';
import type { Engine } from './engine.js';
import { type Envelope, envelope } from './envelope.js';
import { FatalError } from './errors.js';
import type { Delivery } from './routing.js';
import { type Key, keyOf } from './store.js';
import type { Command, Publication, Sending } from './writes.js';

/** Whom the drain can hand a question or an answer at once. */
export interface Inline {
  reaches(key: Key): boolean;
  deliver(sender: Key, receiver: Key, message: Envelope): void;
}

export interface OutboxOptions {
  readonly clocks: DrainClocks;
  readonly inline: Inline;
  /** Whether messages to those whom this process serves are given along within the transaction. */
  readonly alongside: boolean;
  /** Effects that may be claimed as they are sent. */
  readonly calls: number;
}

const isQueued = (delivery: Delivery): delivery is Sending['delivery'] => delivery.queue !== null;

/** What the participants of one drain send, sorted by the way it goes. */
export class Outbox {
  readonly #engine: Engine;
  readonly #options: OutboxOptions;
  readonly #positions = new Map<string, number>();
  #arrivals: Sending[] = [];
  /** Into mailboxes. */
  readonly mail: Sending[] = [];
  /** To effects, claimed for a run in this process. */
  readonly commands: Command[] = [];
  /** To the event log. */
  readonly publications: Publication[] = [];
  /** Receivers whose messages go by their mailbox: somebody is at them, or an earlier message to them already goes that way. */
  readonly away = new Set<string>();

  constructor(engine: Engine, options: OutboxOptions) {
    this.#engine = engine;
    this.#options = options;
  }

  /** What was sent to somebody whom this process serves and is not yet given to them; whoever takes it gives it. */
  takeArrivals(): readonly Sending[] {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    return arrivals;
  }

  /** Routes what a participant sends, whose payloads are sound: into mailboxes, to the event log, or to a participant served within this drain. */
  emit(emitted: readonly Outgoing[], cause: Envelope, sender: Key): void {
    const { routing } = this.#engine;
    // All are routed before the first goes anywhere: a message that is set aside must not have half spoken (invariant 2).
    const routed = emitted.map((outgoing) => {
      const route = routing.route(outgoing.type, outgoing.data);
      for (const delivery of route.deliveries) this.#checkReachable(outgoing, delivery);
      return { outgoing, route };
    });
    const at = this.#options.clocks.at(cause);
    for (const { outgoing, route } of routed) {
      const position = this.#position(sender, cause);
      const { channel, version, deliveries } = route;
      // Nobody listens yet.
      if (!channel && deliveries.length === 0) continue;
      const sent = envelope(outgoing, cause, sender, position);
      if (channel) {
        const data = routing.publicData(sent.type, sent.data);
        this.publications.push({ envelope: sent, data, channel, version, subject: sender.actorId, at });
      }
      for (const delivery of deliveries) {
        if (isQueued(delivery)) this.#send({ envelope: sent, delivery, at, deferred: false });
        else this.#options.inline.deliver(sender, delivery, sent);
      }
    }
  }

  /** Puts a message that came straight from a request, or was given along, into its receiver's mailbox, where it waits like the others. */
  post({ recipient, actorId }: Key, message: Envelope, deferred: boolean): void {
    const delivery = { recipient, actorId, queue: this.#engine.routing.queueOf(message.type, recipient) };
    this.mail.push({ envelope: message, delivery, at: this.#options.clocks.now, deferred });
  }

  #send(sending: Sending): void {
    const { recipient } = sending.delivery;
    const id = keyOf(sending.delivery);
    const participant = this.#engine.participants[recipient];
    if (!this.#options.alongside || !this.#engine.serves?.(recipient) || this.away.has(id)) {
      this.away.add(id);
      this.mail.push(sending);
    } else if (participant?.kind !== 'effect') this.#arrivals.push(sending);
    // An effect's row is its stored intent (invariant 5): it is committed before anything is called.
    else if (this.commands.length < this.#options.calls)
      this.commands.push({ leaseMs: participant.leaseMs, ...sending });
    else this.mail.push(sending);
  }

  /** Counts what a sender says for one cause, which may reach it twice in a drain: the message's id follows from that (envelope.ts). */
  #position(sender: Key, cause: Envelope): number {
    const id = `${keyOf(sender)}/${cause.id}`;
    const position = this.#positions.get(id) ?? 0;
    this.#positions.set(id, position + 1);
    return position;
  }

  #checkReachable({ type }: Outgoing, delivery: Delivery): void {
    if (delivery.queue !== null || this.#options.inline.reaches(delivery)) return;
    const { recipient, actorId } = delivery;
    throw new FatalError(
      'NOT_LOCKED',
      `${type} was answered to ${recipient} ${actorId}, which this drain does not hold`,
    );
  }
}
