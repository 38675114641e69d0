import { expect } from 'chai';
import fc from 'fast-check';
import { causalOrder, relatedTo } from '../../src/http/timelineOrder.js';

const row = (messageId: string, causationId: string | null, actorId = 'order') => ({ messageId, causationId, actorId });
const ids = (rows: readonly { messageId: string }[]) => rows.map(({ messageId }) => messageId).join(' ');

describe('the order of a story', () => {
  it('is that of time where causes come first anyway', () => {
    const rows = [row('a', null), row('b', 'a'), row('c', null), row('d', 'b')];
    expect(ids(causalOrder(rows))).to.equal('a b c d');
  });

  it('puts a cause before its effect although clocks disagree', () => {
    const rows = [row('c', 'b'), row('b', 'a'), row('x', null), row('a', null), row('d', 'c')];
    expect(ids(causalOrder(rows))).to.equal('x a b c d');
  });

  it('waits for the first of several receivers of a message only', () => {
    const rows = [row('a', null, 'order'), row('b', 'a'), row('a', null, 'notifications')];
    expect(ids(causalOrder(rows))).to.equal('a b a');
  });

  it('does not wait for a cause that is not part of it', () => {
    expect(ids(causalOrder([row('b', 'gone'), row('c', 'b')]))).to.equal('b c');
  });

  it('loses nothing and never tells an effect before its cause, whatever the clocks say', () => {
    const tree = fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 }).chain((picks) => {
      const rows = picks.map((pick, index) =>
        row(`m${index}`, index === 0 || pick % 7 === 0 ? null : `m${pick % index}`),
      );
      return fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length });
    });
    fc.assert(
      fc.property(tree, (rows) => {
        const told = new Set<string>();
        const ordered = causalOrder(rows);
        expect(ordered).to.have.lengthOf(rows.length);
        expect(rows.every((one) => ordered.includes(one))).to.equal(true);
        for (const { messageId, causationId } of ordered) {
          expect(causationId === null || told.has(causationId)).to.equal(true);
          told.add(messageId);
        }
      }),
    );
  });
});

describe('what belongs to a story', () => {
  it('is what hangs together with its actors, and not what only shares a correlation id', () => {
    const rows = [
      row('place1', null, 'order1'),
      row('place2', null, 'order2'),
      row('confirmed1', 'place1', 'reservation1'),
      row('confirmed2', 'place2', 'reservation2'),
      row('mail1', 'confirmed1', 'notification1'),
      row('scan', null, 'shipment1'),
      row('dispatched', 'scan', 'order1'),
    ];
    const story = relatedTo(rows, new Set(['order1', 'shipment1']));
    expect(ids(story)).to.equal('place1 confirmed1 mail1 scan dispatched');
  });

  it('includes what led to it', () => {
    const rows = [row('renewal', null, 'subscription'), row('place', 'renewal', 'order1')];
    expect(ids(relatedTo(rows, new Set(['order1'])))).to.equal('renewal place');
  });
});
