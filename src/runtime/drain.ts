import type { StateValue } from 'xstate';
import { deriveId } from '../../machines/shared/ids.js';
import type { Outgoing, Received } from '../../machines/shared/message.js';
import { ActorWork, type Pending } from './actorWork.js';
import { type Asked, type Claim, claimSent, claimWaiting, type Settlement, settle } from './claims.js';
import { readClocks } from './clockTime.js';
import { describeError } from './describeError.js';
import type { Engine } from './engine.js';
import { type Envelope, envelope } from './envelope.js';
import { type DomainError, FatalError } from './errors.js';
import { checkpoint } from './fold.js';
import {
  allowedEvents,
  create,
  type Living,
  NewerVersionError,
  receive,
  statePath,
  timerPrefix,
  toSnapshot,
} from './lifecycle.js';
import type { Actor, Handled, Snapshot, Trx } from './ports.js';
import type { Delivery, Ref } from './routing.js';
import {
  type ActorWrite,
  buryMessages,
  consumeMessages,
  type Entry,
  type Kept,
  type Key,
  keepMessages,
  loadActors,
  lockActors,
  logEvents,
  type Publication,
  readMessages,
  type Sending,
  saveActors,
  sendClaimed,
  sendMessages,
  type Taken,
  tryLockActors,
} from './store.js';
import { type Arming, armTimers, disarmTimers } from './timers.js';

/** One thing to drain: an actor's mailbox, and optionally a message that comes straight from a request instead of from the mailbox. */
export interface Unit extends Key {
  readonly direct?: Envelope;
  /** Which of the waiting messages to handle, when not all of them are to be; see culprit.ts. */
  readonly range?: Range | undefined;
}

/** Some of the messages of a mailbox that is drained by itself: from one sequence number to another, both included. */
export interface Range {
  readonly from: bigint;
  readonly upTo: bigint;
  /** Told which messages are handled, before they are. */
  readonly saw?: (chosen: readonly Taken[]) => void;
}

/** What a direct message did; see `Accepted` in accept.ts. */
export interface DirectResult {
  readonly outcome: 'applied' | 'ignored' | 'deferred' | 'refused';
  readonly state: string | null;
  readonly version: number | null;
  readonly snapshot: Snapshot | null;
  readonly allowedEvents: readonly string[];
  readonly reason: string | null;
  readonly refusal: DomainError | null;
  readonly answer: unknown;
}

/** What one transaction is to do: drain mailboxes, claim effects for a run, store what came of runs. */
export interface Work {
  readonly units?: readonly Unit[];
  readonly asked?: readonly Asked[];
  readonly settlements?: readonly Settlement[];
}

/** The result of one committed drain. */
export interface Drained {
  /** Those of the asked effects that are ours to run now. */
  readonly claims: readonly Claim[];
  /** Effects that were claimed as they were sent. */
  readonly begun: readonly Claim[];
  /** Messages that now wait in mailboxes and want a packet. */
  readonly refs: readonly Ref[];
  /** By message id. */
  readonly direct: ReadonlyMap<string, DirectResult>;
  readonly consumed: number;
}

/** How often a drain gives messages along: two that answer each other for ever would never let it commit. */
const maxRounds = 32;
/** Actors in one drain at most: each holds one of the locks that PostgreSQL has in all, 6,400 by default. */
const maxActors = 500;

/** How often a message may throw before it is parked, and how long it waits in between (ms): 0.2, 0.8, 3.2, 12.8 s. */
export const maxAttempts = 5;
export const backoffMs = (attempts: number): number => 50 * 4 ** attempts;

/**
 * Does work in one transaction: drains mailboxes, that is, takes the messages, computes the transitions, stores snapshots, journal, timers and the
 * next messages. All or nothing (invariant 2). Nothing outside the database happens here.
 * @throws the database's or a handler's error; the transaction is then rolled back
 */
export function drain(engine: Engine, work: Work, options: DrainOptions = {}): Promise<Drained> {
  return engine.db.transaction().execute((trx) => new Drain(engine, trx, work, options).run());
}

export interface DrainOptions {
  /** False sends everything by mailbox and queue, also to those whom this process serves: each receiver then fails alone. */
  readonly alongside?: boolean;
  /** Effects that may be claimed as they are sent, to be run in this process after the commit. */
  readonly calls?: number;
}

/** The work of one drain; lives as long as its transaction. */
class Drain {
  readonly #engine: Engine;
  readonly #trx: Trx;
  readonly #todo: Work;
  readonly #units: readonly Unit[];
  readonly #calls: number;
  readonly #actors = new Map<string, ActorWork>();
  readonly #forHandlers = new Map<string, { actorId: string; pending: Pending }[]>();
  readonly #direct = new Map<string, DirectResult>();
  readonly #entries: Entry[] = [];
  readonly #sendings: Sending[] = [];
  readonly #publications: Publication[] = [];
  readonly #kept: Kept[] = [];
  readonly #buried: { taken: Taken; attempts: number; error: string }[] = [];
  /** Ids of direct messages: somebody waits to hear what they did. */
  readonly #awaited: ReadonlySet<string>;
  readonly #alongside: boolean;
  /** Sent to somebody whom this process serves, and not yet given to them. */
  #arrivals: Sending[] = [];
  /** Sent to effects, and claimed for a run in this process. */
  readonly #commands: (Sending & { readonly leaseMs: number })[] = [];
  /** Handlers with nobody's message before ours in their mailbox. */
  readonly #open = new Set<string>();
  /** Receivers whose messages go by their mailbox: somebody is at them, or an earlier message to them already goes that way. */
  readonly #away = new Set<string>();
  #now = '';
  /** What time it is on the test clocks that are met here. */
  readonly #clocks = new Map<string, string>();

  constructor(engine: Engine, trx: Trx, work: Work, { alongside = true, calls = 0 }: DrainOptions) {
    const { units = [] } = work;
    this.#engine = engine;
    this.#trx = trx;
    this.#todo = work;
    this.#units = units;
    this.#calls = alongside ? calls : 0;
    this.#alongside = alongside && engine.serves !== undefined;
    this.#awaited = new Set(units.flatMap((unit) => (unit.direct ? [unit.direct.id] : [])));
  }

  async run(): Promise<Drained> {
    const { asked = [], settlements = [] } = this.#todo;
    const { participants } = this.#engine;
    if (this.#units.length > 0) await lockActors(this.#trx, this.#units);
    const claims = asked.length > 0 ? await claimWaiting(this.#trx, participants, asked) : [];
    const settled = settlements.length > 0 ? await settle(this.#trx, participants, settlements) : [];
    const { now, taken } = await readMessages(this.#trx, this.#units);
    this.#now = now.toISOString();
    await this.#assign(taken);
    await this.#readClocks([
      ...taken,
      ...this.#units.flatMap(({ direct }) => direct ?? []),
      ...settled.map(({ claim }) => claim),
    ]);
    for (const { claim, outcome } of settled) this.#emit(outcome.emit, claim, claim);
    await this.#work();
    const begun = await this.#store();
    const refs = this.#sendings
      .filter((sending) => !sending.deferred)
      .map(({ envelope: sent, delivery }) => ({ id: sent.id, type: sent.type, ...delivery }));
    return { refs, direct: this.#direct, consumed: this.#entries.length, claims, begun };
  }

  /** Gives every taken and direct message to the actor or handler it is for. */
  async #assign(taken: readonly Taken[]): Promise<void> {
    const pendingOf = new Map<string, Pending[]>();
    const add = (key: Key, pending: Pending) => {
      const id = `${key.recipient}/${key.actorId}`;
      const list = pendingOf.get(id);
      if (list) list.push(pending);
      else pendingOf.set(id, [pending]);
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
    for (const [id, pending] of pendingOf) {
      const [recipient, actorId] = id.split('/') as [string, string];
      const participant = this.#engine.participants[recipient];
      if (participant?.kind === 'actor') awoken.push(new ActorWork(recipient, actorId, participant, pending));
      else {
        const held = pending.findIndex((one) => one.taken?.heldUntil);
        const free = held < 0 ? pending : pending.slice(0, held);
        for (const one of free) this.#giveToHandler(recipient, actorId, one);
        this.#holdBack({ recipient, actorId }, pending.slice(free.length));
      }
    }
    await this.#awaken(awoken);
  }

  /** Reads what is stored of actors whose locks are held, and lets them take part. */
  async #awaken(works: readonly ActorWork[]): Promise<void> {
    const idsByTable = new Map<string, string[]>();
    for (const work of works) {
      this.#actors.set(keyOf(work), work);
      const ids = idsByTable.get(work.recipient);
      if (ids) ids.push(work.actorId);
      else idsByTable.set(work.recipient, [work.actorId]);
    }
    for (const [recipient, ids] of idsByTable) {
      const { table } = this.#engine.participants[recipient] as Actor;
      for (const stored of await loadActors(this.#trx, table, ids))
        (this.#actors.get(`${recipient}/${stored.id}`) as ActorWork).stored = stored;
    }
  }

  /** Reads what time it is on the clocks of messages, and of the actors that take part, that were not met before. */
  async #readClocks(messages: readonly { readonly clockId: string | null }[]): Promise<void> {
    const ids = new Set<string>();
    const met = ({ clockId }: { readonly clockId: string | null }) => {
      if (clockId !== null && !this.#clocks.has(clockId)) ids.add(clockId);
    };
    for (const message of messages) met(message);
    for (const { stored } of this.#actors.values()) if (stored) met(stored);
    for (const [id, now] of await readClocks(this.#trx, [...ids])) this.#clocks.set(id, now);
  }

  /**
   * What time it is for a message.
   * @throws {FatalError} UNKNOWN_CLOCK when its clock is gone
   */
  #at({ clockId }: Envelope): string {
    const at = clockId === null ? this.#now : this.#clocks.get(clockId);
    if (at === undefined) throw new FatalError('UNKNOWN_CLOCK', `there is no clock ${clockId}`);
    return at;
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
    if (!blocked) for (const one of older) this.#kept.push({ ...asIs(one), deferred: false });
    range.saw?.(chosen);
    return { chosen, blocked };
  }

  #giveToHandler(recipient: string, actorId: string, pending: Pending): void {
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
      const batches = [...this.#forHandlers];
      this.#forHandlers.clear();
      for (const [recipient, batch] of batches) await this.#handle(recipient, batch);
      for (const work of this.#actors.values()) work.hear();
      if (this.#arrivals.length > 0) await this.#takeAlong(round < maxRounds);
      if (this.#forHandlers.size === 0 && ![...this.#actors.values()].some((work) => work.ready)) return;
    }
  }

  /** Gives what was sent to those whom this process serves, as far as nobody else is at them; the rest goes by their mailbox. */
  async #takeAlong(mayGoOn: boolean): Promise<void> {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    const strangers = new Map<string, Key>();
    for (const { delivery } of arrivals) {
      const id = keyOf(delivery);
      if (!mayGoOn) this.#away.add(id);
      else if (!this.#actors.has(id) && !this.#open.has(id) && !this.#away.has(id)) strangers.set(id, delivery);
    }
    if (this.#actors.size + strangers.size > maxActors) for (const id of strangers.keys()) this.#away.add(id);
    else if (strangers.size > 0) await this.#invite(strangers);
    for (const sending of arrivals) {
      const { envelope: message, delivery } = sending;
      const id = keyOf(delivery);
      const pending = { message, taken: null, along: true };
      if (this.#away.has(id)) this.#sendings.push(sending);
      else if (this.#open.has(id)) this.#giveToHandler(delivery.recipient, delivery.actorId, pending);
      else this.#actors.get(id)?.pending.push(pending);
    }
  }

  /** Lets receivers take part that nobody else is at; what waits in their mailboxes comes first (invariant 4). */
  async #invite(strangers: ReadonlyMap<string, Key>): Promise<void> {
    const isActor = ({ recipient }: Key) => this.#engine.participants[recipient]?.kind === 'actor';
    const actors = await tryLockActors(this.#trx, [...strangers.values()].filter(isActor));
    const handlers = [...strangers.values()].filter((key) => !isActor(key));
    for (const id of strangers.keys()) this.#away.add(id);
    const { now, taken } = await readMessages(this.#trx, [...actors, ...handlers]);
    // Whoever held their locks until now may have written a later time than ours.
    this.#now = now.toISOString();
    const waiting = new Map<string, Pending[]>();
    for (const message of taken) {
      const list = waiting.get(keyOf(message));
      if (list) list.push({ message, taken: message });
      else waiting.set(keyOf(message), [{ message, taken: message }]);
    }
    for (const key of handlers) {
      // Nobody locks a handler's mailbox: what waits there is for whoever was woken for it.
      if (waiting.has(keyOf(key))) continue;
      this.#away.delete(keyOf(key));
      this.#open.add(keyOf(key));
    }
    for (const key of actors) this.#away.delete(keyOf(key));
    await this.#awaken(
      actors.map(
        ({ recipient, actorId }) =>
          new ActorWork(
            recipient,
            actorId,
            this.#engine.participants[recipient] as Actor,
            waiting.get(`${recipient}/${actorId}`) ?? [],
          ),
      ),
    );
    await this.#readClocks(taken);
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
          this.#away.add(keyOf(work));
          this.#holdBack(work, [pending, ...work.pending], null);
          work.pending = [];
          return;
        }
        const failed = this.#fail(pending, error);
        if (!failed) continue;
        this.#holdBack(work, work.pending, failed.wakeAt);
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
        this.#kept.push({ ...asIs(taken), deferred: false, wakeAt: taken.heldUntil ?? until });
        continue;
      }
      // A command that came straight from a request is not stored yet; from now on it waits like the others.
      this.#sendings.push({
        envelope: message,
        delivery: this.#deliveryTo(key, message),
        at: this.#now,
        deferred: false,
      });
      this.#answer(key, message, { outcome: 'deferred', reason: 'an earlier message is being retried' });
    }
  }

  #step(work: ActorWork, pending: Pending): void {
    const message = work.bind(pending.message);
    const at = this.#at(message);
    this.#check(pending);
    const before = work.living();
    const received = this.#received(message);
    let step: ReturnType<typeof receive>;
    if (before) step = receive(before, work.actor, received);
    else if (work.actor.creates.includes(message.type)) step = create(work.actor, received);
    else step = { outcome: 'ignored', reason: `there is no such ${work.recipient}` };

    if (step.outcome === 'deferred') {
      work.deferred.push(pending);
      this.#answer(work, message, { outcome: 'deferred', reason: null });
      return;
    }
    if (step.outcome === 'ignored') {
      this.#journal(work, pending, before, before, 'ignored', step.reason, at);
      this.#answer(work, message, { outcome: 'ignored', reason: step.reason });
      return;
    }
    const { next } = step;
    this.#emit(step.emitted, message, work);
    this.#beginAnew(work, message, at);
    work.apply(next, step.arm, step.disarm, message, at);
    this.#journal(work, pending, before, next, 'applied', null, at);
    this.#answer(work, message, { outcome: 'applied', reason: null });
  }

  async #handle(recipient: string, batch: readonly { actorId: string; pending: Pending }[]): Promise<void> {
    const participant = this.#engine.participants[recipient];
    if (participant?.kind !== 'handler')
      throw new FatalError('NO_PARTICIPANT', `nobody handles messages for ${recipient}`);
    const answers = await participant.handle(
      this.#trx,
      batch.map(({ pending }) => this.#received(pending.message)),
    );
    for (const [index, { actorId, pending }] of batch.entries()) {
      const handled = answers[index] as Handled;
      const sender = { recipient, actorId };
      this.#emit(handled.emit ?? [], pending.message, sender);
      this.#entries.push({
        ...sender,
        seq: pending.taken?.seq ?? null,
        message: pending.message,
        version: null,
        machineVersion: null,
        before: null,
        after: null,
        outcome: handled.refuse ? 'refused' : 'handled',
        reason: handled.refuse?.message ?? null,
        at: this.#at(pending.message),
      });
      if (this.#awaited.has(pending.message.id)) {
        this.#direct.set(pending.message.id, {
          outcome: handled.refuse ? 'refused' : 'applied',
          state: null,
          version: null,
          snapshot: null,
          allowedEvents: [],
          reason: handled.refuse?.message ?? null,
          refusal: handled.refuse ?? null,
          answer: handled.answer,
        });
      }
    }
  }

  /** Routes what a participant sends: into mailboxes, to the event log, or to a participant served within this drain. */
  #emit(emitted: readonly Outgoing[], cause: Envelope, sender: Key): void {
    // All are checked before the first goes anywhere: a message that is set aside must not have half spoken (invariant 2).
    const routed = emitted.map((outgoing) => {
      this.#engine.routing.check(outgoing.type, outgoing.data);
      const route = this.#engine.routing.route(outgoing.type, outgoing.data);
      for (const delivery of route.deliveries) this.#checkReachable(outgoing, delivery);
      return { outgoing, route };
    });
    const at = this.#at(cause);
    for (const { outgoing, route } of routed) {
      const sent = envelope(outgoing, cause, sender, this.#position(sender, cause));
      if (route.channel) {
        this.#publications.push({
          envelope: sent,
          channel: route.channel,
          version: route.version,
          subject: sender.actorId,
          at,
        });
      }
      for (const delivery of route.deliveries) {
        const { queue } = delivery;
        if (queue === null) this.#deliverInline(sender, delivery, sent);
        else this.#send({ envelope: sent, delivery: { ...delivery, queue }, at, deferred: false });
      }
    }
  }

  #send(sending: Sending): void {
    const { recipient } = sending.delivery;
    const id = keyOf(sending.delivery);
    const participant = this.#engine.participants[recipient];
    if (!this.#alongside || !this.#engine.serves?.(recipient) || this.#away.has(id)) {
      this.#away.add(id);
      this.#sendings.push(sending);
    } else if (participant?.kind !== 'effect') this.#arrivals.push(sending);
    // An effect's row is its stored intent (invariant 5): it is committed before anything is called.
    else if (this.#commands.length < this.#calls) this.#commands.push({ ...sending, leaseMs: participant.leaseMs });
    else this.#sendings.push(sending);
  }

  readonly #positions = new Map<string, number>();

  #position(sender: Key, cause: Envelope): number {
    const id = `${sender.recipient}/${sender.actorId}/${cause.id}`;
    const position = this.#positions.get(id) ?? 0;
    this.#positions.set(id, position + 1);
    return position;
  }

  #checkReachable({ type }: Outgoing, { recipient, actorId, queue }: Delivery): void {
    if (queue !== null || this.#actors.has(`${recipient}/${actorId}`)) return;
    if (this.#engine.participants[recipient]?.kind === 'handler') return;
    throw new FatalError(
      'NOT_LOCKED',
      `${type} was answered to ${recipient} ${actorId}, which this drain does not hold`,
    );
  }

  #deliverInline(sender: Key, receiver: Key, message: Envelope): void {
    const pending = { message, taken: null };
    const target = this.#actors.get(`${receiver.recipient}/${receiver.actorId}`);
    if (target) {
      target.answer(pending);
      return;
    }
    this.#actors.get(`${sender.recipient}/${sender.actorId}`)?.ask();
    this.#giveToHandler(receiver.recipient, receiver.actorId, pending);
  }

  #deliveryTo({ recipient, actorId }: Key, message: Envelope): Sending['delivery'] {
    return { recipient, actorId, queue: this.#engine.routing.queueOf(message.type, recipient) };
  }

  /** What comes out of a mailbox may be older than the schemas; anything else was checked when it was sent. */
  #check({ message, taken }: Pending): void {
    if (taken && !message.type.startsWith(timerPrefix)) this.#engine.routing.check(message.type, message.data);
  }

  #received(message: Envelope): Received {
    return {
      type: message.type,
      data: message.data,
      id: message.id,
      at: this.#at(message),
      correlationId: message.correlationId,
    };
  }

  /** Sets a throwing message aside: back with backoff, which it answers, or to dead letters for good. */
  #fail(pending: Pending, error: unknown): { wakeAt: Date } | null {
    // A direct message is not stored yet: whoever asked gets the error, and nothing changes.
    if (!pending.taken) throw error;
    // A process of the newer version takes it, however long the deployment lasts: no reason to give up, nor to wait longer and longer.
    const attempts = error instanceof NewerVersionError ? 1 : pending.taken.attempts + 1;
    const text = describeError(error);
    if (error instanceof FatalError || attempts >= maxAttempts) {
      this.#buried.push({ taken: pending.taken, attempts, error: text });
      return null;
    }
    const wakeAt = new Date(Date.parse(this.#now) + backoffMs(attempts));
    this.#kept.push({ taken: pending.taken, deferred: false, attempts, error: text, wakeAt, held: true });
    return { wakeAt };
  }

  #journal(
    work: ActorWork,
    { message, taken }: Pending,
    before: Living | null,
    after: Living | null,
    outcome: 'applied' | 'ignored',
    reason: string | null,
    at: string,
  ): void {
    this.#entries.push({
      seq: taken?.seq ?? null,
      recipient: work.recipient,
      actorId: work.actorId,
      message,
      version: after?.version ?? null,
      machineVersion: work.actor.version,
      before: before && statePath(before.state.value),
      after: after && statePath(after.state.value),
      outcome,
      reason,
      at,
    });
  }

  /** Writes down what the actor was, where its journal before cannot tell it any more. */
  #beginAnew(work: ActorWork, cause: Envelope, at: string): void {
    const stored = work.checkpoint();
    const living = work.living();
    if (!stored || !living) return;
    this.#entries.push({
      seq: null,
      recipient: work.recipient,
      actorId: work.actorId,
      message: {
        ...cause,
        type: checkpoint,
        data: stored.snapshot,
        id: deriveId(cause.id, checkpoint),
        causationId: cause.id,
      },
      version: stored.version,
      machineVersion: stored.machineVersion,
      before: statePath(stored.snapshot.value as StateValue),
      after: statePath(living.state.value),
      outcome: 'checkpoint',
      reason: null,
      at,
    });
  }

  #answer(key: Key, message: Envelope, said: Pick<DirectResult, 'outcome' | 'reason'>): void {
    if (!this.#awaited.has(message.id)) return;
    const living = key instanceof ActorWork ? key.living() : null;
    this.#direct.set(message.id, {
      ...said,
      state: living && statePath(living.state.value),
      version: living?.version ?? null,
      snapshot: living && toSnapshot(living),
      allowedEvents: living ? allowedEvents(living) : [],
      refusal: null,
      answer: undefined,
    });
  }

  /** Writes everything; answers the effects that were claimed as they were sent. */
  async #store(): Promise<Claim[]> {
    const writes = new Map<Actor, ActorWrite[]>();
    const armings: Arming[] = [];
    const disarmed: (Key & { name: string })[] = [];
    for (const work of this.#actors.values()) {
      for (const { taken, message } of work.deferred) {
        if (taken?.deferred) continue;
        if (taken) this.#kept.push({ ...asIs(taken), deferred: true });
        else
          this.#sendings.push({
            envelope: message,
            delivery: this.#deliveryTo(work, message),
            at: this.#now,
            deferred: true,
          });
      }
      const write = work.write();
      if (!write) continue;
      const list = writes.get(work.actor);
      if (list) list.push(write);
      else writes.set(work.actor, [write]);
      armings.push(...work.armings());
      disarmed.push(...work.disarmed());
    }
    for (const [actor, list] of writes) await saveActors(this.#trx, actor.table, actor.version, list);
    await consumeMessages(this.#trx, this.#entries);
    await disarmTimers(this.#trx, disarmed);
    await armTimers(this.#trx, armings);
    await keepMessages(this.#trx, this.#kept);
    await buryMessages(this.#trx, this.#buried);
    await sendMessages(this.#trx, this.#sendings, this.#engine.wakeAfterMs);
    const claimed = await sendClaimed(this.#trx, this.#commands);
    await logEvents(this.#trx, this.#publications);
    return claimSent(this.#trx, this.#engine.participants, claimed);
  }
}

const keyOf = ({ recipient, actorId }: Key): string => `${recipient}/${actorId}`;

const asIs = (taken: Taken): Kept => ({
  taken,
  deferred: taken.deferred,
  attempts: taken.attempts,
  error: taken.lastError,
  wakeAt: taken.heldUntil,
  held: taken.heldUntil !== null,
});
