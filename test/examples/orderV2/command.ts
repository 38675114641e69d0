import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { reaper } from '../../../scripts/dev/reaper.js';
import { temporaryFolder } from '../../../scripts/dev/temporaryFolder.js';
import { isFlawless, roll } from './roll.js';

const help = `npm run example:migration -- [options]

A machine migration under load, worked through: orders are placed all the time while every process is replaced by one that knows
version 2 of the order's machine (two states renamed, one field added; test/examples/orderV2/orderV2.ts). Starts its own servers.

  --orders N  how many orders (5000)

Exit code 0 when every order was delivered by version 2, none was parked, and every journal folds.
`;

const { values } = parseArgs({
  options: { orders: { type: 'string', default: '5000' }, help: { type: 'boolean', default: false } },
});

async function main(): Promise<boolean> {
  const folder = temporaryFolder('flowmart-migration-');
  reaper.remove(folder);
  try {
    const rolled = await roll({
      orders: Number(values.orders),
      folder,
      say: (line) => process.stdout.write(`${line}\n`),
    });
    process.stdout.write(`${JSON.stringify(rolled, null, 2)}\n`);
    return isFlawless(rolled);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    reaper.removed(folder);
  }
}

if (values.help) process.stdout.write(help);
else process.exitCode = (await main()) ? 0 : 1;
