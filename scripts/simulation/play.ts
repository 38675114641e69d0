import { days, hours } from '../../machines/shared/instants.js';
import type { actors } from '../../src/services/registry.js';
import type { Run } from './claims.js';
import { checkTown } from './invariants.js';
import { checkWaiting } from './lifeInvariants.js';
import { type Act, People } from './people.js';
import { type CallFate, type Fate, type MomentFate, type PacketFate, type Story, shelves } from './story.js';
import { buildTown, type Town } from './town.js';
import { type Packet, Violation } from './world.js';

/** Steps after which a story should long have come to rest. */
const maxSteps = 12_000;
/** How late a call arrives at most (ms): past the leases of bank and carriers (6 s), but before a carrier that nobody hears from is given up (20 s). */
const slowestMs = 12_000;

/** Machines in the place of those of the registry: to see whether a broken one is noticed. */
export type StandIns = Partial<typeof actors>;

/** A story that was played to its end. */
export interface Played {
  readonly town: Town;
  /** Null when every promise was kept. */
  readonly violation: string | null;
  readonly lines: readonly string[];
}

/** Plays a story until nothing is left that could happen: calmly, but for what the story says. */
export async function play(story: Story, standIns: StandIns = {}): Promise<Played> {
  const town = buildTown(shelves(story), standIns);
  const player = new Player(town, story);
  let violation: string | null = null;
  try {
    for (let step = 0; await player.step(); step++) {
      if (step > maxSteps) throw new Violation('the story never comes to rest');
    }
    checkTown(town);
  } catch (error) {
    // Whatever a machine, a rule or an effect throws would end in dead letters.
    violation = error instanceof Error ? error.message : String(error);
  }
  return { town, violation, lines: town.world.story };
}

/** The scheduler: says what happens next, and makes it happen. */
class Player {
  readonly #town: Town;
  readonly #people: People;
  readonly #packets: Fates<PacketFate>;
  readonly #calls: Fates<CallFate>;
  readonly #moments: Fates<MomentFate>;
  /** Calls that take their time. */
  readonly #slow = new Set<Run>();

  constructor(town: Town, story: Story) {
    this.#town = town;
    this.#people = new People(town, story);
    const { packets, calls, moments, lives } = story;
    this.#packets = new Fates([...packets, ...(lives?.packets ?? [])]);
    this.#calls = new Fates([...calls, ...(lives?.calls ?? [])]);
    this.#moments = new Fates([...moments, ...(lives?.moments ?? [])]);
  }

  /** One step; answers false once nothing is left to happen. */
  async step(): Promise<boolean> {
    const moment = this.#moments.next();
    if (moment && this.#interrupt(moment)) return true;
    const { world, claims } = this.#town;
    const packet = world.packets.shift();
    if (packet) {
      await this.#carry(packet, this.#packets.next());
      return true;
    }
    const run = [...claims.runs].find((one) => !this.#slow.has(one));
    if (run) {
      await this.#goOn(run);
      return true;
    }
    const act: Act | null = this.#people.nextBeginning() ?? this.#people.nextDuty();
    if (act) {
      act();
      return true;
    }
    if (world.isQuiet) checkWaiting(this.#town);
    return this.#passTime(0) || this.#awaken();
  }

  /** Something that nobody waits for; answers false when it cannot happen now. */
  #interrupt({ fate, by }: Fate<MomentFate>): boolean {
    const { world } = this.#town;
    if (fate === 'timePasses') {
      world.note('! time passes');
      return this.#passTime(by);
    }
    if (fate === 'daysPass') {
      // No call takes days: the bank would have forgotten its key.
      if (this.#town.claims.runs.size > 0) return false;
      world.note('! days pass');
      world.stoodStillMs += days(by);
      world.sweepAt(world.now + days(by));
      return true;
    }
    const acts = fate === 'deed' ? this.#people.ideas() : this.#people.possibleActs();
    acts[by % acts.length]?.();
    return acts.length > 0;
  }

  async #carry(packet: Packet, fate: Fate<PacketFate> | undefined): Promise<void> {
    const { world } = this.#town;
    if (fate?.fate === 'lost') world.note(`! a packet for ${world.nameOf(packet)} is lost`);
    else if (fate?.fate === 'overtaken') world.packets.splice(1 + fate.by, 0, packet);
    else {
      if (fate?.fate === 'doubled') world.packets.splice(fate.by, 0, packet);
      await this.#deliver(packet);
    }
  }

  async #deliver(packet: Packet): Promise<void> {
    const { world, claims } = this.#town;
    if (world.participant(packet.recipient).kind !== 'effect') {
      world.drain(packet);
      return;
    }
    const mail = world.mailboxes.get(`${packet.recipient}/${packet.actorId}`)?.find(({ id }) => id === packet.mailId);
    if (mail) await claims.begin(mail);
  }

  async #goOn(run: Run): Promise<void> {
    const { claims } = this.#town;
    if (!run.call) {
      claims.settle(run);
      return;
    }
    const fate = this.#calls.next()?.fate;
    switch (fate) {
      case 'slow':
        this.#town.world.note(`! ${run.call.label}: takes its time`);
        this.#slow.add(run);
        return;
      case 'answerLost':
        return claims.resolve(run, 'loseAnswer');
      case 'requestLost':
        return claims.resolve(run, 'loseRequest');
      case 'diesBefore':
        return claims.kill(run, false);
      case 'diesAfter':
        return claims.kill(run, true);
      default:
        await claims.resolve(run, 'answer');
        if (fate === 'diesUnsettled' && !run.call) await claims.kill(run, true);
    }
  }

  /** Lets whatever is due next come due; now and then everything stands still for longer. */
  #passTime(by: number): boolean {
    const { world, claims } = this.#town;
    const due = earliest(world.nextDue(), this.#people.nextAppointment());
    if (due === null) return false;
    const instant = by === 15 ? Math.max(due, world.now) + hours(1) : due;
    if (by === 15) world.stoodStillMs += hours(1);
    // No call takes days, slow or not: the bank would have forgotten its key.
    const isTooLate = [...claims.runs].some(({ call }) => call && instant - call.madeAt > slowestMs);
    if (isTooLate || by % 2 === 1) this.#awaken();
    else world.sweepAt(instant);
    return true;
  }

  /** Slow calls go on; answers false when there are none. */
  #awaken(): boolean {
    const hadAny = this.#slow.size > 0;
    this.#slow.clear();
    return hadAny;
  }
}

const earliest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

/** Tells the fate of each of something in turn. */
class Fates<F> {
  readonly #byNth: ReadonlyMap<number, Fate<F>>;
  #seen = 0;

  constructor(fates: readonly Fate<F>[]) {
    this.#byNth = new Map(fates.map((fate) => [fate.nth, fate]));
  }

  next(): Fate<F> | undefined {
    return this.#byNth.get(this.#seen++);
  }
}
