import { expect } from 'chai';
import { importProblems } from '../../scripts/importRules.js';

function problemsIn(files: Record<string, string>): string[] {
  return importProblems(new Map(Object.entries(files)));
}

describe('import rules', () => {
  const broken: readonly [rule: string, file: string, code: string][] = [
    ['a machine imports xstate and zod only', 'machines/order/order.machine.ts', "import { v7 } from 'uuid';"],
    ['a machine imports no built-in module', 'machines/order/order.machine.ts', "import 'node:fs';"],
    [
      'a machine imports of another only its messages',
      'machines/order/order.machine.ts',
      "import { a } from '../payment/payment.rules.js';",
    ],
    [
      'a machine knows nothing of the rest',
      'machines/order/order.rules.ts',
      "import type { A } from '../../src/db/tables.js';",
    ],
    ['a machine reads no clock', 'machines/order/order.rules.ts', 'const now = Date.now();'],
    ['a machine makes no date of now', 'machines/order/order.rules.ts', 'const now = new Date( );'],
    ['a machine asks no library for the time', 'machines/shared/calendar.ts', 'const now = DateTime.utc();'],
    ['only the calendar does with dates', 'machines/order/order.rules.ts', "import { DateTime } from 'luxon';"],
    ['a machine draws no random number', 'machines/order/order.rules.ts', 'const luck = Math.random();'],
    ['a machine makes no id', 'machines/order/order.rules.ts', 'const id = crypto.randomUUID();'],
    ['a machine is never run', 'machines/order/order.machine.ts', 'createActor(machine).start();'],
    ['queues know no service', 'queues/packets.ts', "import { a } from '../src/services/orders/a.js';"],
    ['queues know no database', 'queues/packets.ts', "import { Kysely } from 'kysely';"],
    ['the database layer knows no runtime', 'src/db/tables.ts', "import { drain } from '../runtime/drain.js';"],
    [
      'the runtime knows no FlowMart message',
      'src/runtime/drain.ts',
      "import { o } from '../../machines/order/order.messages.js';",
    ],
    ['the runtime knows no service', 'src/runtime/drain.ts', "import { a } from '../services/registry.js';"],
    ['BullMQ is known to queues only', 'src/runtime/wake.ts', "import { Queue } from 'bullmq';"],
    ['ioredis is known to queues only', 'src/worker.ts', "import { Redis } from 'ioredis';"],
    ['a service imports no other service', 'src/services/fraud/a.ts', "import { b } from '../inventory/b.js';"],
    [
      'a service imports no machine',
      'src/services/fraud/a.ts',
      "import { m } from '../../../machines/order/order.machine.js';",
    ],
    ['a service imports no queue', 'src/services/fraud/a.ts', "export { q } from '../../../queues/packets.js';"],
    ['routes call no service', 'src/http/orders.ts', "const s = await import('../services/orders/a.js');"],
    ['the environment is read in one place', 'src/http/app.ts', 'const port = process.env.PORT;'],
  ];

  for (const [rule, file, code] of broken) {
    it(`${rule}`, () => {
      const problems = problemsIn({ [file]: code });
      expect(problems).to.have.lengthOf(1);
      expect(problems[0]).to.match(new RegExp(`^${file} `));
    });
  }

  it('imports do not run in a circle', () => {
    const problems = problemsIn({
      'src/db/a.ts': "import { b } from './b.js';",
      'src/db/b.ts': "import type { c } from './c.js';",
      'src/db/c.ts': "import { a } from './a.js';",
    });
    expect(problems).to.deep.equal([
      'src/db/a.ts → src/db/b.ts → src/db/c.ts → src/db/a.ts: imports must not run in a circle',
    ]);
  });

  it('lets through what follows the rules', () => {
    const problems = problemsIn({
      'machines/order/order.machine.ts': `
        // Date.now() is not for machines
        import { setup } from 'xstate';
        import { order } from './order.messages.js';
        import { payment } from '../payment/payment.messages.js';
        import { money } from '../shared/values.js';
        import type { FlowmartOutgoing } from '../index.js';
        type From = Pick<Move, 'from' | 'to'>;
        const due = new Date(order.acceptedAt);`,
      'machines/index.ts': "import { m } from './order/order.messages.js';",
      'queues/packets.ts': "import { Queue } from 'bullmq'; import { messages } from '../machines/index.js';",
      'src/services/registry.ts':
        "import { a } from './fraud/a.js'; import { m } from '../../machines/order/order.machine.js';",
      'src/services/fraud/a.ts':
        "import { b } from './b.js'; import { f } from '../../../machines/fraud/fraud.messages.js';",
      'src/config.ts': 'export const port = process.env.PORT;',
      'src/worker.ts': "import { registry } from './services/registry.js'; import { q } from '../queues/packets.js';",
    });
    expect(problems).to.deep.equal([]);
  });
});
