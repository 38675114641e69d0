import { expect } from 'chai';
import { type Kysely, sql } from 'kysely';
import { pino } from 'pino';
import { uuidv7 } from 'uuidv7';
import { type MessageName, messages } from '../../machines/index.js';
import { routing, wires } from '../../queues/routing.js';
import type { Recipient } from '../../queues/topology.js';
import { loadConfig } from '../../src/config.js';
import { connect } from '../../src/db/connect.js';
import type { Database } from '../../src/db/tables.js';
import '../../src/db/tables.all.js';
import { BacklogGauge, createAcceptor } from '../../src/runtime/accept.js';
import { listDeadLetters } from '../../src/runtime/deadLetters.js';
import { Effects } from '../../src/runtime/effects.js';
import type { Engine } from '../../src/runtime/engine.js';
import { Lane } from '../../src/runtime/lane.js';
import type { Handler, Participant } from '../../src/runtime/ports.js';
import type { Ref } from '../../src/runtime/routing.js';
import { actors, createParticipants } from '../../src/services/registry.js';
import { examples } from '../machines/examples.js';
import { type TestDatabase, testDatabase } from '../support/servers.js';

const log = pino({ level: 'silent' });
const handOff = () => Promise.resolve();

/** FlowMart's own participants on its own topology, without queues: what lies in a mailbox is drained here. */
describe('a payload against its schema', () => {
  let database: TestDatabase;
  let db: Kysely<Database>;
  let participants: Readonly<Record<string, Participant>>;
  let close: () => Promise<void>;

  before(async () => {
    database = await testDatabase();
    const config = loadConfig({
      NODE_ENV: 'test',
      DATABASE_URL: database.url,
      REDIS_URL: 'redis://127.0.0.1:1',
      STRIPE_API_BASE: 'http://127.0.0.1:1',
    });
    ({ db, close } = connect({ url: database.url, poolSize: 4, name: 'test', onError: () => undefined }));
    participants = createParticipants(config, db, log);
  });
  after(async () => {
    await close();
    await database.drop();
  });

  const engineWith = (others: Readonly<Record<string, Participant>> = {}): Engine => ({
    db,
    participants: { ...participants, ...others },
    routing,
    wakeAfterMs: 60_000,
  });

  /** Puts a message into a mailbox as if its sender had not looked at it; answers its id. */
  async function leave(type: string, data: unknown, recipient: string, actorId: string, queue: string) {
    const id = uuidv7();
    await sql`insert into runtime.mailbox (id, recipient, actor_id, type, data, source, correlation_id, queue, sent_at, wake_at)
      values (${id}, ${recipient}, ${actorId}, ${type}, ${JSON.stringify(data)}, '/test', ${id}, ${queue}, now(), now())`.execute(
      db,
    );
    return id;
  }

  async function deliver(engine: Engine, ref: Ref) {
    if (engine.participants[ref.recipient]?.kind === 'effect') {
      await new Effects({ engine, lane: new Lane({ engine, batchSize: 1, handOff }), concurrency: 1 }).run(ref);
    } else {
      await new Lane({ engine, batchSize: 100, handOff }).submit({ recipient: ref.recipient, actorId: ref.actorId });
    }
  }

  async function countOf(table: string): Promise<number> {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(table)}`.execute(db);
    return rows[0]?.n ?? 0;
  }

  const mailed = [...wires.values()].flatMap(({ type, addresses }) =>
    addresses.flatMap(({ to, queue }) => (queue === null ? [] : [{ type, to, queue }])),
  );

  for (const { type, to, queue } of mailed) {
    it(`goes to dead letters at once: ${type} for ${to}`, async () => {
      const actorId = uuidv7();
      const id = await leave(type, { ...examples[type], surprise: 'here' }, to, actorId, queue);
      await deliver(engineWith(), { id, type, recipient: to, actorId, queue });
      const [letter] = await listDeadLetters(db, { id }, 1);
      expect(letter).to.include({ type, recipient: to, attempts: 1 });
      expect(letter?.error).to.match(new RegExp(`^INVALID_PAYLOAD: ${type}: `));
      expect(await countOf('runtime.mailbox')).to.equal(0);
    });
  }

  it('leaves nothing else behind', async () => {
    for (const { table } of Object.values(actors)) expect(await countOf(table), table).to.equal(0);
    for (const table of ['runtime.event_log', 'notifications.notifications', 'payments.transactions']) {
      expect(await countOf(table), table).to.equal(0);
    }
  });

  it('is refused to whoever sends it: the message that led to it is parked, and nothing of its own is sent', async () => {
    const { FraudCheckCompleted } = examples;
    const careless: Handler = {
      kind: 'handler',
      handle: (_, received) =>
        Promise.resolve(
          received.map(() => ({
            emit: [
              { type: 'FraudCheckCompleted', data: FraudCheckCompleted },
              { type: 'FraudCheckCompleted', data: { ...FraudCheckCompleted, riskScore: 101 } },
            ],
          })),
        ),
    };
    const { PaymentInitiated } = examples;
    const { paymentId } = PaymentInitiated;
    const queue = 'payment-domain-eventbus.fraud';
    const id = await leave('PaymentInitiated', PaymentInitiated, 'fraud', paymentId, queue);
    const ref = { id, type: 'PaymentInitiated', recipient: 'fraud', actorId: paymentId, queue };
    await deliver(engineWith({ fraud: careless }), ref);
    const [letter] = await listDeadLetters(db, { id }, 1);
    expect(letter?.error).to.match(/^INVALID_PAYLOAD: FraudCheckCompleted: riskScore: /);
    expect(await countOf('runtime.mailbox')).to.equal(0);
    expect(await countOf('runtime.event_log')).to.equal(0);
  });

  it('is refused at the door: a command from a request is not even tried', async () => {
    const engine = engineWith();
    const acceptor = createAcceptor({
      lane: new Lane({ engine, batchSize: 1, handOff }),
      routing,
      gauge: new BacklogGauge(db, 1_000),
    });
    const commands = [...wires.values()].filter(
      ({ type, channel }) => channel === null && messages[type].intent === 'command',
    );
    for (const { type } of commands) {
      const id = uuidv7();
      const data: unknown = { ...examples[type as MessageName], surprise: 'here' };
      const failure = await acceptor.accept({ type, data, id, correlationId: id }).catch((error: Error) => error);
      expect(failure, type).to.include({ code: 'INVALID_PAYLOAD' });
    }
    expect(await countOf('runtime.mailbox')).to.equal(0);
    expect(await countOf('orders.orders')).to.equal(0);
  });

  it('is what every recipient of the topology was tried with', () => {
    const tried = new Set<Recipient>(mailed.map(({ to }) => to));
    // Nobody writes to these but the drain that asks them.
    const served: readonly Recipient[] = ['deliveries', 'quotes', 'numbers'];
    expect([...tried, ...served]).to.have.members(Object.keys(participants));
  });
});
