const hashWord = (text: string, seed: number): number => {
  let h = seed;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x5bd1e995);
    h ^= h >>> 13;
  }
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 16)) >>> 0;
};

const hex = (word: number): string => word.toString(16).padStart(8, '0');

/**
 * Derives a UUIDv7 from another one and a purpose: the same inputs always give the same id, so a replay or a retried drain
 * names its children as the first run did. The time part of `base` is kept, so derived ids sort beside it.
 */
export function deriveId(base: string, purpose: string): string {
  const seed = `${base}/${purpose}`;
  const a = hex(hashWord(seed, 0x9747b28c));
  const b = hex(hashWord(seed, 0x3c6ef372));
  const c = hex(hashWord(seed, 0xa54ff53a));
  const variant = ((Number.parseInt(a.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${base.slice(0, 14)}7${a.slice(0, 3)}-${variant}${a.slice(4, 7)}-${b}${c.slice(0, 4)}`;
}
