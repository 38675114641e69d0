import type { EffectOutcome } from '../../src/runtime/ports.js';
import { type Mail, type MemoryEffect, Violation, type World } from './world.js';

/** A call to the world outside that has been made and not been answered. */
export interface Call {
  readonly label: string;
  /** In the world's time (ms). */
  readonly madeAt: number;
  /** It happens, and the caller hears of it. */
  answer(): void;
  /** It happens, and the caller hears nothing. */
  loseAnswer(): void;
  /** It never arrives. */
  loseRequest(): void;
}

/** One run of an effect, in one process. */
export interface Run {
  readonly mail: Mail;
  readonly attempt: number;
  call: Call | null;
  outcome: EffectOutcome | null;
  failure: unknown;
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Effects as the engine runs them (invariant 5): claimed with a lease, settled by the claim's holder only, looked up when in doubt. */
export class Claims {
  readonly runs = new Set<Run>();
  readonly #world: World;
  #current: Run | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  /** Makes a call to the world outside wait for its fate; `nothing` is what a caller gets that hears nothing. */
  call<T>(label: string, happen: () => T, nothing: () => T): Promise<T> {
    const run = this.#current;
    if (!run) throw new Violation(`${label}: a call outside any run`);
    return new Promise((resolve, reject) => {
      const end = (get: () => T, and: () => void = () => undefined) => {
        and();
        try {
          resolve(get());
        } catch (error) {
          reject(error);
        }
      };
      run.call = {
        label,
        madeAt: this.#world.now,
        answer: () => end(happen),
        loseAnswer: () => end(nothing, happen),
        loseRequest: () => end(nothing),
      };
    });
  }

  /** A packet for an effect's message: claims it unless somebody holds it, and begins a run. */
  async begin(mail: Mail): Promise<void> {
    const world = this.#world;
    world.now += 1;
    if (mail.leaseUntil > world.now) return;
    const { effect, prepare } = world.participant(mail.recipient) as MemoryEffect;
    const lookUp = mail.inDoubt;
    mail.attempts += 1;
    mail.inDoubt = true;
    mail.leaseUntil = world.now + effect.leaseMs;
    mail.wakeAt = mail.leaseUntil;
    const run: Run = { mail, attempt: mail.attempts, call: null, outcome: null, failure: null };
    this.runs.add(run);
    const until = world.now + effect.leaseMs * 0.9;
    const message = { ...world.received(mail), at: new Date(mail.sentAt).toISOString() };
    const prepared = prepare(message);
    await this.#goOn(run, () => {
      effect
        .run(message, { attempt: run.attempt, lookUp, expired: () => world.now > until, now: () => world.at }, prepared)
        .then((outcome) => {
          run.outcome = outcome;
        })
        .catch((error: unknown) => {
          run.failure = error;
        });
    });
  }

  /** Decides what becomes of a run's call, and lets the run go on. */
  async resolve(run: Run, fate: 'answer' | 'loseAnswer' | 'loseRequest'): Promise<void> {
    const { call } = run;
    if (!call) return;
    const what = { answer: 'answered', loseAnswer: 'done, the answer lost', loseRequest: 'lost on the way' }[fate];
    this.#world.now += 1;
    this.#world.note(`${fate === 'answer' ? '' : '! '}${call.label}: ${what}`);
    run.call = null;
    await this.#goOn(run, () => call[fate]());
  }

  /** The process of a run dies; its call has arrived or not. Nothing is settled, the claim stays in doubt. */
  async kill(run: Run, hasArrived: boolean): Promise<void> {
    this.#world.note(
      `! the process of ${run.mail.type} dies${run.call && hasArrived ? ` after ${run.call.label}` : ''}`,
    );
    this.runs.delete(run);
    const { call } = run;
    run.call = null;
    await this.#goOn(run, () => call?.[hasArrived ? 'loseAnswer' : 'loseRequest']());
  }

  /** Stores the outcome of a run that has ended, if its claim is still its own. */
  settle(run: Run): void {
    const { mail, outcome, attempt, failure } = run;
    this.runs.delete(run);
    if (failure) throw new Violation(`${mail.type} threw: ${failure}`);
    const world = this.#world;
    const isThere = world.mailboxes.get(`${mail.recipient}/${mail.actorId}`)?.includes(mail);
    if (!isThere || mail.attempts !== attempt || !outcome) return;
    if (outcome.kind === 'done') {
      world.settle(mail, outcome.emit);
      return;
    }
    mail.inDoubt = outcome.unknown;
    mail.leaseUntil = world.now + outcome.afterMs;
    mail.wakeAt = mail.leaseUntil;
  }

  async #goOn(run: Run, move: () => void): Promise<void> {
    this.#current = run;
    move();
    await nextTurn();
    this.#current = null;
  }
}
