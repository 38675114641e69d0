import { randomFillSync } from 'node:crypto';
import { deriveId } from '../../machines/shared/ids.js';

const entropy = Buffer.alloc(16 * 256);
let used = entropy.length;

/** A new UUIDv7. */
export function newId(): string {
  if (used === entropy.length) {
    randomFillSync(entropy);
    used = 0;
  }
  const random = entropy.toString('hex', used, used + 16);
  used += 16;
  const variant = ((Number.parseInt(random.slice(0, 1), 16) & 0x3) | 0x8).toString(16);
  return `${timePart(Date.now())}-7${random.slice(1, 4)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

/**
 * The UUIDv7 that stands for something of another system, such as `evt_1Q…` of Stripe: always the same one.
 * @param epochMs when that thing came to be, as the other system says
 */
export function idOf(foreignId: string, epochMs: number): string {
  return deriveId(`${timePart(epochMs)}-7000-8000-000000000000`, foreignId);
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID. */
export const isUuid = (text: string): boolean => uuidPattern.test(text);

function timePart(epochMs: number): string {
  const time = epochMs.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}
