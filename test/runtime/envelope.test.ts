import { expect } from 'chai';
import { type Envelope, envelope, textOf } from '../../src/runtime/envelope.js';

const cause: Envelope = {
  type: 'Ball',
  data: {},
  id: '01a203b9-2a91-725c-8fcd-53539bc4662e',
  source: '/http',
  correlationId: '01a203b9-0000-7000-8000-00000000c0de',
  causationId: null,
  clockId: '01a203b9-0000-7000-8000-00000000c10c',
};
const sender = { recipient: 'player', actorId: '01a203b9-0000-7000-8000-000000000001' };
const sent = (from = cause, by = sender, position = 0) =>
  envelope({ type: 'Note', data: { text: 'x' } }, from, by, position);

describe('the envelope of a message', () => {
  it('says who sent it because of what, and which request it all descends from (invariant 7)', () => {
    expect(sent()).to.deep.include({
      type: 'Note',
      data: { text: 'x' },
      source: `/player/${sender.actorId}`,
      causationId: cause.id,
      correlationId: cause.correlationId,
      clockId: cause.clockId,
    });
  });

  it('has the same id again when a drain is rolled back and run again', () => {
    expect(sent().id).to.equal(sent().id);
  });

  it('has an id of its own for each cause, sender and position', () => {
    const others = [
      sent(),
      sent(cause, sender, 1),
      sent(cause, { ...sender, recipient: 'referee' }),
      sent(cause, { ...sender, actorId: '01a203b9-0000-7000-8000-000000000002' }),
      sent({ ...cause, id: '01a203b9-2a91-725c-8fcd-53539bc4662f' }),
    ];
    expect(new Set(others.map(({ id }) => id)).size).to.equal(others.length);
  });

  it('has a UUIDv7 of the time of its cause', () => {
    expect(sent().id).to.match(/^01a203b9-2a91-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('has its payload turned to text once, and keeps the text that it was stored as', () => {
    const text = '{"b": 1, "a": "x\\"y"}';
    expect(textOf({ data: JSON.parse(text), text })).to.equal(text);
    let looks = 0;
    const data = {
      get a() {
        looks += 1;
        return 1;
      },
    };
    const message: Pick<Envelope, 'data' | 'text'> = { data };
    expect([textOf(message), textOf(message)]).to.deep.equal(['{"a":1}', '{"a":1}']);
    expect(looks).to.equal(1);
    expect(textOf({ data: null })).to.equal('null');
  });
});
