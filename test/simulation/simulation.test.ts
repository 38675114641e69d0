import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { assign } from 'xstate';
import { play, type StandIns } from '../../scripts/simulation/play.js';
import { simulate, storyOf } from '../../scripts/simulation/simulate.js';
import type { Actor } from '../../src/runtime/ports.js';
import { actors } from '../../src/services/registry.js';

const run = promisify(execFile);
const command = (...args: string[]) => run(process.execPath, ['--import', 'tsx', 'scripts/simulate.ts', ...args]);

/** An actor whose machine forgets to do something. */
const forgetting = (actor: Actor, action: string): Actor => ({
  ...actor,
  machine: actor.machine.provide({ actions: { [action]: assign({}) } } as never),
});

/** Machines that are broken in one place. */
const broken: readonly { readonly what: string; readonly standIns: StandIns }[] = [
  { what: 'never gives held stock back', standIns: { reservation: forgetting(actors.reservation, 'release') } },
  { what: 'keeps the money of a cancelled order', standIns: { order: forgetting(actors.order, 'stopPayment') } },
  { what: 'lets parcels of a cancelled order go', standIns: { order: forgetting(actors.order, 'callBackParcels') } },
  { what: 'never lets held money go', standIns: { payment: forgetting(actors.payment, 'requestVoid') } },
  {
    what: 'leaves a label that nobody needs any more alive',
    standIns: { shipment: forgetting(actors.shipment, 'voidSurplusLabel') },
  },
];

describe('the simulation', () => {
  it('keeps every promise in 2,000 stories', async function () {
    this.timeout(300_000);
    const { stdout } = await command('--seeds', '2000');
    expect(stdout).to.match(/2000 stories in .*: every promise kept\n$/);
  });

  it('plays a seed the same way every time', async () => {
    for (const seed of [3, 33, 333]) {
      const [first, second] = [await play(storyOf(seed)), await play(storyOf(seed))];
      expect(first.lines).to.have.length.above(10).and.to.deep.equal(second.lines);
    }
  });

  it('brings every machine to its ends and through all kinds of trouble', async () => {
    const lines: string[] = [];
    for (let seed = 1; seed <= 60; seed++) lines.push(...(await play(storyOf(seed))).lines);
    const story = lines.join('\n');
    for (const end of ['→ delivered', '→ cancelled', '→ refunded', '→ fulfilled', '→ expired.released', '→ failed'])
      expect(story).to.include(end);
    for (const trouble of [
      'is lost',
      'the answer lost',
      'lost on the way',
      'dies after',
      'takes its time',
      'time passes',
    ])
      expect(story).to.include(trouble);
  });

  for (const { what, standIns } of broken) {
    it(`notices a machine that ${what}`, async function () {
      this.timeout(120_000);
      let seed = 1;
      while (seed <= 200 && (await play(storyOf(seed), standIns)).violation === null) seed++;
      expect(seed).to.be.at.most(200);
    });
  }

  it('tells the smallest story that breaks a promise', async function () {
    this.timeout(120_000);
    const standIns = broken[0]?.standIns as StandIns;
    let seed = 1;
    while ((await play(storyOf(seed), standIns)).violation === null) seed++;
    const { violation, lines, plan } = await simulate(seed, standIns);
    expect(violation).to.match(/reserved, reservations hold 0/);
    expect(plan.orders).to.have.length(1);
    expect([...plan.packets, ...plan.calls, ...plan.moments]).to.have.length.at.most(2);
    expect(lines).to.have.length.at.most(30);
  });

  it('ends with exit code 1 for what it does not understand', async () => {
    const error = await command('--seeds', 'many').catch((refused: { code: number; stderr: string }) => refused);
    expect(error).to.include({ code: 1, stderr: '--seeds wants a whole number above 0\n' });
  });
});
