import { type RawBuilder, sql } from 'kysely';

/**
 * Arrays as parameters, for `unnest` and `any`, in PostgreSQL's binary format: it takes an id, an instant or a number out of a text at several
 * times the cost of copying it, and every quote of a JSON text would be escaped here and unescaped there.
 */

/** Where an array is written, as bytes; grows with the longest there was, and is written from its beginning each time. */
let sheet = Buffer.allocUnsafeSlow(64 * 1024);
let end = 0;

function room(bytes: number): void {
  if (end + bytes <= sheet.length) return;
  const larger = Buffer.allocUnsafeSlow(2 * (end + bytes));
  sheet.copy(larger, 0, 0, end);
  sheet = larger;
}

function putInt(value: number): void {
  sheet[end++] = value >>> 24;
  sheet[end++] = value >>> 16;
  sheet[end++] = value >>> 8;
  sheet[end++] = value;
}

/** An array of one dimension: its elements each behind their length in bytes, -1 for null. */
function encode<T>(oid: number, values: readonly (T | null | undefined)[], put: (value: T) => void): Buffer {
  end = 0;
  for (const word of [values.length > 0 ? 1 : 0, 1, oid]) putInt(word);
  if (values.length > 0) for (const word of [values.length, 1]) putInt(word);
  for (const value of values) {
    room(64);
    if (value === null || value === undefined) putInt(-1);
    else put(value);
  }
  return Buffer.from(sheet.subarray(0, end));
}

const arrayOf =
  <T>(type: string, oid: number, put: (value: T) => void) =>
  (values: readonly (T | null | undefined)[]): RawBuilder<unknown> =>
    sql`${encode(oid, values, put)}::${sql.raw(type)}[]`;

/**
 * A text's code unit. Texts are kept in more ways (joined, cut out, shared, …) than optimised code remembers at `text.charCodeAt`, which it then
 * looks up each time: three times as long for an id.
 */
const codeAt = Function.prototype.call.bind(String.prototype.charCodeAt) as (text: string, index: number) => number;

/** The value of each hexadecimal digit, by its character code; -1 for all others. */
const digits = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
);

const hyphen = '-'.charCodeAt(0);

/** @throws {TypeError} when it is no UUID as PostgreSQL writes them */
function putUuid(value: string): void {
  putInt(16);
  // All digits' values or-ed together: negative as soon as one of them is none.
  let sound = value.length === 36 ? 0 : -1;
  for (let i = 0; i < 36; i += 2) {
    if ((i === 8 || i === 13 || i === 18 || i === 23) && codeAt(value, i++) !== hyphen) sound = -1;
    const high = digits[codeAt(value, i)] ?? -1;
    const low = digits[codeAt(value, i + 1)] ?? -1;
    sound |= high | low;
    sheet[end++] = (high << 4) | low;
  }
  if (sound < 0) throw new TypeError(`not a UUID: ${value}`);
}

/** 2000-01-01, from which PostgreSQL counts (ms since 1970). */
const epoch = 946_684_800_000;

/** The instant that was written last: a drain writes its own again and again. */
let lastInstant = { text: '', micros: Number.NaN };

/** @throws {TypeError} when it is no instant */
function putInstant(value: string): void {
  if (value !== lastInstant.text) lastInstant = { text: value, micros: (Date.parse(value) - epoch) * 1000 };
  const { micros } = lastInstant;
  if (Number.isNaN(micros)) throw new TypeError(`not an instant: ${value}`);
  putInt(8);
  putInt(Math.floor(micros / 2 ** 32));
  putInt(micros % 2 ** 32);
}

function putText(value: string): void {
  const begin = end;
  // A UTF-16 unit takes three bytes at most.
  room(4 + 3 * value.length);
  end += 4;
  if (!putShort(value)) end = begin + 4 + sheet.write(value, begin + 4);
  const length = end - begin - 4;
  end = begin;
  putInt(length);
  end += length;
}

/** Writes a short text of ASCII; false for another. Asking the runtime to do it costs more than such a text. */
function putShort(value: string): boolean {
  if (value.length > 40) return false;
  for (let i = 0; i < value.length; i++) {
    const code = codeAt(value, i);
    if (code > 127) return false;
    sheet[end++] = code;
  }
  return true;
}

/**
 * Ids, in small letters or capitals.
 * @throws {TypeError} when one is no UUID of 36 characters
 */
export const uuids = arrayOf('uuid', 2950, putUuid);

/**
 * Instants as ISO 8601 texts, to the millisecond.
 * @throws {TypeError} when one is none
 */
export const instants = arrayOf('timestamptz', 1184, putInstant);

/** Texts of any kind. */
export const texts = arrayOf('text', 25, putText);

/** JSON texts. */
export const jsons = arrayOf('json', 114, putText);

/** JSON texts for columns that are kept as `jsonb`, which wants a version before each. */
export const jsonbs = arrayOf('jsonb', 3802, (value: string) => putText(`\u0001${value}`));

/**
 * Whole numbers of 32 bits.
 * @throws {RangeError} when one is not: it would become another number
 */
export const ints = arrayOf('int', 23, (value: number) => {
  if ((value | 0) !== value) throw new RangeError(`not an integer of 32 bits: ${value}`);
  putInt(4);
  putInt(value);
});

/**
 * Numbers of 64 bits: as texts, too, since they may be larger than those of JavaScript.
 * @throws {RangeError} when one is no whole number of 64 bits; {SyntaxError} when a text is no number
 */
export const bigints = arrayOf('bigint', 20, (value: string | number) => {
  putInt(8);
  end = sheet.writeBigInt64BE(BigInt(value), end);
});

/** Truth values. */
export const booleans = arrayOf('boolean', 16, (value: boolean) => {
  putInt(1);
  sheet[end++] = value ? 1 : 0;
});
