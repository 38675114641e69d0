import { join } from 'node:path';
import { type ManagedProcess, startProcess, waitUntil } from './managedProcess.js';
import { UserError } from './userError.js';

interface Service {
  readonly args?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFolder: string;
}

/** As the Procfile has them: a group's garbage is young, and collecting it takes half as long with room for it. */
const nodeOptions = ['--max-semi-space-size=64'];

/** Starts one of our own programs from its TypeScript. */
export const startService = (name: string, script: string, { args = [], env, logFolder }: Service) =>
  startNode(name, ['--import', 'tsx', script, ...args], { env, logFolder });

/** Starts one of our own programs from what it was compiled to in the folder `cwd` (compiled.ts). */
export const startCompiled = (name: string, script: string, options: Service & { readonly cwd: string }) =>
  startNode(name, [script, ...(options.args ?? [])], options);

const startNode = (name: string, args: readonly string[], options: Omit<Service, 'args'> & { readonly cwd?: string }) =>
  startProcess({
    name,
    command: process.execPath,
    args: [...nodeOptions, ...args],
    env: options.env,
    logFile: join(options.logFolder, `${name}.log`),
    ...(options.cwd ? { cwd: options.cwd } : {}),
  });

/** How long a program may take to be ready, in milliseconds. */
const patienceMs = 60_000;

/**
 * Waits until a GET of `url` answers 2xx.
 * @param signal when aborted, or when the process ends, waiting ends without more ado: whoever did that says why
 * @throws UserError when it takes too long
 */
export async function waitForAnswer(managed: ManagedProcess, url: string, signal: AbortSignal): Promise<void> {
  let last = 'nothing';
  const answers = async () => {
    try {
      const response = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5000) });
      last = `${response.status} ${(await response.text()).slice(0, 500)}`;
      return response.ok;
    } catch {
      return false;
    }
  };
  await waitUntilReady(managed, answers, signal, () => `${url} answers ${last}`);
}

/** Waits until the process has logged `text`; otherwise as `waitForAnswer`. */
export async function waitForLog(managed: ManagedProcess, text: string, signal: AbortSignal): Promise<void> {
  const logged = () => Promise.resolve(managed.output().includes(text));
  await waitUntilReady(managed, logged, signal, () => `it has not logged "${text}"`);
}

async function waitUntilReady(
  managed: ManagedProcess,
  probe: () => Promise<boolean>,
  signal: AbortSignal,
  state: () => string,
): Promise<void> {
  const ready = await waitUntil(managed, async () => signal.aborted || (await probe()), patienceMs);
  if (ready || !managed.isRunning()) return;
  throw new UserError(
    `${managed.name} is not ready after ${patienceMs / 1000} s: ${state()}. Its log: ${managed.logFile}`,
  );
}
