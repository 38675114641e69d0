/** Tax on goods in basis points (1/100 of a percent), by country; the countries that FlowMart delivers to are those listed here (G-15, R-57). */
const byCountry: Readonly<Record<string, number>> = {
  AT: 2000,
  AU: 1000,
  BE: 2100,
  CA: 500,
  CH: 810,
  DE: 1900,
  DK: 2500,
  ES: 2100,
  FI: 2550,
  FR: 2000,
  GB: 2000,
  IE: 2300,
  IT: 2200,
  JP: 1000,
  NL: 2100,
  NO: 2500,
  NZ: 1500,
  PL: 2300,
  PT: 2300,
  SE: 2500,
  US: 800,
};

/** Regions whose rate differs from their country's. */
const byRegion: Readonly<Record<string, number>> = {
  'CA-BC': 1200,
  'CA-NS': 1400,
  'CA-ON': 1300,
  'CA-QC': 1498,
  'US-AK': 0,
  'US-CA': 820,
  'US-DE': 0,
  'US-MT': 0,
  'US-NH': 0,
  'US-NY': 890,
  'US-OR': 0,
};

/** The tax rate at a destination in basis points, or null where FlowMart does not deliver. */
export function taxRateAt({ country, state }: { readonly country: string; readonly state?: string }): number | null {
  const rate = Object.hasOwn(byCountry, country) ? byCountry[country] : undefined;
  if (rate === undefined) return null;
  const region = `${country}-${(state ?? '').trim().toUpperCase()}`;
  return Object.hasOwn(byRegion, region) ? (byRegion[region] as number) : rate;
}

/** The tax rate of a region such as `US` or `US-CA`, in basis points; null where FlowMart does not sell. */
export function taxRateOf(region: string): number | null {
  const [country = '', state] = region.split('-');
  return taxRateAt(state === undefined ? { country } : { country, state });
}
