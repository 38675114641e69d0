import { execFile } from 'node:child_process';
import { expect } from 'chai';
import { readLedger } from '../../scripts/stripeSandbox/ledger.js';
import { startStripeSandbox } from '../../scripts/stripeSandbox/server.js';
import { parseSandboxArgs } from '../../scripts/stripeSandbox.js';
import { spawnProcess } from '../support/processes.js';
import { chargeOf, newLedgerPath } from './stripeSandbox/client.js';

describe('the command stripeSandbox', () => {
  it('reads its options and says what is wrong with them', () => {
    expect(parseSandboxArgs(['--help'])).to.equal('help');
    expect(parseSandboxArgs([])).to.deep.include({ port: 4242, latencyMs: 0 });
    expect(
      parseSandboxArgs(['--webhook-url', 'http://localhost:3000/w', '--webhook-secret', 'whsec_1']),
    ).to.deep.include({
      webhook: { url: 'http://localhost:3000/w', secret: 'whsec_1' },
    });
    expect(() => parseSandboxArgs(['--port', 'many'])).to.throw('--port wants a whole number');
    expect(() => parseSandboxArgs(['--webhook-url', 'http://localhost:3000/w'])).to.throw('go together');
    expect(() => parseSandboxArgs(['--webhook-events', 'charge.imagined'])).to.throw('charge.imagined');
    expect(() => parseSandboxArgs(['--surprise'])).to.throw();
  });

  it('serves until it is told to stop, and after kill -9 continues from its ledger', async () => {
    const ledger = await newLedgerPath();
    const args = ['--port', '0', '--ledger', ledger];
    const startAgain = async () => {
      const sandbox = await spawnProcess('scripts/stripeSandbox.ts', {}, args);
      const [, url = ''] = await sandbox.waitForOutput(/Stripe sandbox on (http:\S+?),/);
      const charge = () =>
        fetch(`${url}/v1/payment_intents`, {
          method: 'POST',
          headers: { authorization: 'Bearer sk_test_x', 'idempotency-key': 'k1', connection: 'close' },
          body: new URLSearchParams(chargeOf('o1')).toString(),
        }).then((response) => response.json() as Promise<{ id: string }>);
      return { sandbox, charge };
    };
    const first = await startAgain();
    const { id } = await first.charge();
    await first.sandbox.kill();
    const second = await startAgain();
    expect((await second.charge()).id).to.equal(id);
    second.sandbox.signal('SIGTERM');
    expect((await second.sandbox.exited).code).to.equal(0);
    expect([...readLedger(ledger)]).to.have.lengthOf(1);
  });

  it('says in one line that its port is taken', async () => {
    const sandbox = await startStripeSandbox();
    const args = ['--import', 'tsx', 'scripts/stripeSandbox.ts', '--port', String(sandbox.port)];
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, args, (error, _stdout, text) => resolve({ code: error?.code, stderr: text }));
    });
    await sandbox.close();
    expect(code).to.equal(1);
    expect(stderr).to.match(/^stripeSandbox: That port is in use; choose another with --port\.\n$/);
  });
});
