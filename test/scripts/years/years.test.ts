import { expect } from 'chai';
import { sql } from 'kysely';
import { begin, livesOf } from '../../../scripts/years/lives.js';
import { play } from '../../../scripts/years/play.js';
import { judge } from '../../../scripts/years/verdict.js';
import { enterWorld, type OpenWorld } from '../../../scripts/years/world.js';
import { startRuntime, type TestRuntime } from '../../support/runtime.js';

const end = begin + 180 * 86_400_000;
const lives = livesOf({ subscriptions: 10, end, seed: 7 });
const nothing = {
  invoicesAreTheOracles: [],
  commandsAreTaken: [],
  periodsFollow: [],
  numbersFollow: [],
  nobodyIsStuck: [],
  bankAgrees: [],
};

describe('180 days of 10 subscriptions on test clocks', function () {
  this.timeout(600_000);
  const runtimes: TestRuntime[] = [];
  const worlds: OpenWorld[] = [];

  const live = async () => {
    const runtime = await startRuntime({ TEST_CLOCKS: 'on' });
    runtimes.push(runtime);
    runtime.sandbox.setWebhookEndpoint(null);
    const { config, redis, sandbox } = runtime;
    const world = enterWorld({ config, sandboxUrl: sandbox.url, prefix: redis.prefix });
    worlds.push(world);
    const played = await play(world, lives, end);
    return { db: world.db, look: () => judge(world, lives, played, sandbox.ledger()) };
  };
  after(async () => {
    for (const world of worlds) await world.close();
    for (const runtime of runtimes) await runtime.close();
  });

  it('is billed as the calculation by hand says, the same every time, and every check finds what it is for', async () => {
    const [{ db, look }, again] = await Promise.all([live(), live()]);
    const { digest, findings } = await look();
    expect(findings).to.deep.equal(nothing);
    expect(await again.look()).to.deep.equal({ digest, findings: nothing });

    await sql`
      update billing.invoices set state = 'cancelled' where id = (
        select id from billing.invoices where state = 'paid' and total_minor > 0 order by issued_at desc limit 1)`.execute(
      db,
    );
    await sql`
      update billing.invoices set invoice_number = 'INV-2028-99999' where id = (
        select id from billing.invoices order by invoice_number limit 1)`.execute(db);
    await sql`
      delete from runtime.timers where actor_id = (
        select id from subscriptions.subscriptions where state = 'active.current' limit 1)`.execute(db);
    await sql`
      update billing.invoices set snapshot = jsonb_set(snapshot::jsonb, '{context,billingPeriod,start}', '"2028-01-01T00:00:00.500Z"')
      where id = (select id from billing.invoices where state = 'paid' order by issued_at desc limit 1)`.execute(db);
    const spoilt = await look();
    expect(spoilt.digest).not.to.equal(digest);
    const { commandsAreTaken: _, ...found } = spoilt.findings;
    for (const [check, list] of Object.entries(found)) expect(list, check).not.to.have.length(0);
  });
});
