import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100;

interface Stat {
  readonly parent: number;
  /** User and system time of the process and of its children that have ended, in ticks. */
  readonly ticks: number;
}

function readStat(pid: number | string): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name may hold spaces and parentheses: what follows the last one is regular.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number) as [number, number, number, number];
    return { parent: Number(fields[1]), ticks: utime + stime + cutime + cstime };
  } catch {
    return null;
  }
}

/**
 * CPU time that a process and its children have used so far, in milliseconds, from the operating system's accounting.
 * @throws {Error} where there is no /proc
 */
export function cpuMs(pid: number): number {
  const own = readStat(pid);
  if (!own) throw new Error(`there is no /proc/${pid}/stat: the bench measures CPU on Linux only`);
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readStat)
    .filter((stat) => stat?.parent === pid);
  return ([own, ...children].reduce((sum, stat) => sum + (stat?.ticks ?? 0), 0) * 1000) / ticksPerSecond;
}

/** Resident memory of a process in MiB. */
export function residentMiB(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  return Math.round((pages * 4096) / 2 ** 20);
}
