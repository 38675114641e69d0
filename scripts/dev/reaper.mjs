// The net under `npm start` and `npm test`: a process of its own that lives as long as the pipe on its standard input.
// Whoever holds the other end tells it which processes it started; when that end closes without those having stopped
// (kill -9, a closed terminal, a crash), it stops them in reverse order and removes the folders it was given.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const graceMs = 25_000;
const processes = new Map();
const folders = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.watch) processes.set(message.watch.pid, message.watch.signal);
  if (message.forget) processes.delete(message.forget);
  if (message.remove) folders.add(message.remove);
  if (message.removed) folders.delete(message.removed);
}

for (const [pid, signal] of [...processes].reverse()) {
  if (!send(pid, signal)) continue;
  const deadline = Date.now() + graceMs;
  while (isAlive(pid) && Date.now() < deadline) await sleep(50);
  send(pid, 'SIGKILL');
}
for (const folder of folders) {
  for (let attempt = 0; existsSync(folder) && attempt < 20; attempt++) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      await sleep(100); // A process that was just killed may still hold it.
    }
  }
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals | 0} signal
 */
function send(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/**
 * In a container without an init process nobody collects the dead: they answer signals, but their state is Z.
 * @param {number} pid
 */
function isAlive(pid) {
  if (!send(pid, 0)) return false;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
