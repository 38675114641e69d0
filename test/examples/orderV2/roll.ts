import { type Kysely, sql } from 'kysely';
import { journalsFold } from '../../../scripts/chaos/check/journals.js';
import { connect } from '../../../src/db/connect.js';
import type { Database } from '../../../src/db/tables.js';
import '../../../src/db/tables.all.js';
import { actors } from '../../../src/services/registry.js';
import { eventually } from '../../support/eventually.js';
import { inParallel, orderBody, request } from './customers.js';
import { orderV2 } from './orderV2.js';
import { type Dyno, openStage, type Stage } from './stage.js';

/** What a rolling restart did. */
export interface Rolled {
  readonly orders: number;
  /** Orders that version 1 had stored when the first process of version 2 started. */
  readonly storedByV1: number;
  /** Orders that version 2 took over from version 1, and those that it brought to life. */
  readonly lifted: number;
  readonly bornAsV2: number;
  /** Orders that a process of version 1 delivered while there was one: nobody had to lift them. */
  readonly finishedByV1: number;
  readonly delivered: number;
  /** Requests that were told to try again. */
  readonly retries: number;
  readonly deadLetters: number;
  readonly left: number;
  /** Journals that do not fold to their snapshots, byte for byte. */
  readonly unfolded: readonly string[];
  readonly seconds: number;
}

/** Where an order waits for a person: for its dispatch, or for another card. */
const resting = `('fulfilling.booked', 'fulfilling.readyToShip', 'confirmed.paymentRetry', 'confirmed.retrying', 'shipped.dispatched', 'delivered')`;

/**
 * Places orders, and meanwhile replaces every process by one that knows version 2 of the order's machine: workers one by one, two
 * releases side by side, then the web. In the end every order is delivered.
 */
export async function roll(options: { orders: number; folder: string; say: (line: string) => void }): Promise<Rolled> {
  const stage = await openStage(options.folder);
  const { db, close } = connect({ url: stage.databaseUrl, poolSize: 2, name: 'roll', onError: () => undefined });
  try {
    return await new Rolling(stage, db, options.orders, options.say).run();
  } finally {
    await close();
    await stage.close();
  }
}

class Rolling {
  readonly #stage: Stage;
  readonly #db: Kysely<Database>;
  readonly #orders: number;
  readonly #say: (line: string) => void;
  #web: Dyno | null = null;
  #retries = 0;

  constructor(stage: Stage, db: Kysely<Database>, orders: number, say: (line: string) => void) {
    this.#stage = stage;
    this.#db = db;
    this.#orders = orders;
    this.#say = say;
  }

  async run(): Promise<Rolled> {
    const startedAt = performance.now();
    const early = Math.floor(this.#orders / 2);
    const old = [await this.#stage.startWorker(1), await this.#stage.startWorker(1)];
    const oldWeb = await this.#stage.startWeb(1);
    this.#web = oldWeb;
    this.#say(`Version 1: 1 web, 2 workers; ${early} orders …`);
    await inParallel(early, 16, (n) => this.#place(n));
    const storedByV1 = await this.#count('select count(*)::int as n from orders.orders');
    await this.#until(`select count(*)::int as n from orders.orders where state not in ${resting}`);
    await this.#stage.startWorker(2);
    this.#web = await this.#stage.startWeb(2);
    this.#say('Version 2 comes beside it: new orders, and old ones that go on …');
    let areDelivered = false;
    const delivering = this.#deliver(await this.#parcels(Math.floor(early / 2))).then(() => {
      areDelivered = true;
    });
    await Promise.all([
      inParallel(this.#orders - early, 16, (n) => this.#place(early + n)),
      delivering,
      this.#replace(old, oldWeb, () => areDelivered),
    ]);
    this.#say('Version 2 alone; customers with declined cards choose others, and every parcel is delivered …');
    await this.#payAgain();
    await this.#deliver(await this.#parcels(this.#orders));
    await this.#until(`select count(*)::int as n from orders.orders where state <> 'delivered'`);
    await this.#until('select count(*)::int as n from runtime.mailbox');
    return { ...(await this.#verdict()), storedByV1, seconds: Math.round((performance.now() - startedAt) / 1000) };
  }

  /** Takes version 1 away, process by process, once both have worked side by side; whoever is quick may have had all old orders. */
  async #replace([first, second]: readonly Dyno[], oldWeb: Dyno, areDelivered: () => boolean): Promise<void> {
    await eventually(
      'both releases work side by side',
      async () => {
        const { lifted, born } = await this.#counts();
        return born > 0 && (lifted > 0 || areDelivered());
      },
      120_000,
    );
    await first?.stop();
    await this.#stage.startWorker(2);
    await oldWeb.stop();
    await second?.stop();
    const { lifted, born } = await this.#counts();
    this.#say(`  version 1 is gone: ${lifted} orders are lifted, ${born} were born as version 2`);
  }

  async #place(number: number): Promise<void> {
    await this.#request('POST', '/v1/orders', orderBody(number));
  }

  async #request(method: string, path: string, body: unknown): Promise<void> {
    for (;;) {
      const web = this.#web as Dyno;
      try {
        this.#retries += (await request(method, `${web.url}${path}`, body)).retries;
        return;
      } catch (error) {
        // The old web was stopped between the choice and the call.
        if (web === this.#web || !(error instanceof TypeError)) throw error;
      }
    }
  }

  /** Waits until every order is booked or waits for another card, then pays those that wait. */
  async #payAgain(): Promise<void> {
    await this.#until(`select count(*)::int as n from orders.orders where state not in ${resting}`);
    const { rows } = await sql<{ id: string }>`
      select id from orders.orders where state in ('confirmed.paymentRetry', 'confirmed.retrying')`.execute(this.#db);
    const method = { type: 'card', token: 'pm_card_visa' };
    await inParallel(rows.length, 16, (n) =>
      this.#request('POST', `/v1/orders/${rows[n]?.id}/payment-method`, { payment: { method } }),
    );
    await this.#until(
      `select count(*)::int as n from orders.orders where state not in ${resting} or state like 'confirmed.%'`,
    );
  }

  async #parcels(most: number): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      select id from shipping.shipments where state = 'created' order by id limit ${most}`.execute(this.#db);
    return rows.map(({ id }) => id);
  }

  async #deliver(parcels: readonly string[]): Promise<void> {
    await inParallel(parcels.length, 8, async (n) => {
      for (const status of ['dispatched', 'delivered'])
        await this.#request('PUT', `/v1/shipments/${parcels[n]}/status`, { status });
    });
  }

  async #verdict(): Promise<Omit<Rolled, 'storedByV1' | 'seconds'>> {
    const { lifted, born } = await this.#counts();
    return {
      orders: this.#orders,
      lifted,
      bornAsV2: born,
      finishedByV1: await this.#count('select count(*)::int as n from orders.orders where machine_version = 1'),
      delivered: await this.#count(`select count(*)::int as n from orders.orders where state = 'delivered'`),
      retries: this.#retries,
      deadLetters: await this.#count('select count(*)::int as n from runtime.dead_letters'),
      left: await this.#count('select count(*)::int as n from runtime.mailbox'),
      unfolded: await this.#unfolded(),
    };
  }

  /** Every actor is folded by the version of its machine that wrote it. */
  async #unfolded(): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`select id from orders.orders where machine_version = 1`.execute(
      this.#db,
    );
    const isOfV1 = new Set(rows.map(({ id }) => `order ${id}`));
    const { order, ...others } = actors;
    const byV1 = await journalsFold({ db: this.#db }, { order });
    const byV2 = await journalsFold({ db: this.#db }, { order: orderV2 });
    const findings = [
      ...byV1.filter(({ about }) => isOfV1.has(about)),
      ...byV2.filter(({ about }) => !isOfV1.has(about)),
      ...(await journalsFold({ db: this.#db }, others)),
    ];
    return findings.map(({ about, what }) => `${about} ${what}`);
  }

  async #counts(): Promise<{ lifted: number; born: number }> {
    const lifted = await this.#lifted();
    const onV2 = await this.#count('select count(*)::int as n from orders.orders where machine_version = 2');
    return { lifted, born: onV2 - lifted };
  }

  #lifted(): Promise<number> {
    return this.#count(
      `select count(*)::int as n from runtime.journal where outcome = 'checkpoint' and recipient = 'order'`,
    );
  }

  async #count(query: string): Promise<number> {
    const { rows } = await sql.raw<{ n: number }>(query).execute(this.#db);
    return rows[0]?.n ?? 0;
  }

  /** Waits until a count is zero. */
  async #until(query: string): Promise<void> {
    await eventually(query, async () => (await this.#count(query)) === 0, 300_000);
  }
}

/** Whether nothing went wrong: every order delivered, some lifted, some born as version 2, none parked, and every journal folds. */
export const isFlawless = (rolled: Rolled): boolean =>
  rolled.delivered === rolled.orders &&
  rolled.lifted > 0 &&
  rolled.bornAsV2 === rolled.orders - rolled.storedByV1 &&
  rolled.lifted + rolled.finishedByV1 === rolled.storedByV1 &&
  rolled.deadLetters === 0 &&
  rolled.left === 0 &&
  rolled.unfolded.length === 0;
