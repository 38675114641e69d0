import type { Check, Evidence, Finding } from './evidence.js';
import { columnsFollowSnapshots, journalsFold, messagesAreTakenOnce } from './journals.js';
import { nothingIsDead, nothingIsLeftOver } from './leftovers.js';
import { chargesMatchStates, nothingIsChargedTwice, paymentsMatchGateway } from './money.js';
import { acknowledgedOrdersExist, acknowledgedStepsHold, everyActorRests, ordersWereAskedForOnce } from './orders.js';
import { paidOrdersHaveTheirStock, reservedStockIsHeld, stockFollowsMovements, stockIsNeverNegative } from './stock.js';
import { streamsFollowTheLog } from './streams.js';
import { armedTimersAreRows, timersAreNotEarly, timersFireOnce } from './timers.js';

/** All that must hold once everything is at rest, whatever has happened before. */
export const checks = {
  acknowledgedOrdersExist,
  ordersWereAskedForOnce,
  acknowledgedStepsHold,
  everyActorRests,
  chargesMatchStates,
  paymentsMatchGateway,
  nothingIsChargedTwice,
  stockFollowsMovements,
  stockIsNeverNegative,
  reservedStockIsHeld,
  paidOrdersHaveTheirStock,
  journalsFold,
  columnsFollowSnapshots,
  messagesAreTakenOnce,
  timersAreNotEarly,
  timersFireOnce,
  armedTimersAreRows,
  streamsFollowTheLog,
  nothingIsLeftOver,
  nothingIsDead,
} satisfies Record<string, Check>;

export type CheckName = keyof typeof checks;
export type Findings = Readonly<Record<CheckName, readonly Finding[]>>;

/** Runs every check. */
export async function runChecks(evidence: Evidence): Promise<Findings> {
  const findings = {} as Record<CheckName, readonly Finding[]>;
  for (const [name, check] of Object.entries(checks)) findings[name as CheckName] = await check(evidence);
  return findings;
}
