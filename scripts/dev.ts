import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../src/config.js';
import { requireFreePort } from './dev/requireFreePort.js';
import { Interrupted, Running } from './dev/running.js';
import { withdrawEnvironment } from './dev/scriptEnvironment.js';
import { keepLastLogs, readSetting, type Setting } from './dev/setting.js';
import { beginSingleRun } from './dev/singleRun.js';
import { startEverything } from './dev/startEverything.js';
import { UserError } from './dev/userError.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs all of FlowMart on this machine until Ctrl-C or until a part of it dies; sets the process's exit code.
 * @param options.folder where data and logs are kept
 */
export async function runDevelopment({ folder = join(root, '.flowmart') }: { folder?: string }): Promise<void> {
  process.stdout.on('error', () => {}); // The terminal may close before us.
  try {
    process.chdir(root);
    const setting = readSetting(folder);
    const run = await beginSingleRun(setting.folder);
    try {
      await runEverything(setting);
    } finally {
      run.end();
    }
  } catch (error) {
    complain(error);
  }
}

async function runEverything(setting: Setting): Promise<void> {
  await requireFreePort(setting.config.port, setting.config.host);
  keepLastLogs(setting);
  process.stdout.write('FlowMart is starting (Ctrl-C stops it)\n');
  const running = new Running();
  try {
    process.stdout.write(await startEverything(setting, running));
    await running.untilTrouble();
  } catch (error) {
    complain(error); // Before stopping, which may take a while.
  } finally {
    withdrawEnvironment(setting.folder);
    await running.stopAll();
  }
}

/** Says what went wrong: in one line when a person can mend it, with the stack when not. Ctrl-C is nothing wrong. */
function complain(error: unknown): void {
  if (error instanceof Interrupted) return;
  process.exitCode = 1;
  const explained = error instanceof UserError || error instanceof ConfigError;
  process.stderr.write(`\n${explained ? error.message : error instanceof Error ? error.stack : error}\n\n`);
}
