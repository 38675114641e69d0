import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { Database } from '../../src/db/tables.js';
import type { Acceptor } from '../../src/runtime/accept.js';
import { createClock, readClock, sendClock } from '../../src/runtime/clockRows.js';
import { type Command, commandOf, creationOf, iso, registrationOf, subscriptionOf } from './command.js';
import type { Deed } from './expected.js';
import type { Life } from './lives.js';
import { idFor, menu } from './menu.js';

/** A FlowMart that lives are played on, and its bank. */
export interface World {
  readonly db: Kysely<Database>;
  readonly acceptor: Acceptor;
  /** Has the next charges of a subscription refused. */
  readonly refuse: (subscriptionId: string, times: number) => Promise<void>;
}

export interface Played {
  readonly seconds: number;
  /** Commands that did not do what they should have, in words. */
  readonly ignored: readonly string[];
}

/** How long all clocks may stand still before the run is given up (ms). */
const patienceMs = 60_000;

/** Plays lives on clocks of their own, all at once, each clock in due order. */
export async function play(
  world: World,
  lives: readonly Life[],
  end: number,
  tell: (arrived: number) => void = () => undefined,
): Promise<Played> {
  const began = performance.now();
  await inTurn(menu, (plan) => told(world, creationOf(plan), `plan ${plan.planId}`));
  const players = new Map(lives.map((life) => [life.clockId, new Player(world, life, end)]));
  await inTurn([...players.values()], (player) => player.begin());
  const ignored: string[] = [];
  const watch = new Watch(world.db);
  while (players.size > 0) {
    const rested = await restingClocks(world.db, [...players.keys()]);
    if (rested.length === 0) {
      await watch.look([...players.keys()]);
      await sleep(20);
    }
    await inTurn(rested, async (id) => {
      const player = players.get(id) as Player;
      ignored.push(...(await player.act()));
      if (!player.hasArrived) return;
      players.delete(id);
      tell(lives.length - players.size);
    });
  }
  return { seconds: (performance.now() - began) / 1000, ignored };
}

/** One customer at one clock: acts when the time has come, then lets it run on. */
class Player {
  #done = 0;
  #sentTo: number;
  constructor(
    private readonly world: World,
    private readonly life: Life,
    private readonly end: number,
  ) {
    this.#sentTo = life.startAt;
  }

  get hasArrived(): boolean {
    return this.#sentTo > this.end;
  }

  async begin(): Promise<void> {
    const { clockId, number, startAt } = this.life;
    await createClock(this.world.db, { id: clockId, name: `simulation ${number}`, now: iso(startAt) });
    await told(this.world, registrationOf(this.life), `${clockId} customer`, clockId);
    await told(this.world, subscriptionOf(this.life), `${clockId} subscription`, clockId);
    await this.#go();
  }

  /** Does what is due now; answers what came to nothing. */
  async act(): Promise<string[]> {
    const { deeds, number } = this.life;
    const ignored: string[] = [];
    for (let next = deeds[this.#done]; next && next.at === this.#sentTo; next = deeds[this.#done]) {
      this.#done += 1;
      if (!(await this.#do(next.deed))) ignored.push(`subscription ${number}, ${iso(next.at)}: ${next.deed.do}`);
    }
    if (this.#sentTo < this.end) await this.#go();
    else this.#sentTo = Number.POSITIVE_INFINITY;
    return ignored;
  }

  async #do(deed: Deed): Promise<boolean> {
    const { clockId, subscriptionId } = this.life;
    if (deed.do === 'run dry') {
      await this.world.refuse(subscriptionId, deed.times);
      return true;
    }
    const invoiceId = deed.do === 'retry' ? await openInvoice(this.world.db, subscriptionId) : null;
    const command = commandOf(deed, subscriptionId, invoiceId);
    return command !== null && (await told(this.world, command, `${clockId} deed ${this.#done}`, clockId));
  }

  async #go(): Promise<void> {
    this.#sentTo = this.life.deeds[this.#done]?.at ?? this.end;
    await sendClock(this.world.db, this.life.clockId, { to: iso(this.#sentTo) });
  }
}

/** Tells a command as a request would; answers whether it did anything. */
export async function told(
  { acceptor }: Pick<World, 'acceptor'>,
  { type, data }: Command,
  purpose: string,
  clockId: string | null = null,
) {
  const id = idFor(purpose);
  const { outcome, refusal } = await acceptor.accept({ type, data, id, correlationId: id, clockId });
  if (refusal) throw refusal;
  return outcome !== 'ignored';
}

async function openInvoice(db: Kysely<Database>, subscriptionId: string): Promise<string | null> {
  const { rows } = await sql<{ id: string | null }>`
    select snapshot #>> '{context,bill,invoiceId}' as id from subscriptions.subscriptions where id = ${subscriptionId}`.execute(
    db,
  );
  return rows[0]?.id ?? null;
}

/** Clocks that have come to where they were sent, with nothing left to do. */
async function restingClocks(db: Kysely<Database>, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from runtime.clocks where target is null and id = any(${ids}::uuid[])`.execute(db);
  return rows.map(({ id }) => id);
}

/** Gives up when no clock has moved for too long. */
class Watch {
  #sum = '';
  #at = performance.now();
  constructor(private readonly db: Kysely<Database>) {}

  /** @throws when all clocks stand still */
  async look(ids: readonly string[]): Promise<void> {
    if (performance.now() - this.#at < patienceMs) return;
    this.#at = performance.now();
    const { rows } = await sql<{ sum: string }>`
      select sum(extract(epoch from now))::text as sum from runtime.clocks where id = any(${ids}::uuid[])`.execute(
      this.db,
    );
    const sum = rows[0]?.sum ?? '';
    if (sum === this.#sum) {
      const clocks = await Promise.all(ids.slice(0, 3).map((id) => readClock(this.db, id)));
      throw new Error(`${ids.length} clocks stand still, such as ${JSON.stringify(clocks)}`);
    }
    this.#sum = sum;
  }
}

/** So many are told at once: enough to fill a transaction. */
const width = 64;

async function inTurn<T>(list: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const queue = [...list];
  const worker = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await work(one);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
