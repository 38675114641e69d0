import { deriveId } from '../../machines/shared/ids.js';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import { routing } from '../../queues/routing.js';
import { type Envelope, envelope } from '../../src/runtime/envelope.js';
import type { JournalRow } from '../../src/runtime/fold.js';
import { create, type Living, receive, restore, toSnapshot } from '../../src/runtime/lifecycle.js';
import type { Actor, Effect } from '../../src/runtime/ports.js';
import type { Key } from '../../src/runtime/store.js';

/** Something that must never be: a broken promise of the engine, a machine or a handler. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

/**
 * Says what must be so.
 * @throws {Violation} when it is not
 */
export const demand = (isSo: boolean, what: string): void => {
  if (!isSo) throw new Violation(what);
};

/** A handler whose rows are in memory; answers what follows from one message. */
export interface MemoryHandler {
  readonly kind: 'handler';
  handle(message: Received): readonly Outgoing[];
}

/** A real effect on a provider in memory; `prepare` stands for what it reads from the database when a run is claimed. */
export interface MemoryEffect {
  readonly kind: 'effect';
  readonly effect: Effect;
  prepare(message: Received): unknown;
}

export type Cast = Readonly<Record<string, Actor | MemoryHandler | MemoryEffect>>;

/** A row of a mailbox. */
export interface Mail extends Envelope, Key {
  readonly sentAt: number;
  wakeAt: number;
  deferred: boolean;
  attempts: number;
  inDoubt: boolean;
  leaseUntil: number;
}

/** An actor as it is stored between two drains; the snapshot is text, as JSON leaves it. */
export interface StoredActor extends Key {
  readonly version: number;
  readonly machineVersion: number;
  readonly state: string;
  readonly context: unknown;
  readonly snapshot: string;
  readonly journal: JournalRow[];
  readonly said: Outgoing[];
}

interface Timer extends Key {
  readonly name: string;
  readonly visit: number;
  readonly dueAt: number;
  readonly cause: Envelope;
}

/** A wake-up on its way; the mailbox decides what there is to do (invariant 2). */
export interface Packet extends Key {
  readonly mailId: string;
}

const start = Date.parse('2026-03-02T09:00:00.000Z');
/** After this long a message that nobody fetched gets a new packet (ms). */
const wakeAfterMs = 5_000;

/**
 * The engine's guarantees in memory: one transaction per drain, mailboxes in order, deferral, timers as rows, packets that only
 * wake, and a sweeper. What becomes of a packet, and when time moves, others decide (play.ts).
 */
export class World {
  now = start;
  /** How long everything stood still, all in all (ms): timers were late by that at most. */
  stoodStillMs = 0;
  readonly story: string[] = [];
  readonly actors = new Map<string, StoredActor>();
  readonly mailboxes = new Map<string, Mail[]>();
  readonly timers = new Map<string, Timer>();
  readonly ignored: string[] = [];
  packets: Packet[] = [];
  readonly #cast: Cast;
  readonly #names = new Map<string, string>();
  #ids = 0;

  constructor(cast: Cast) {
    this.#cast = cast;
  }

  /** A new UUIDv7: the same one in every run of a story. */
  newId(): string {
    this.#ids += 1;
    const time = this.now.toString(16).padStart(12, '0');
    return deriveId(`${time.slice(0, 8)}-${time.slice(8)}-7000-8000-000000000000`, `${this.#ids}`);
  }

  get at(): string {
    return new Date(this.now).toISOString();
  }

  note(line: string): void {
    this.story.push(`${((this.now - start) / 1000).toFixed(3).padStart(12)} s  ${line}`);
  }

  /** What an id is called in the story: `order 1`. */
  nameOf({ recipient, actorId }: Key): string {
    const key = `${recipient}/${actorId}`;
    let name = this.#names.get(key);
    if (name === undefined) {
      const known = [...this.#names.keys()].filter((one) => one.startsWith(`${recipient}/`)).length;
      name = `${recipient} ${known + 1}`;
      this.#names.set(key, name);
    }
    return name;
  }

  participant(recipient: string): Cast[string] {
    const found = this.#cast[recipient];
    if (!found) throw new Violation(`nobody receives messages for ${recipient}`);
    return found;
  }

  /** All actors of a kind with their contexts. */
  all<C>(recipient: string): { id: string; state: string; context: C }[] {
    return [...this.actors.values()]
      .filter((actor) => actor.recipient === recipient)
      .map(({ actorId, state, context }) => ({ id: actorId, state, context: context as C }));
  }

  /** A command from outside: goes straight into its receiver's drain. */
  tell(type: string, data: unknown): void {
    this.note(`— ${type} —`);
    const id = this.newId();
    const message = { type, data, id, source: '/http', correlationId: id, causationId: null, clockId: null };
    routing.check(type, data);
    for (const to of routing.route(type, data).deliveries) {
      this.#put(message, to);
      this.drain(to);
    }
  }

  /** Handles everything that waits in a mailbox, in one transaction; a second packet for it finds nothing. */
  drain(key: Key): void {
    this.now += 1;
    const mailbox = this.mailboxes.get(`${key.recipient}/${key.actorId}`) ?? [];
    if (mailbox.length === 0) return;
    const participant = this.participant(key.recipient);
    if (participant.kind === 'effect') throw new Violation(`${key.recipient} runs outside any drain`);
    const sent: [Envelope, Key][] = [];
    const kept = participant.kind === 'actor' ? this.#advance(key, participant, mailbox, sent) : [];
    if (participant.kind === 'handler')
      for (const mail of mailbox) this.#ask(key, participant, mail, new Map(), sent, []);
    this.mailboxes.set(`${key.recipient}/${key.actorId}`, kept);
    for (const [message, to] of sent) this.#put(message, to);
  }

  /** Sends what an effect has to say, and consumes its message. */
  settle(mail: Mail, emitted: readonly Outgoing[]): void {
    this.now += 1;
    const key = `${mail.recipient}/${mail.actorId}`;
    this.mailboxes.set(
      key,
      (this.mailboxes.get(key) ?? []).filter((one) => one !== mail),
    );
    const sent: [Envelope, Key][] = [];
    const answers = this.#emit(emitted, mail, mail, new Map(), sent);
    if (answers.length > 0) throw new Violation(`an effect cannot answer within a drain: ${answers[0]?.type}`);
    for (const [message, to] of sent) this.#put(message, to);
  }

  /** Whether nothing is on its way: only time can bring something. */
  get isQuiet(): boolean {
    return this.packets.length === 0 && [...this.mailboxes.values()].every((mails) => mails.length === 0);
  }

  /** When something is due next; null when nothing ever will be. */
  nextDue(): number | null {
    const dues = [...this.timers.values()].map(({ dueAt }) => dueAt);
    for (const mails of this.mailboxes.values())
      for (const mail of mails) if (!mail.deferred) dues.push(Math.max(mail.wakeAt, mail.leaseUntil));
    return dues.length > 0 ? Math.min(...dues) : null;
  }

  /** Moves the clock, then does what the sweeper does: due timers become messages, forgotten messages get new packets. */
  sweepAt(instant: number): void {
    this.now = Math.max(this.now, instant);
    const due = [...this.timers].filter(([, { dueAt }]) => dueAt <= this.now).sort(([, a], [, b]) => a.dueAt - b.dueAt);
    for (const [key, { name, visit, cause, recipient, actorId }] of due) {
      this.timers.delete(key);
      const message = {
        ...cause,
        type: name,
        data: { visit },
        id: this.newId(),
        source: '/timers',
        causationId: cause.id,
      };
      this.#put(message, { recipient, actorId });
    }
    for (const mails of this.mailboxes.values())
      for (const mail of mails) {
        if (mail.deferred || mail.wakeAt > this.now || mail.leaseUntil > this.now) continue;
        mail.wakeAt = this.now + wakeAfterMs;
        this.packets.push({ recipient: mail.recipient, actorId: mail.actorId, mailId: mail.id });
      }
  }

  #put(message: Envelope, { recipient, actorId }: Key): void {
    const mail = { ...message, recipient, actorId, sentAt: this.now, wakeAt: this.now + wakeAfterMs };
    const row: Mail = { ...mail, deferred: false, attempts: 0, inDoubt: false, leaseUntil: 0 };
    const mailbox = this.mailboxes.get(`${recipient}/${actorId}`);
    if (mailbox) mailbox.push(row);
    else this.mailboxes.set(`${recipient}/${actorId}`, [row]);
    this.packets.push({ recipient, actorId, mailId: row.id });
  }

  received = ({ type, data, id, correlationId }: Envelope): Received => ({
    type,
    data,
    id,
    at: this.at,
    correlationId,
  });

  /** An actor's part of a drain; answers the messages that stay in its mailbox. */
  #advance(key: Key, actor: Actor, mailbox: readonly Mail[], sent: [Envelope, Key][]): Mail[] {
    const id = `${key.recipient}/${key.actorId}`;
    const stored = this.actors.get(id);
    let living: Living | null = stored ? restore(actor, { ...stored, snapshot: JSON.parse(stored.snapshot) }) : null;
    const journal = stored?.journal ?? [];
    const said = stored?.said ?? [];
    const positions = new Map<string, number>();
    const pending: Envelope[] = [...mailbox];
    let deferred: Envelope[] = [];
    for (let message = pending.shift(); message; message = pending.shift()) {
      const received = this.received(message);
      if (!living && !actor.creates.includes(message.type)) {
        this.#ignore(key, message, `there is no such ${key.recipient}`);
        continue;
      }
      const before: string = living ? living.state.node.path : '';
      const step = living ? receive(living, received) : create(actor, received);
      if (step.outcome === 'deferred') {
        deferred.push(message);
        continue;
      }
      if (step.outcome === 'ignored') {
        this.#ignore(key, message, step.reason);
        continue;
      }
      const answers = this.#emit(step.emitted, message, key, positions, sent);
      living = step.next;
      const { version } = living;
      const { id: messageId, ...row } = received;
      journal.push({ ...row, messageId, version, machineVersion: actor.version });
      said.push(...step.emitted);
      for (const name of step.disarm) this.timers.delete(`${id}/${name}`);
      for (const [name, delay] of Object.entries(step.arm))
        this.timers.set(`${id}/${name}`, {
          ...key,
          name,
          visit: version,
          dueAt: this.now + Math.max(0, delay),
          cause: message,
        });
      const after = living.state.node.path;
      this.note(`${this.nameOf(key)}: ${message.type}${before === after ? '' : ` → ${after}`}`);
      pending.unshift(...answers, ...deferred);
      deferred = [];
    }
    if (living) {
      const state = living.state.node.path;
      const { version } = living;
      const { context } = living.state;
      const snapshot = JSON.stringify(toSnapshot(living));
      this.actors.set(id, { ...key, version, machineVersion: actor.version, state, context, snapshot, journal, said });
    }
    return deferred.map((message) => ({ ...(message as Mail), deferred: true }));
  }

  #ignore(key: Key, { type }: Envelope, reason: string): void {
    this.ignored.push(`${key.recipient}: ${reason}`);
    this.note(`${this.nameOf(key)}: ${type} is ignored, ${reason}`);
  }

  /** Gives a message to a handler and sends what it says; answers for the asking actor are added to `answers`. */
  #ask(
    key: Key,
    handler: MemoryHandler,
    message: Envelope,
    positions: Map<string, number>,
    sent: [Envelope, Key][],
    answers: Envelope[],
  ): void {
    answers.push(...this.#emit(handler.handle(this.received(message)), message, key, positions, sent));
  }

  /** Routes messages into `sent`; what is served within the drain is served at once, and its answers are returned. */
  #emit(
    emitted: readonly Outgoing[],
    cause: Envelope,
    sender: Key,
    positions: Map<string, number>,
    sent: [Envelope, Key][],
  ): Envelope[] {
    const answers: Envelope[] = [];
    const questions: [Envelope, Key][] = [];
    for (const outgoing of emitted) {
      routing.check(outgoing.type, outgoing.data);
      const from = `${sender.recipient}/${sender.actorId}/${cause.id}`;
      const position = positions.get(from) ?? 0;
      positions.set(from, position + 1);
      const message = envelope(outgoing, cause, sender, position);
      for (const { recipient, actorId, queue } of routing.route(outgoing.type, outgoing.data).deliveries) {
        const kind = this.participant(recipient).kind;
        if (queue !== null) sent.push([message, { recipient, actorId }]);
        else if (kind === 'handler') questions.push([message, { recipient, actorId }]);
        else answers.push(message);
      }
    }
    for (const [message, to] of questions)
      this.#ask(to, this.participant(to.recipient) as MemoryHandler, message, positions, sent, answers);
    return answers;
  }
}
