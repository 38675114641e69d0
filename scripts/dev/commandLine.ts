import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The command line of a process that runs, undefined when there is none (or it is dead and only not yet collected). */
export async function commandLine(pid: number): Promise<string | undefined> {
  try {
    if (process.platform === 'linux') {
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').join(' ').trim() || undefined;
    }
    return (await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)])).stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
