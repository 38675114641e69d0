/** One step of a MurmurHash2-like hash, and its finish. */
const mix = (h: number, code: number): number => {
  const mixed = Math.imul(h ^ code, 0x5bd1e995);
  return mixed ^ (mixed >>> 13);
};
const finish = (h: number): number => {
  const mixed = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

/** A text's code unit; `text.charCodeAt` is looked up at each call once texts have come in many ways (joined, cut out, shared, …). */
const codeAt = Function.prototype.call.bind(String.prototype.charCodeAt) as (text: string, index: number) => number;

const digits = new Uint8Array([...'0123456789abcdef'].map((digit) => codeAt(digit, 0)));
const [slash, hyphen, seven] = [codeAt('/', 0), codeAt('-', 0), codeAt('7', 0)];

/** Where an id is written, digit by digit, so that it is one text and not a chain of parts. */
const sheet = Buffer.alloc(36);
/** Writes the first `count` hexadecimal digits of a word. */
const write = (at: number, word: number, count: number): void => {
  for (let i = 0; i < count; i++) sheet[at + i] = digits[(word >>> (28 - 4 * i)) & 0xf] as number;
};

/**
 * Derives a UUIDv7 from another one and a purpose: the same inputs always give the same id, so a replay or a retried drain
 * names its children as the first run did. The time part of `base` is kept, so derived ids sort beside it.
 */
export function deriveId(base: string, purpose: string): string {
  let one = 0x9747b28c;
  let two = 0x3c6ef372;
  let three = 0xa54ff53a;
  const baseLength = base.length;
  const length = baseLength + 1 + purpose.length;
  for (let i = 0; i < length; i++) {
    const code = i < baseLength ? codeAt(base, i) : i === baseLength ? slash : codeAt(purpose, i - baseLength - 1);
    if (i < 14) sheet[i] = code;
    one = mix(one, code);
    two = mix(two, code);
    three = mix(three, code);
  }
  const [a, b, c] = [finish(one), finish(two), finish(three)];
  sheet[14] = seven;
  write(15, a, 3);
  sheet[18] = hyphen;
  // The variant of RFC 9562: its two upper bits are 10.
  write(19, ((a << 12) & 0x3fffffff) | 0x80000000, 4);
  sheet[23] = hyphen;
  write(24, b, 8);
  write(32, c, 4);
  return sheet.toString('latin1');
}
