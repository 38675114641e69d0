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

/** Where an entry is, so that it need not be kept in memory: bytes of the file, or an index when there is none. */
export interface LedgerPosition {
  readonly start: number;
  readonly end: number;
}

/** An append-only record of what was really charged: JSON lines in a file, or in memory when there is no path. */
export class Ledger {
  readonly #path: string | undefined;
  readonly #file: number | undefined;
  readonly #memory: LedgerEntry[] = [];
  readonly #onEntry: (entry: LedgerEntry, position: LedgerPosition) => void;
  #seq = 0;
  #end = 0;

  /** Opens or creates the file and drops a last line that a crash cut short; every entry, old or new, goes to `onEntry`. */
  constructor(path: string | undefined, onEntry: (entry: LedgerEntry, position: LedgerPosition) => void) {
    this.#path = path;
    this.#onEntry = onEntry;
    if (path === undefined) return;
    this.#file = openSync(path, 'a+');
    for (const { entry, start, end } of readLines(path)) {
      this.#seq = entry.seq;
      this.#end = end;
      onEntry(entry, { start, end });
    }
    ftruncateSync(this.#file, this.#end);
  }

  /** The line is with the operating system when this returns, so it outlives the process. */
  append(provenance: Provenance, change: Change | { readonly type: 'reset' }): LedgerEntry {
    this.#seq += 1;
    const entry: LedgerEntry = { seq: this.#seq, ...provenance, ...change };
    const start = this.#end;
    if (this.#file === undefined) this.#end = this.#memory.push(entry);
    else this.#end += writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    this.#onEntry(entry, { start, end: this.#end });
    return entry;
  }

  /** Reads one entry again. */
  entryAt({ start, end }: LedgerPosition): LedgerEntry {
    if (this.#file === undefined) return this.#memory[start] as LedgerEntry;
    const line = Buffer.alloc(end - start);
    readSync(this.#file, line, 0, line.length, start);
    return JSON.parse(line.toString('utf8')) as LedgerEntry;
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

function* readLines(path: string): Generator<{ entry: LedgerEntry } & LedgerPosition> {
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
        const start = end;
        end += Buffer.byteLength(line) + 1;
        yield { entry: JSON.parse(line) as LedgerEntry, start, end };
      }
    }
  } finally {
    closeSync(file);
  }
}
