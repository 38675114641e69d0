import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { Change } from './entities.js';

/** When and by which request a change was made; `idempotencyKey` was first used with the parameters of `fingerprint`. */
export interface Provenance {
  /** UTC ISO 8601. */
  readonly at: string;
  readonly requestId: string | null;
  readonly idempotencyKey: string | null;
  readonly fingerprint: string | null;
}

/** One line of the ledger. `reset` starts the books anew; what came before it no longer counts. */
export type LedgerEntry = { readonly seq: number } & Provenance & (Change | { readonly type: 'reset' });

/** An append-only record of what was really charged: JSON lines in a file, or in memory when there is no path. */
export class Ledger {
  readonly #path: string | undefined;
  readonly #file: number | undefined;
  readonly #memory: LedgerEntry[] = [];
  #seq = 0;

  /** Opens or creates the file, hands every entry of it to `replay`, and drops a last line that a crash cut short. */
  constructor(path: string | undefined, replay: (entry: LedgerEntry) => void) {
    this.#path = path;
    if (path === undefined) return;
    this.#file = openSync(path, 'a+');
    let length = 0;
    for (const { entry, end } of readLines(path)) {
      this.#seq = entry.seq;
      length = end;
      replay(entry);
    }
    ftruncateSync(this.#file, length);
  }

  /** The line is with the operating system when this returns, so it outlives the process. */
  append(provenance: Provenance, change: Change | { readonly type: 'reset' }): LedgerEntry {
    this.#seq += 1;
    const entry: LedgerEntry = { seq: this.#seq, ...provenance, ...change };
    if (this.#file === undefined) this.#memory.push(entry);
    else writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    return entry;
  }

  /** The entries since the last reset, oldest first. */
  read(): LedgerEntry[] {
    const entries: LedgerEntry[] = [];
    for (const entry of this.#path === undefined ? this.#memory : readLedger(this.#path)) {
      if (entry.type === 'reset') entries.length = 0;
      else entries.push(entry);
    }
    return entries;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

/** Reads a ledger file of any size, resets included, oldest first. A last line that was cut short is not an entry. */
export function* readLedger(path: string): Generator<LedgerEntry> {
  for (const { entry } of readLines(path)) yield entry;
}

function* readLines(path: string): Generator<{ entry: LedgerEntry; end: number }> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(1 << 20);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    let end = 0;
    for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
      const lines = (rest + decoder.write(chunk.subarray(0, size))).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        end += Buffer.byteLength(line) + 1;
        yield { entry: JSON.parse(line) as LedgerEntry, end };
      }
    }
  } finally {
    closeSync(file);
  }
}
