import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { uuidv7 } from 'uuidv7';
import { type Acceptor, BacklogFullError, BacklogGauge, createAcceptor } from '../../src/runtime/accept.js';
import { FatalError } from '../../src/runtime/errors.js';
import { startToy, type Toy } from './toy.js';

describe('accepting a command', () => {
  let toy: Toy;
  before(async () => {
    toy = await startToy();
  });
  after(() => toy.close());

  const acceptor = (limit: number): { gauge: BacklogGauge; acceptor: Acceptor } => {
    const gauge = new BacklogGauge(toy.db, limit);
    return { gauge, acceptor: createAcceptor({ lane: toy.lane, routing: toy.engine.routing, gauge }) };
  };
  const note = (to: string) => ({ type: 'Note', data: { to, text: 'hello' }, id: uuidv7(), correlationId: uuidv7() });

  it('gives it to its actor in one transaction and answers what it did', async () => {
    const id = await toy.join();
    const command = note(id);
    expect(await acceptor(100).acceptor.accept(command)).to.include({
      outcome: 'applied',
      state: 'playing',
      version: 2,
    });
    const row = await toy.db
      .selectFrom('runtime.journal')
      .select(['message_id', 'correlation_id', 'causation_id'])
      .where('actor_id', '=', id)
      .where('type', '=', 'Note')
      .executeTakeFirstOrThrow();
    expect(row).to.deep.equal({
      message_id: command.id,
      correlation_id: command.correlationId,
      causation_id: null,
    });
  });

  it('refuses one that is not in the catalogue', async () => {
    const failed = await acceptor(100)
      .acceptor.accept({ ...note(uuidv7()), type: 'Nonsense' })
      .catch((error) => error);
    expect(failed).to.be.instanceOf(FatalError).and.have.property('code', 'UNKNOWN_MESSAGE');
  });

  it('refuses all while more messages wait than it may hold, and takes them again later', async () => {
    const to = await toy.join();
    for (let i = 0; i < 6; i++) await toy.send('Note', { to, text: '' });
    const { acceptor: accepting, gauge } = acceptor(3);
    void gauge.full;
    await sleep(100);
    expect(gauge.count, 'counts no further than it has to').to.equal(4);
    const failed = await accepting.accept(note(to)).catch((error) => error);
    expect(failed).to.be.instanceOf(BacklogFullError).and.have.property('retryAfterSeconds', 2);
    await toy.drain(to);
    await sleep(1050);
    void gauge.full;
    await sleep(100);
    expect(await accepting.accept(note(to))).to.include({ outcome: 'applied' });
  });

  it('does not count deferred messages: they wait for their actors, not for us', async () => {
    const to = await toy.join();
    await toy.tell('Rest', { to, ms: 60_000 });
    for (let i = 0; i < 4; i++) await toy.tell('Note', { to, text: '' });
    const { gauge } = acceptor(3);
    void gauge.full;
    await sleep(100);
    expect(gauge.full).to.equal(false);
  });
});
