import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { step } from '../progress.mjs';
import { commandLine } from './commandLine.js';
import { reaper } from './reaper.js';
import { UserError } from './userError.js';

export interface SingleRun {
  end(): void;
}

/**
 * Makes sure that one npm start at a time works on this folder: whoever does answers on a socket in it, so that nothing
 * that ended badly can keep the next one out.
 * @throws UserError when another one runs
 */
export async function beginSingleRun(folder: string): Promise<SingleRun> {
  // A path from here: that of a socket may be about a hundred characters long only.
  const path = relative(process.cwd(), join(folder, 'run.sock'));
  const other = await ask(path);
  if (other !== undefined) {
    throw new UserError(
      `FlowMart already runs from this folder (pid ${other}). Stop it there with Ctrl-C, or use a second clone with PORT=3001.`,
    );
  }
  rmSync(path, { force: true });
  const server = await listen(path);
  server.unref();
  const reaperFile = join(folder, 'reaper.pid');
  await reaperOfLastRun(reaperFile);
  writeFileSync(reaperFile, String(reaper.pid()));
  return {
    end() {
      server.close();
      rmSync(path, { force: true });
      rmSync(reaperFile, { force: true });
    },
  };
}

/** Waits while the net below the last run, which was killed, is still stopping what that run had started. */
async function reaperOfLastRun(file: string): Promise<void> {
  const pid = Number(readOr(file, '0'));
  const isStopping = async () => pid > 0 && (await commandLine(pid))?.includes('reaper.mjs') === true;
  if (!(await isStopping())) return;
  await step('Waiting until what the last run left behind has stopped', async () => {
    const deadline = Date.now() + 60_000;
    while (Date.now() < deadline && (await isStopping())) await sleep(200);
  });
}

function readOr(file: string, otherwise: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return otherwise;
  }
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => {}).end(String(process.pid)));
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

/** Who answers there, undefined when nobody does. */
function ask(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(path);
    socket.setTimeout(2000, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', (data) => (answer += data.toString()));
    socket.on('close', () => resolve(answer || undefined));
  });
}
