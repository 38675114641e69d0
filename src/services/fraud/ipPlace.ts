/** What can be said of where an internet address is. */
export type IpPlace =
  | { readonly kind: 'country'; readonly country: string }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'unknown' };

// FlowMart brings no database of addresses. What it does know are the networks that RFC 5737 keeps for documentation: no real
// customer can have one, so they stand for the cases that people want to try, as a provider's test cards do for declines.
const documentationNetworks: readonly (readonly [prefix: string, place: IpPlace])[] = [
  ['192.0.2.', { kind: 'country', country: 'US' }],
  ['198.51.100.', { kind: 'country', country: 'NG' }],
  ['203.0.113.', { kind: 'anonymous' }],
];

/** Where an internet address is: 192.0.2.x is in the US, 198.51.100.x in Nigeria, 203.0.113.x hides; of any other nothing is known. */
export function placeOfIp(ip: string | null): IpPlace {
  const known = ip === null ? undefined : documentationNetworks.find(([prefix]) => ip.startsWith(prefix));
  return known?.[1] ?? { kind: 'unknown' };
}
