import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultPrefix } from '../../queues/connection.js';
import { AcknowledgedFile, readAcknowledged } from '../chaos/acknowledged.js';
import { runChecks } from '../chaos/check/checks.js';
import { settle } from '../chaos/settling.js';
import { describeFindings } from '../chaos/verdict.js';
import { type Machine, thisMachine } from '../dev/machine.js';
import { type Death, describeDeath, planDeaths } from './plan.js';
import { openStage, type Stage } from './stage.js';
import { Stories } from './stories.js';
import { endWaits, forgetNonsense, removeTraps, setTraps, takeBack } from './traps.js';
import { unreached } from './unreached.js';
import { Victim } from './victim.js';

export interface CrashPointOptions {
  readonly seed: number;
  /** How many deaths; two for every point when it is left out. */
  readonly deaths?: number | undefined;
  /** How long processes are killed (s); as long as it takes when it is left out. */
  readonly seconds?: number | undefined;
  /** Only points whose name contains this. */
  readonly only?: string | undefined;
  readonly folder: string;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** What a run found out. */
export interface CrashPointVerdict {
  readonly date: string;
  readonly machine: Machine;
  readonly seed: number;
  /** Nothing is wrong or strange; in a run of all deaths, nothing was missed and nothing is unexplained either. */
  readonly ok: boolean;
  readonly seconds: number;
  readonly points: number;
  /** Names of points that no process came by although nothing says why. */
  readonly unexplained: readonly string[];
  readonly deaths: readonly string[];
  /** Deaths that did not come about, since the process did not come there in time. */
  readonly missed: readonly string[];
  /** Processes that ended although nobody had meant them to. */
  readonly strange: readonly string[];
  readonly orders: number;
  /** What the checks found. */
  readonly wrong: readonly string[];
}

/** How often a death is tried that does not come about. */
const tryOften = 4;
/** Deaths between two looks at what is left. */
const deathsPerCheck = 60;
/** How long all may take to come to rest (ms). */
const restMs = 180_000;
/** Seconds without a new point after which the first look around is over, and seconds that it takes at most. */
const quietSeconds = 4;
const lookSeconds = 20;

/** Kills a web and a worker at one crash point after the other while orders come in, and looks at what is left. */
export async function runCrashPoints(options: CrashPointOptions): Promise<CrashPointVerdict> {
  options.say('Compiling, and starting PostgreSQL, Redis and the gateway …');
  const stage = await openStage(options.folder);
  try {
    return await new Run(stage, options).go();
  } finally {
    await stage.close();
  }
}

class Run {
  readonly #stage: Stage;
  readonly #options: CrashPointOptions;
  readonly #acknowledgedPath: string;
  readonly #victims: readonly Victim[];
  readonly #died: string[] = [];
  #missed: Death[] = [];
  readonly #wrong: string[] = [];

  constructor(stage: Stage, options: CrashPointOptions) {
    this.#stage = stage;
    this.#options = options;
    this.#acknowledgedPath = join(options.folder, 'acknowledged.jsonl');
    this.#victims = [new Victim(stage, 'worker'), new Victim(stage, 'web')];
  }

  async go(): Promise<CrashPointVerdict> {
    const { seed, say } = this.#options;
    const { points } = this.#stage;
    const began = performance.now();
    say(`${points.length} crash points; first a look at who comes by where …`);
    await this.#amongStories(() => this.#lookAround());
    const planned = this.#plan();
    for (let from = 0; from < planned.length; from += deathsPerCheck) {
      say(`Deaths ${from + 1} to ${Math.min(planned.length, from + deathsPerCheck)} of ${planned.length} …`);
      await this.#amongStories(() => this.#die(planned.slice(from, from + deathsPerCheck)));
    }
    // What takes luck, such as a call that is under way when its process is told to stop, is tried again.
    for (let tries = 1; tries < tryOften && this.#missed.length > 0 && this.#isWhole; tries++) {
      const again = this.#missed;
      this.#missed = [];
      say(`${again.length} that did not come about once more …`);
      await this.#amongStories(() => this.#die(again));
    }
    const reached = new Set(this.#victims.flatMap((victim) => [...victim.reached]));
    const unexplained = points.filter((name) => !reached.has(name) && !(name in unreached));
    const strange = this.#victims.flatMap((victim) => victim.strange);
    return {
      date: new Date().toISOString(),
      machine: thisMachine(),
      seed,
      ok: [this.#wrong, strange, ...(this.#isWhole ? [this.#missed, unexplained] : [])].every(
        (list) => list.length === 0,
      ),
      seconds: Math.round((performance.now() - began) / 1000),
      points: points.length,
      unexplained,
      deaths: this.#died,
      missed: this.#missed.map(describeDeath),
      strange,
      orders: readAcknowledged(this.#acknowledgedPath).length,
      wrong: this.#wrong,
    };
  }

  /** Whether everybody is to die everywhere. */
  get #isWhole(): boolean {
    return this.#options.deaths === undefined && this.#options.only === undefined;
  }

  /** Whoever was seen at a point dies there, and the worker where nobody was seen yet; in a small run nobody waits for that. */
  #plan(): Death[] {
    const { seed, deaths, only = '' } = this.#options;
    const mortal = this.#stage.points.filter((name) => name.includes(only) && !(name in unreached));
    const [worker, web] = this.#victims.map(({ reached }) => mortal.filter((name) => reached.has(name))) as [
      string[],
      string[],
    ];
    const seen = new Set([...worker, ...web]);
    const unseen = deaths === undefined ? mortal.filter((name) => !seen.has(name)) : [];
    return planDeaths({ worker: [...worker, ...unseen], web }, seed, deaths);
  }

  /** Lets nobody die, until nobody has come by anywhere new for a while. */
  async #lookAround(): Promise<void> {
    let known = 0;
    for (let quiet = 0, second = 0; quiet < quietSeconds && second < lookSeconds; quiet++, second++) {
      await sleep(1_000);
      for (const victim of this.#victims) victim.readHits();
      const now = this.#victims.reduce((sum, { reached }) => sum + reached.size, 0);
      if (now > known) quiet = -1;
      known = now;
    }
  }

  async #die(deaths: readonly Death[]): Promise<void> {
    const { seconds = Number.POSITIVE_INFINITY, signal } = this.#options;
    const until = performance.now() + seconds * 1000;
    const die = async (victim: Victim) => {
      for (const death of deaths.filter(({ kind }) => kind === victim.kind)) {
        if (signal.aborted || performance.now() > until) break;
        const died = await victim.dieAt(death);
        if (died) this.#died.push(describeDeath(death));
        else this.#missed.push(death);
        this.#options.say(`${died ? '✓' : '✗'} ${describeDeath(death)}`);
      }
      await victim.live();
    };
    await Promise.all(this.#victims.map(die));
  }

  /** Does something to the processes while orders come in; then lets everything come to rest, and checks it. */
  async #amongStories(work: () => Promise<void>): Promise<void> {
    const { db, redis, sandbox } = this.#stage;
    const { signal, say } = this.#options;
    for (const victim of this.#victims) await victim.live();
    const stories = new Stories(this.#stage, new AcknowledgedFile(this.#acknowledgedPath), signal);
    stories.begin();
    await work();
    say('Waiting until all is at rest …');
    // The last stories may be waiting for what is caught in a trap.
    const told = stories.end();
    await removeTraps(db);
    await takeBack(db);
    await told;
    await takeBack(db);
    await endWaits(db);
    this.#wrong.push(...stories.failures);
    // While there still is somebody to hear of them.
    await sandbox.webhooksSettled();
    const settledAt = await settle(db, restMs, signal);
    if (settledAt === null) this.#wrong.push('it did not come to rest');
    await forgetNonsense(db);
    for (const victim of this.#victims) await victim.stop();
    say('Checking …');
    const findings = await runChecks({
      ...{ db, redis, prefix: defaultPrefix, ledger: sandbox.ledger() },
      acknowledged: readAcknowledged(this.#acknowledgedPath),
      restedAt: new Date(settledAt ?? Date.now()),
    });
    const wrong = describeFindings(findings);
    for (const line of wrong) say(line);
    this.#wrong.push(...wrong);
    await setTraps(db);
  }
}
