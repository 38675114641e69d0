import { cpus, totalmem } from 'node:os';

/** The machine that a figure was measured on. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly node: string;
}

/** Describes this machine. */
export const thisMachine = (): Machine => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? '?',
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.versions.node,
});
