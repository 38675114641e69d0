import { expect } from 'chai';
import { uuidv7 } from 'uuidv7';
import type { DrainClocks } from '../../src/runtime/drainClocks.js';
import type { Envelope } from '../../src/runtime/envelope.js';
import { Outbox } from '../../src/runtime/outbox.js';
import { toyEngine } from './toy.js';

describe('what is sent in a drain', () => {
  const at = '2026-01-02T03:04:05.678Z';
  const cause: Envelope = {
    id: uuidv7(),
    type: 'Hit',
    data: {},
    source: '/test',
    correlationId: uuidv7(),
    causationId: null,
    clockId: null,
  };
  const outbox = () =>
    new Outbox(toyEngine(undefined as never, {}), {
      clocks: { at: () => at, now: at } as unknown as DrainClocks,
      inline: { reaches: () => false, deliver: () => undefined },
      alongside: false,
      calls: 0,
    });
  const note = { type: 'Note', data: { to: uuidv7(), text: 'psst' } };
  const sender = { recipient: 'player', actorId: uuidv7() };
  const idsOf = ({ mail }: Outbox) => mail.map(({ envelope }) => envelope.id);

  it('has an id of its own, also when its cause has reached the sender twice', () => {
    const out = outbox();
    out.emit([note, note], cause, sender);
    out.emit([note], cause, sender);
    expect(new Set(idsOf(out)).size).to.equal(3);
  });

  it('has the same ids when the drain is done again', () => {
    const [first, second] = [outbox(), outbox()];
    for (const out of [first, second]) out.emit([note, note], cause, sender);
    expect(idsOf(first)).to.deep.equal(idsOf(second));
  });
});
