/** The longest that a request may ask to be kept waiting, seconds. */
export const maxWaitSeconds = 30;

/**
 * Reads `Prefer: wait=N` (RFC 7240); more than the longest wait counts as the longest, anything unreadable as absent.
 * @returns seconds, or null when the request does not want to wait
 */
export function preferredWait(header: string | undefined): number | null {
  for (const preference of (header ?? '').split(',')) {
    const match = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;|$)/i.exec(preference);
    if (match) return Math.min(Number(match[1]), maxWaitSeconds);
  }
  return null;
}
