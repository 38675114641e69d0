const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * The number that people know an order by, such as `ORD-2026-0K3ZQ8W-7MPX4TD`: made from the order's id (a UUIDv7), so that it
 * is as unique as that and sorts by time within a year.
 */
export function orderNumberOf(orderId: string): string {
  const digits = orderId.replaceAll('-', '');
  const placedAt = new Date(Number.parseInt(digits.slice(0, 12), 16));
  const year = placedAt.getUTCFullYear();
  const random = Number.parseInt(digits.slice(-12), 16) % 32 ** 7;
  return `ORD-${year}-${base32(placedAt.getTime() - Date.UTC(year, 0))}-${base32(random)}`;
}

/** Seven characters that cannot be mistaken for each other; a year in ms fits, and so does 2³⁵. */
function base32(value: number): string {
  let text = '';
  for (let rest = value, i = 0; i < 7; i++, rest = Math.floor(rest / 32)) text = `${alphabet[rest % 32]}${text}`;
  return text;
}
