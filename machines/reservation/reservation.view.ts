/** The status of the Reservation entity (domain.md 8.5). */
export type ReservationStatus = 'PENDING' | 'CONFIRMED' | 'FULFILLED' | 'CANCELLED' | 'EXPIRED';

/** Returns what the catalogue calls a stored reservation state, given as a dotted path such as `confirmed.held`. */
export const reservationStatus = (state: string): ReservationStatus =>
  (state.split('.')[0] ?? state).toUpperCase() as ReservationStatus;
