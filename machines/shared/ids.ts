/** One step of a MurmurHash2-like hash, and its finish. */
const mix = (h: number, code: number): number => {
  const mixed = Math.imul(h ^ code, 0x5bd1e995);
  return mixed ^ (mixed >>> 13);
};
const finish = (h: number): number => {
  const mixed = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 16)) >>> 0;
};

const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const hex = (word: number): string =>
  `${bytes[word >>> 24]}${bytes[(word >>> 16) & 0xff]}${bytes[(word >>> 8) & 0xff]}${bytes[word & 0xff]}`;

/** A text's code unit; `text.charCodeAt` is looked up at each call once texts have come in many ways (joined, cut out, shared, …). */
const codeAt = Function.prototype.call.bind(String.prototype.charCodeAt) as (text: string, index: number) => number;

/**
 * Derives a UUIDv7 from another one and a purpose: the same inputs always give the same id, so a replay or a retried drain
 * names its children as the first run did. The time part of `base` is kept, so derived ids sort beside it.
 */
export function deriveId(base: string, purpose: string): string {
  const seed = `${base}/${purpose}`;
  let [one, two, three] = [0x9747b28c, 0x3c6ef372, 0xa54ff53a];
  for (let i = 0; i < seed.length; i++) {
    const code = codeAt(seed, i);
    one = mix(one, code);
    two = mix(two, code);
    three = mix(three, code);
  }
  const [a, b, c] = [hex(finish(one)), hex(finish(two)), hex(finish(three))];
  const variant = ((Number.parseInt(a.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${base.slice(0, 14)}7${a.slice(0, 3)}-${variant}${a.slice(4, 7)}-${b}${c.slice(0, 4)}`;
}
