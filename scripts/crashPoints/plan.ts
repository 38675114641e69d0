import { seededRandom } from '../dev/seededRandom.js';
import type { Kind } from './stage.js';

/** One death: in which process, at which point, on which side of what is awaited there, and the how manieth time. */
export interface Death {
  readonly kind: Kind;
  readonly point: string;
  readonly side: 'before' | 'after';
  readonly time: number;
}

/** A death as crashAt.mjs reads it. */
export const crashAtOf = ({ point, side, time }: Death): string => `${point} ${side} ${time}`;

export const describeDeath = (death: Death): string => `${death.kind} at ${crashAtOf(death)}`;

/** Where a process comes by only when it is told to stop. */
export const isOnTheWayOut = (point: string): boolean => /\.(stop|idle|close)\./.test(point);

/** Where a process comes by once in its life: it starts and stops once, and fills its streams up once unless Redis was away. */
const isOnce = (point: string): boolean => isOnTheWayOut(point) || /\.(ready|#fillUp)\./.test(point);

/** The deaths that leave the most behind: the world outside has done something, and nobody has heard of it. */
const always = [
  'stripe.charge.create',
  'stripe.capture.capture',
  'stripe.voidAuthorization.cancel',
  'stripe.refund.create',
  'simulatedCarrier.book.submit',
  'delivery.run.send',
  'publisher.publish.append',
  'lane.#attempt.drain',
];

/**
 * Two deaths for each point that processes of a kind come to: the first time and the second time, one before and one after what is
 * awaited there, as the seed says; with `count`, only so many of them, and never without those that leave the most behind.
 */
export function planDeaths(reached: Readonly<Record<Kind, Iterable<string>>>, seed: number, count?: number): Death[] {
  const random = seededRandom(seed);
  const deaths = (['worker', 'web'] as const).flatMap((kind) =>
    [...reached[kind]].flatMap((point): Death[] => {
      const [first, later] = random() < 0.5 ? (['before', 'after'] as const) : (['after', 'before'] as const);
      return [
        { kind, point, side: first, time: 1 },
        { kind, point, side: later, time: isOnce(point) ? 1 : 2 },
      ];
    }),
  );
  if (count === undefined) return deaths;
  const chosen = always.map((point): Death => ({ kind: 'worker', point, side: 'after', time: 1 }));
  while (chosen.length < count && deaths.length > 0)
    chosen.push(...deaths.splice(Math.floor(random() * deaths.length), 1));
  return chosen;
}
