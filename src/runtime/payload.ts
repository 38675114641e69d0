import { sql } from 'kysely';

const texts = new WeakMap<object, string>();

const separator = 30;

/** A payload as JSON text; worked out once, however many receivers, journals and logs it is written to. */
export function textOf(payload: unknown): string {
  if (typeof payload !== 'object' || payload === null) return JSON.stringify(payload);
  let text = texts.get(payload);
  if (text === undefined) {
    text = JSON.stringify(payload);
    texts.set(payload, text);
  }
  return text;
}

/** Reads a payload from the text it was stored as, and remembers the text for where it is written next. */
export function payloadOf(text: string): unknown {
  const payload: unknown = JSON.parse(text);
  if (typeof payload === 'object' && payload !== null) texts.set(payload, text);
  return payload;
}

/** Where {@link joined} writes: grows with the longest list there was, and is written from its beginning each time. */
let sheet = Buffer.alloc(0);

/**
 * JSON texts as one text parameter, which {@link textTable} takes apart again: as a PostgreSQL array of texts every quote in them
 * would be escaped here and unescaped there, and as one JSON array they would be parsed twice. The separator is a control
 * character, which JSON text never holds unescaped. Bytes, because a group's texts would be one string of a hundred kilobytes
 * and more, and such a string gets fresh pages from the operating system each time.
 */
function joined(list: readonly string[]): Buffer {
  // A UTF-16 unit takes three bytes at most.
  const most = list.reduce((sum, text) => sum + 3 * text.length + 1, 0);
  if (sheet.length < most) sheet = Buffer.allocUnsafeSlow(most);
  let length = 0;
  for (const text of list) {
    if (length > 0) sheet[length++] = separator;
    length += sheet.write(text, length);
  }
  return Buffer.from(sheet.subarray(0, length));
}

/** The rows of a list of JSON texts, as a function to select from. */
export const textTable = (list: readonly string[]) =>
  sql`string_to_table(${joined(list)}::text, chr(${sql.lit(separator)}))`;

/**
 * A parameter for `unnest` of ids, numbers, instants and names of our own: as PostgreSQL writes an array, since none of them needs
 * the quotes and escapes that the driver would give to each.
 */
export const bareArray = (values: readonly (string | number | boolean | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;
