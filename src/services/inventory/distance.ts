import { centroidOf, type Place } from './countryCentroids.js';

const earthRadiusKm = 6371;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Great-circle distance in kilometres (haversine). */
export function distanceKm(a: Place, b: Place): number {
  const half = (from: number, to: number) => Math.sin(radians(to - from) / 2) ** 2;
  const h = half(a.lat, b.lat) + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * half(a.lon, b.lon);
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Distance from the middle of a country to a place in kilometres; 0 for an unknown country, so that all places are alike. */
export function distanceFromCountryKm(country: string, place: Place): number {
  const middle = centroidOf(country);
  return middle ? distanceKm(middle, place) : 0;
}
