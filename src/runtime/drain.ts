import { transaction } from '../db/transaction.js';
import { ActorWork, type Pending } from './actorWork.js';
import { Answers } from './answers.js';
import { type Claim, claimSent, claimWaiting, settle } from './claims.js';
import { DrainClocks } from './drainClocks.js';
import type { Engine } from './engine.js';
import { actorEntry, checkpointEntry, handlerEntry } from './entries.js';
import type { Envelope } from './envelope.js';
import { FatalError } from './errors.js';
import { groupBy } from './groupBy.js';
import { create, receive } from './lifecycle.js';
import { Outbox } from './outbox.js';
import type { Actor, Handled, Trx } from './ports.js';
import { SetAside } from './setAside.js';
import {
  type Key,
  keyOf,
  loadActors,
  lockActors,
  readMessages,
  type StoredActor,
  type Taken,
  tryLockActors,
} from './store.js';
import { type Arming, armTimers, disarmTimers } from './timers.js';
import { timerPrefix } from './turn.js';
import type { Drained, DrainOptions, Unit, Work } from './work.js';
import {
  type ActorWrite,
  buryMessages,
  consumeMessages,
  type Entry,
  keepMessages,
  logEvents,
  saveActors,
  sendMessages,
} from './writes.js';

/** How often a drain gives messages along: two that answer each other for ever would never let it commit. */
const maxRounds = 32;
/** Actors in one drain at most: each holds one of the locks that PostgreSQL has in all, 6,400 by default. */
const maxActors = 500;

/**
 * Does work in one transaction: drains mailboxes, that is, takes the messages, computes the transitions, stores snapshots, journal, timers and the
 * next messages. All or nothing (invariant 2). Nothing outside the database happens here.
 * @throws the database's or a handler's error; the transaction is then rolled back
 */
export function drain(engine: Engine, work: Work, options: DrainOptions = {}): Promise<Drained> {
  return transaction(engine.db, (trx) => new Drain(engine, trx, work, options).run());
}

/** The work of one drain; lives as long as its transaction. */
class Drain {
  readonly #engine: Engine;
  readonly #trx: Trx;
  readonly #todo: Work;
  readonly #units: readonly Unit[];
  readonly #clocks: DrainClocks;
  readonly #outbox: Outbox;
  readonly #aside = new SetAside();
  readonly #actors = new Map<string, ActorWork>();
  readonly #forHandlers = new Map<string, { actorId: string; pending: Pending }[]>();
  readonly #entries: Entry[] = [];
  readonly #answers: Answers;
  /** Handlers with nobody's message before ours in their mailbox. */
  readonly #open = new Set<string>();

  constructor(engine: Engine, trx: Trx, work: Work, { alongside = true, calls = 0 }: DrainOptions) {
    const { units = [] } = work;
    this.#engine = engine;
    this.#trx = trx;
    this.#todo = work;
    this.#units = units;
    this.#clocks = new DrainClocks(trx);
    this.#outbox = new Outbox(engine, {
      clocks: this.#clocks,
      inline: {
        reaches: (key) => this.#actors.has(keyOf(key)) || engine.participants[key.recipient]?.kind === 'handler',
        deliver: (sender, receiver, message) => this.#deliverInline(sender, receiver, message),
      },
      alongside: alongside && engine.serves !== undefined,
      calls: alongside ? calls : 0,
    });
    this.#answers = new Answers(units);
  }

  async run(): Promise<Drained> {
    const { asked = [], settlements = [] } = this.#todo;
    const { participants } = this.#engine;
    const lock = this.#units.length > 0 ? lockActors(this.#trx, this.#units) : null;
    const [{ taken, stored }] = await Promise.all([this.#look(this.#units), lock]);
    const [claims, settled] = await Promise.all([
      claimWaiting(this.#trx, participants, asked),
      settle(this.#trx, participants, settlements),
    ]);
    await this.#assign(taken, stored);
    const directs = this.#units.flatMap(({ direct }) => direct ?? []);
    await this.#clocks.meet([...taken, ...directs, ...settled.map(({ claim }) => claim)]);
    for (const { claim, outcome } of settled) this.#outbox.emit(outcome.emit, claim, claim);
    await this.#work();
    const begun = await this.#store();
    const refs = this.#outbox.mail
      .filter((sending) => !sending.deferred)
      .map(({ envelope: sent, delivery }) => ({ id: sent.id, type: sent.type, ...delivery }));
    return { refs, direct: this.#answers.given, consumed: this.#entries.length, claims, begun };
  }

  /** Reads the mailboxes of those whose locks were just asked for, what is stored of them, and what time it is: all in one journey. */
  async #look(keys: readonly Key[]): Promise<{ taken: readonly Taken[]; stored: ReadonlyMap<string, StoredActor> }> {
    const actors = groupBy(keys.filter(this.#isActor), ({ recipient }) => recipient);
    const [{ now, taken }, ...loaded] = await Promise.all([
      readMessages(this.#trx, keys),
      ...[...actors].map(async ([recipient, own]) => {
        const { table } = this.#engine.participants[recipient] as Actor;
        const ids = [...new Set(own.map(({ actorId }) => actorId))];
        return (await loadActors(this.#trx, table, ids)).map(
          (one) => [keyOf({ recipient, actorId: one.id }), one] as const,
        );
      }),
    ]);
    // Whoever held their locks until now may have written a later time than ours.
    this.#clocks.now = now.toISOString();
    return { taken, stored: new Map(loaded.flat()) };
  }

  readonly #isActor = ({ recipient }: Key): boolean => this.#engine.participants[recipient]?.kind === 'actor';

  /** Gives every taken and direct message to the actor or handler it is for. */
  async #assign(taken: readonly Taken[], stored: ReadonlyMap<string, StoredActor>): Promise<void> {
    const pendingOf = new Map<string, { key: Key; pending: Pending[] }>();
    const add = (key: Key, pending: Pending) => {
      const found = pendingOf.get(keyOf(key));
      if (found) found.pending.push(pending);
      else pendingOf.set(keyOf(key), { key, pending: [pending] });
    };
    const { chosen, blocked } = this.#choose(taken);
    for (const message of chosen) add(message, { message, taken: message });
    for (const unit of this.#units) {
      if (!unit.direct) continue;
      const pending = { message: unit.direct, taken: null };
      if (blocked) this.#holdBack(unit, [pending]);
      else add(unit, pending);
    }

    const awoken: ActorWork[] = [];
    for (const { key, pending } of pendingOf.values()) {
      const participant = this.#engine.participants[key.recipient];
      if (participant?.kind === 'actor') {
        awoken.push(new ActorWork(key.recipient, key.actorId, participant, pending));
        continue;
      }
      const held = pending.findIndex((one) => one.taken?.heldUntil);
      const free = held < 0 ? pending : pending.slice(0, held);
      for (const one of free) this.#giveToHandler(key, one);
      this.#holdBack(key, pending.slice(free.length));
    }
    await this.#awaken(awoken, stored);
  }

  /** Which messages to handle: all of them, but for a mailbox whose unit says otherwise. */
  #choose(taken: readonly Taken[]): { chosen: readonly Taken[]; blocked: boolean } {
    const range = this.#units.length === 1 ? this.#units[0]?.range : undefined;
    if (!range) return { chosen: taken, blocked: false };
    const older = taken.filter(({ seq }) => BigInt(seq) < range.from);
    // Whoever waits for a state may be passed over, whoever waits for his turn may not (invariant 4).
    const blocked = older.some(({ deferred }) => !deferred);
    const chosen = blocked ? [] : taken.filter(({ seq }) => range.from <= BigInt(seq) && BigInt(seq) <= range.upTo);
    // The state may be reached now without them, so somebody must look at them again.
    if (!blocked) for (const one of older) this.#aside.keep(one, { deferred: false });
    range.saw?.(chosen);
    return { chosen, blocked };
  }

  /** Lets actors take part whose locks are held, as they are stored. */
  async #awaken(works: readonly ActorWork[], stored: ReadonlyMap<string, StoredActor>): Promise<void> {
    for (const work of works) {
      this.#actors.set(keyOf(work), work);
      work.stored = stored.get(keyOf(work)) ?? null;
    }
    await this.#clocks.meet(works.flatMap((work) => work.stored ?? []));
  }

  #giveToHandler({ recipient, actorId }: Key, pending: Pending): void {
    try {
      this.#check(pending);
    } catch (error) {
      this.#fail(pending, error);
      return;
    }
    const list = this.#forHandlers.get(recipient);
    if (list) list.push({ actorId, pending });
    else this.#forHandlers.set(recipient, [{ actorId, pending }]);
  }

  /** Alternates between actors and the handlers they ask and tell, until nobody has anything left to do. */
  async #work(): Promise<void> {
    for (let round = 1; ; round++) {
      for (const work of this.#actors.values()) this.#advance(work);
      await this.#handle();
      for (const work of this.#actors.values()) work.hear();
      await this.#takeAlong(round < maxRounds);
      if (this.#forHandlers.size === 0 && ![...this.#actors.values()].some((work) => work.ready)) return;
    }
  }

  /** Gives what was sent to those whom this process serves, as far as nobody else is at them; the rest goes by their mailbox. */
  async #takeAlong(mayGoOn: boolean): Promise<void> {
    const arrivals = this.#outbox.takeArrivals();
    const { away, mail } = this.#outbox;
    const strangers = new Map<string, Key>();
    for (const { delivery } of arrivals) {
      const id = keyOf(delivery);
      if (!mayGoOn) away.add(id);
      else if (!this.#actors.has(id) && !this.#open.has(id) && !away.has(id)) strangers.set(id, delivery);
    }
    if (this.#actors.size + strangers.size > maxActors) for (const id of strangers.keys()) away.add(id);
    else if (strangers.size > 0) await this.#invite(strangers);
    for (const sending of arrivals) {
      const { envelope: message, delivery } = sending;
      const id = keyOf(delivery);
      const pending = { message, taken: null, along: true };
      if (away.has(id)) mail.push(sending);
      else if (this.#open.has(id)) this.#giveToHandler(delivery, pending);
      else this.#actors.get(id)?.pending.push(pending);
    }
  }

  /** Lets receivers take part that nobody else is at; what waits in their mailboxes comes first (invariant 4). */
  async #invite(strangers: ReadonlyMap<string, Key>): Promise<void> {
    const { away } = this.#outbox;
    const keys = [...strangers.values()];
    const handlers = keys.filter((key) => !this.#isActor(key));
    const [actors, read] = await Promise.all([tryLockActors(this.#trx, keys.filter(this.#isActor)), this.#look(keys)]);
    for (const id of strangers.keys()) away.add(id);
    const free = new Set([...actors, ...handlers].map(keyOf));
    const taken = read.taken.filter((message) => free.has(keyOf(message)));
    const waiting = groupBy(taken, keyOf);
    for (const key of handlers) {
      // Nobody locks a handler's mailbox: what waits there is for whoever was woken for it.
      if (waiting.has(keyOf(key))) continue;
      away.delete(keyOf(key));
      this.#open.add(keyOf(key));
    }
    const awoken = actors.map((key) => {
      away.delete(keyOf(key));
      const actor = this.#engine.participants[key.recipient] as Actor;
      const pending = (waiting.get(keyOf(key)) ?? []).map((message): Pending => ({ message, taken: message }));
      return new ActorWork(key.recipient, key.actorId, actor, pending);
    });
    await this.#awaken(awoken, read.stored);
    await this.#clocks.meet(taken);
  }

  /** Feeds an actor its messages in order until none is left, one has to wait, or an answer from a handler is due first. */
  #advance(work: ActorWork): void {
    while (work.ready) {
      const pending = work.pending.shift() as Pending;
      if (pending.taken?.heldUntil) {
        this.#holdBack(work, [pending, ...work.pending]);
        work.pending = [];
        return;
      }
      try {
        this.#step(work, pending);
      } catch (error) {
        if (pending.along) {
          // By its mailbox it fails by itself, with whatever backoff or burial that takes (invariant 8).
          this.#outbox.away.add(keyOf(work));
          this.#holdBack(work, [pending, ...work.pending], null);
          work.pending = [];
          return;
        }
        const wakeAt = this.#fail(pending, error);
        if (!wakeAt) continue;
        this.#holdBack(work, work.pending, wakeAt);
        work.pending = [];
      }
    }
  }

  /**
   * Keeps messages in their mailbox: one in backoff holds up what was sent after it, so that the order stays (invariant 4).
   * Nobody needs to be woken for them before `until`, which is the end of the first one's own backoff unless it is given.
   */
  #holdBack(key: Key, pending: readonly Pending[], until: Date | null = pending[0]?.taken?.heldUntil ?? null): void {
    for (const { message, taken } of pending) {
      if (taken) {
        this.#aside.keep(taken, { deferred: false, wakeAt: taken.heldUntil ?? until });
        continue;
      }
      this.#outbox.post(key, message, false);
      this.#answers.give(key, message, { outcome: 'deferred', reason: 'an earlier message is being retried' });
    }
  }

  #step(work: ActorWork, pending: Pending): void {
    const message = work.bind(pending.message);
    const at = this.#clocks.at(message);
    this.#check(pending);
    const before = work.living();
    const received = this.#received(message);
    let step: ReturnType<typeof receive>;
    if (before) step = receive(before, received);
    else if (work.actor.creates.includes(message.type)) step = create(work.actor, received);
    else step = { outcome: 'ignored', reason: `there is no such ${work.recipient}` };

    const { outcome } = step;
    if (outcome === 'deferred') {
      work.deferred.push(pending);
      this.#answers.give(work, message, { outcome, reason: null });
      return;
    }
    if (outcome === 'ignored') {
      const { reason } = step;
      this.#entries.push(actorEntry(work, pending, { before, after: before, outcome, reason, at }));
      this.#answers.give(work, message, { outcome, reason });
      return;
    }
    const { next } = step;
    this.#outbox.emit(step.emitted, message, work);
    const beginning = checkpointEntry(work, message, at);
    if (beginning) this.#entries.push(beginning);
    work.apply(next, step.arm, step.disarm, message, at);
    this.#entries.push(actorEntry(work, pending, { before, after: next, outcome, reason: null, at }));
    this.#answers.give(work, message, { outcome, reason: null });
  }

  /** Asks the handlers who have something to do, all at once: they are different services, with rows of their own. */
  async #handle(): Promise<void> {
    const batches = [...this.#forHandlers];
    this.#forHandlers.clear();
    const answers = await Promise.all(
      batches.map(async ([recipient, batch]) => {
        const participant = this.#engine.participants[recipient];
        if (participant?.kind !== 'handler')
          throw new FatalError('NO_PARTICIPANT', `nobody handles messages for ${recipient}`);
        return participant.handle(
          this.#trx,
          batch.map(({ pending }) => this.#received(pending.message)),
        );
      }),
    );
    for (const [number, [recipient, batch]] of batches.entries()) {
      for (const [index, { actorId, pending }] of batch.entries()) {
        const { message } = pending;
        const handled = answers[number]?.[index] as Handled;
        const key = { recipient, actorId };
        const { emit = [] } = handled;
        // Rows of the database are in it. What a machine says follows from what was checked, and the simulation holds it against the schemas.
        for (const { type, data } of emit) this.#engine.routing.check(type, data);
        this.#outbox.emit(emit, message, key);
        this.#entries.push(handlerEntry(key, pending, handled, this.#clocks.at(message)));
        this.#answers.giveHandled(message, handled);
      }
    }
  }

  #deliverInline(sender: Key, receiver: Key, message: Envelope): void {
    const pending = { message, taken: null };
    const target = this.#actors.get(keyOf(receiver));
    if (target) {
      target.answer(pending);
      return;
    }
    this.#actors.get(keyOf(sender))?.ask();
    this.#giveToHandler(receiver, pending);
  }

  /** What comes out of a mailbox may be older than the schemas; anything else was checked when it was sent. */
  #check({ message, taken }: Pending): void {
    if (taken && !message.type.startsWith(timerPrefix)) this.#engine.routing.check(message.type, message.data);
  }

  #received(message: Envelope) {
    const { type, data, id, correlationId } = message;
    return { type, data, id, at: this.#clocks.at(message), correlationId };
  }

  /** Sets a throwing message aside; answers the end of its backoff, null when it has none. */
  #fail({ taken }: Pending, error: unknown): Date | null {
    // A direct message is not stored yet: whoever asked gets the error, and nothing changes.
    if (!taken) throw error;
    return this.#aside.fail(taken, error, this.#clocks.now);
  }

  /** Writes everything; answers the effects that were claimed as they were sent. */
  async #store(): Promise<Claim[]> {
    const writes = new Map<Actor, ActorWrite[]>();
    const armings: Arming[] = [];
    const disarmed: (Key & { name: string })[] = [];
    for (const work of this.#actors.values()) {
      for (const { taken, message } of work.deferred) {
        if (!taken) this.#outbox.post(work, message, true);
        else if (!taken.deferred) this.#aside.keep(taken, { deferred: true });
      }
      const write = work.write();
      if (!write) continue;
      const list = writes.get(work.actor);
      if (list) list.push(write);
      else writes.set(work.actor, [write]);
      armings.push(...work.armings());
      disarmed.push(...work.disarmed());
    }
    const { mail, commands, publications } = this.#outbox;
    const trx = this.#trx;
    const saves = [...writes].map(([actor, list]) => saveActors(trx, actor, list));
    const rest = [
      consumeMessages(trx, this.#entries),
      disarmTimers(trx, disarmed),
      armTimers(trx, armings),
      keepMessages(trx, this.#aside.kept),
      buryMessages(trx, this.#aside.buried),
      sendMessages(trx, mail, this.#engine.wakeAfterMs),
      logEvents(trx, publications),
    ];
    const [begun] = await Promise.all([claimSent(trx, this.#engine.participants, commands), ...saves, ...rest]);
    return begun;
  }
}
