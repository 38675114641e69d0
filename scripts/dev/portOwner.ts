import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Who listens on a TCP port of this machine, such as `node (pid 4711)`; undefined when it cannot be told. */
export async function portOwner(port: number): Promise<string | undefined> {
  return process.platform === 'linux' ? ownerFromProc(port) : ownerFromLsof(port);
}

async function ownerFromLsof(port: number): Promise<string | undefined> {
  try {
    const { stdout } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']);
    const pid = /^p(\d+)/m.exec(stdout)?.[1];
    const command = /^c(.+)/m.exec(stdout)?.[1];
    return pid && command ? `${command} (pid ${pid})` : undefined;
  } catch {
    return undefined;
  }
}

/** Linux tells which socket listens in /proc/net, and whose socket that is in /proc/<pid>/fd. */
async function ownerFromProc(port: number): Promise<string | undefined> {
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const lines = (await readFile(table, 'utf8').catch(() => '')).split('\n').slice(1);
    for (const line of lines) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      const listens = state === '0A';
      if (listens && inode && local && Number.parseInt(local.split(':')[1] ?? '', 16) === port)
        inodes.add(`socket:[${inode}]`);
    }
  }
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (inodes.has(target)) {
        const command = (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim();
        return `${command || 'a process'} (pid ${pid})`;
      }
    }
  }
  return undefined;
}
