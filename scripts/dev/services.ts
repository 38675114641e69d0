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

/** Waits until a GET of `url` answers 2xx. What happens when the process ends before is left to whoever watches it. */
export async function waitForAnswer(managed: ManagedProcess, url: string, timeoutMs = 60_000): Promise<void> {
  let last = 'no answer';
  const answers = async () => {
    try {
      const response = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5000) });
      last = `${response.status} ${(await response.text()).slice(0, 500)}`;
      return response.ok;
    } catch {
      return false;
    }
  };
  if (await waitUntil(managed, answers, timeoutMs)) return;
  if (managed.isRunning())
    throw new UserError(
      `${managed.name} is not ready after ${timeoutMs / 1000} s: ${url} said ${last}. Its log: ${managed.logFile}`,
    );
  // Its end is about to be reported by Running, which knows more than we do.
  await new Promise(() => {});
}
