import { join } from 'node:path';
import { type ManagedProcess, startProcess, waitUntil } from './managedProcess.js';
import { UserError } from './userError.js';

/** Starts one of our own programs from its TypeScript. */
export function startService(
  name: string,
  script: string,
  options: { args?: readonly string[]; env: NodeJS.ProcessEnv; logFolder: string },
): Promise<ManagedProcess> {
  return startProcess({
    name,
    command: process.execPath,
    args: ['--enable-source-maps', '--import', 'tsx', script, ...(options.args ?? [])],
    env: options.env,
    logFile: join(options.logFolder, `${name}.log`),
  });
}

/**
 * Waits until a GET of `url` answers 2xx.
 * @param signal when aborted, or when the process ends, waiting ends without more ado: whoever did that says why
 * @throws UserError after `timeoutMs` milliseconds
 */
export async function waitForAnswer(
  managed: ManagedProcess,
  url: string,
  signal: AbortSignal,
  timeoutMs = 60_000,
): Promise<void> {
  let last = 'nothing';
  const answers = async () => {
    if (signal.aborted) return true;
    try {
      const response = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5000) });
      last = `${response.status} ${(await response.text()).slice(0, 500)}`;
      return response.ok;
    } catch {
      return false;
    }
  };
  if (!(await waitUntil(managed, answers, timeoutMs)) && managed.isRunning()) {
    throw new UserError(
      `${managed.name} is not ready after ${timeoutMs / 1000} s: ${url} answers ${last}. Its log: ${managed.logFile}`,
    );
  }
}
