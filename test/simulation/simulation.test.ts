import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { assign, enqueueActions } from 'xstate';
import { days } from '../../machines/shared/instants.js';
import type { SubscriptionContext } from '../../machines/subscription/subscription.context.js';
import { statesOf } from '../../scripts/golden/states.js';
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

/** A subscription whose step does something besides what it should. */
function andThen(action: string, change: (context: SubscriptionContext) => Partial<SubscriptionContext>): Actor {
  const { subscription } = actors;
  const { actions } = subscription.machine.implementations as { actions: Record<string, unknown> };
  const both = enqueueActions(({ enqueue }, params) => {
    enqueue({ type: 'asItShould', params } as never);
    enqueue.assign((({ context }: { context: SubscriptionContext }) => change(context)) as never);
  });
  const provided = { [action]: both, asItShould: actions[action] };
  return { ...subscription, machine: subscription.machine.provide({ actions: provided } as never) };
}

const { subscription, invoice } = actors;

/** Subscriptions and invoices that are broken in one place, and what is noticed. */
const brokenLives: readonly { readonly what: string; readonly standIns: StandIns; readonly noticed: RegExp }[] = [
  {
    what: 'bills the first period twice (S-08)',
    standIns: {
      subscription: andThen('settle', ({ nextIndex, period }) =>
        nextIndex === 1 && period ? { period: { ...period, end: period.start } } : {},
      ),
    },
    noticed: /was paid for twice|stand for one delivery/,
  },
  {
    what: 'never takes access away (S-14)',
    standIns: {
      subscription: {
        ...subscription,
        machine: subscription.machine.provide({ delays: { graceEnd: days(400) } } as never),
      },
    },
    noticed: /grace with limited access, long after what was paid for/,
  },
  {
    what: 'loses a credit (S-30)',
    standIns: { subscription: andThen('migrate', () => ({ credit: 0 })) },
    noticed: /has a credit of 0, its invoices leave/,
  },
  {
    what: 'leaves the invoice of a suspended subscription open (S-14)',
    standIns: { subscription: forgetting(subscription, 'suspend') },
    noticed: /and nobody collects it/,
  },
  {
    what: 'closes access before the end of what was paid (S-20)',
    standIns: { subscription: forgetting(subscription, 'scheduleEnd') },
    noticed: /before the end of what was paid for/,
  },
  {
    what: 'goes on waiting for a plan change that has failed (S-30)',
    standIns: { subscription: forgetting(subscription, 'dropChange') },
    noticed: /waits for a charge that is over/,
  },
  {
    what: 'forgets the credit note of a refund (8.6)',
    standIns: { invoice: forgetting(invoice, 'writeCreditNote') },
    noticed: /are used, .* given/,
  },
];

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

  it('brings subscriptions and invoices to every state they have', async function () {
    this.timeout(120_000);
    const missing = new Set(
      Object.entries({ subscription, invoice }).flatMap(([name, { machine }]) =>
        statesOf(machine).map((state) => `${name} → ${state}`),
      ),
    );
    for (let seed = 1; seed <= 400 && missing.size > 0; seed++) {
      const story = storyOf(seed);
      for (const line of story.lives ? (await play(story)).lines : [])
        missing.delete(line.replace(/^.*(subscription|invoice) \d+: \S+ →/, '$1 →'));
    }
    expect([...missing]).to.deep.equal([]);
  });

  for (const { what, standIns, noticed } of brokenLives) {
    it(`notices a subscription or invoice that ${what}`, async function () {
      this.timeout(120_000);
      let violation: string | null = null;
      for (let seed = 1; seed <= 400 && violation === null; seed++) {
        const story = storyOf(seed);
        if (story.lives) ({ violation } = await play(story, standIns));
      }
      expect(violation).to.match(noticed);
    });
  }

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
