import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** What a client was told that FlowMart has done: from then on it holds, whatever dies. */
export type Acknowledged =
  | {
      readonly what: 'placed';
      readonly orderId: string;
      readonly key: string;
      readonly journey: string;
      /** Minor units. */
      readonly total: number;
      /** UTC ISO 8601, by the client's clock. */
      readonly at: string;
    }
  | { readonly what: 'cancelled'; readonly orderId: string; readonly at: string }
  | { readonly what: 'delivered'; readonly orderId: string; readonly at: string };

/** The clients' own record, one JSON line each, written before they go on. */
export class AcknowledgedFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  append(one: Acknowledged): void {
    appendFileSync(this.#path, `${JSON.stringify(one)}\n`);
  }
}

/** Reads such a record; none when there is no file. */
export function readAcknowledged(path: string): Acknowledged[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Acknowledged);
}
