import { expect } from 'chai';
import { testSubfolder } from '../support/folder.js';
import { type SpawnedProcess, spawnProcess } from '../support/processes.js';

/** What the `curl` command that npm start prints would send. */
function printedOrder(output: string): { url: string; body: string } {
  const [, url, body] = /curl -sS (\S+) .* -d '(.+)'/.exec(output) as unknown as [string, string, string];
  return { url, body };
}

describe('npm start', function () {
  this.timeout(120_000);
  let folder: string;
  let running: SpawnedProcess;

  before(async () => {
    folder = testSubfolder('start-');
  });

  async function start(): Promise<void> {
    running = await spawnProcess('scripts/start.mjs', { NODE_ENV: 'development', PORT: '0' }, ['--data', folder]);
    await running.waitForOutput(/goes on with the same data/, 90_000);
  }

  it('runs everything, and the order that it prints is paid', async () => {
    await start();
    const { url, body } = printedOrder(running.output());
    const headers = { 'content-type': 'application/json', prefer: 'wait=10' };
    const response = await fetch(url, { method: 'POST', headers, body });
    const order = (await response.json()) as { status: string };
    expect(response.status, JSON.stringify(order)).to.equal(201);
    expect(order.status).to.equal('processing');
  });

  it('stops everything in order, web and worker first', async () => {
    running.signal('SIGINT');
    expect(await running.exited).to.deep.equal({ code: 0, signal: null });
    const stopped = [...running.output().matchAll(/✓ Stopping ([\w ]+?) \(/g)].map((match) => match[1]);
    expect(stopped.slice(0, 2)).to.deep.equal(['web and worker', 'stripeSandbox']);
    expect(stopped).to.include.members(['Redis', 'PostgreSQL']);
  });

  it('goes on with its data the next time', async () => {
    await start();
    expect(running.output())
      .to.match(/Migrating the database: nothing new/)
      .and.match(/Seeding the catalogue: nothing new/);
    const { url, body } = printedOrder(running.output());
    const { customerId } = JSON.parse(body) as { customerId: string };
    const response = await fetch(`${url}?customerId=${customerId}`);
    expect(((await response.json()) as { items: unknown[] }).items).to.have.lengthOf(1);
    await running.stop();
  });
});
