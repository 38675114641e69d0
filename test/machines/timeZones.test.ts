import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);
const suites = ['calendar', 'proration', 'subscription.life'].map((name) => `test/machines/${name}.test.ts`);

/** The dates of subscriptions are those of UTC: where a process runs, and its daylight saving shifts, change nothing. */
describe('dates in a process whose clock shifts for daylight saving', function () {
  this.timeout(120_000);

  // New York shifts twice a year; Apia is a day ahead of it, and once left out a whole one.
  for (const zone of ['America/New_York', 'Pacific/Apia']) {
    it(`are the same in ${zone}`, async () => {
      const env = { ...process.env, TZ: zone };
      const shift = await run(process.execPath, ['-p', 'new Date(2026, 0, 31).getTimezoneOffset()'], { env });
      expect(Number(shift.stdout), 'the zone is in force').to.not.equal(0);
      const { stdout } = await run(
        process.execPath,
        ['node_modules/mocha/bin/mocha.js', '--reporter', 'dot', ...suites],
        { env },
      );
      expect(stdout)
        .to.match(/\d\d+ passing/)
        .and.not.to.match(/failing|pending/);
    });
  }
});
