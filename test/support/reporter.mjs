import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

const patienceMs = 10_000;

/**
 * Mocha's usual report. It also writes the counts to the file named by the reporter option `counts`, and counts it as a
 * failure when something (a connection, a worker, a timer) keeps the process alive after the last test.
 */
export default class CountingReporter extends Mocha.reporters.Spec {
  /**
   * @param {Mocha.Runner} runner
   * @param {Mocha.MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    const file = options.reporterOptions?.counts;
    const report = (leaked = 0) => {
      const { passes = 0, failures = 0 } = runner.stats ?? {};
      if (file) writeFileSync(file, JSON.stringify({ passed: passes, failed: failures + leaked }));
    };
    runner.once('end', () => {
      report();
      setTimeout(() => {
        const open = [...new Set(process.getActiveResourcesInfo())].join(', ');
        process.stderr.write(
          `The tests are over, yet something is still open: ${open}. Some suite does not close what it opens.\n`,
        );
        report(1);
        process.exit(1);
      }, patienceMs).unref();
    });
  }
}
