import type { Figures } from './measure.js';

/** One row of the closed-loop part. */
export interface ClosedRow extends Figures {
  readonly workers: number;
  readonly inFlight: number;
  /** orders/s as a share of the yardsticks of the same run. */
  readonly perOrderTransactionRatio: number;
  readonly sixJobChainRatio: number;
}

/** One row of the open-loop part: p99 of the four promises, ms. */
export interface OpenRow {
  readonly workers: number;
  readonly share: number;
  readonly ordersPerSecond: number;
  readonly failures: number;
  readonly acceptP99: number;
  readonly orderP99: number;
  readonly paymentP99: number;
  readonly stockP99: number;
  readonly notificationP99: number;
}

/** Everything that one run of the bench found out. */
export interface BenchReport {
  readonly date: string;
  readonly machine: { readonly cores: number; readonly cpu: string; readonly memoryGiB: number; readonly node: string };
  readonly seconds: number;
  /** Whether customers are told by mail; guests read what they are told in the app. */
  readonly mail: boolean;
  readonly yardsticks: { readonly perOrderTransactions: number; readonly sixJobChain: number };
  readonly closed: readonly ClosedRow[];
  readonly open: readonly OpenRow[];
  /** How much more CPU an order costs with the last number of workers than with the first (0.1 = a tenth more). */
  readonly addedWorkerCpu: number | null;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const text = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...text.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ');
  return text.map(line).join('\n');
}

/** The report for people. */
export function describe(report: BenchReport): string {
  const { machine, yardsticks } = report;
  const closed = table(
    [
      'workers',
      'in flight',
      'orders/s',
      '× tx/order',
      '× job chain',
      'accept p50/p99',
      'paid p50/p99',
      'booked p50/p99',
      'CPU ms/order',
    ],
    report.closed.map((row) => [
      row.workers,
      row.inFlight,
      row.ordersPerSecond,
      row.perOrderTransactionRatio,
      row.sixJobChainRatio,
      `${row.acceptMs.p50}/${row.acceptMs.p99}`,
      `${row.paidMs.p50}/${row.paidMs.p99}`,
      `${row.bookedMs.p50}/${row.bookedMs.p99}`,
      row.cpuMsPerOrderTotal,
    ]),
  );
  const inside = table(
    [
      'workers',
      'in flight',
      'messages/order',
      'per commit',
      'per packet',
      'commits/order',
      'Redis commands/order',
      'CPU ms/order by process',
    ],
    report.closed.map((row) => [
      row.workers,
      row.inFlight,
      row.messagesPerOrder,
      row.messagesPerCommit,
      row.messagesPerPacket,
      row.commitsPerOrder,
      row.redisCommandsPerOrder,
      Object.entries(row.cpuMsPerOrder)
        .map(([name, ms]) => `${name} ${ms}`)
        .join(', '),
    ]),
  );
  const open = table(
    ['workers', 'load', 'orders/s', 'accept p99', 'order p99', 'payment p99', 'stock p99', 'notification p99'],
    report.open.map((row) => [
      row.workers,
      `${Math.round(row.share * 100)} %`,
      row.ordersPerSecond,
      row.acceptP99,
      row.orderP99,
      row.paymentP99,
      row.stockP99,
      row.notificationP99,
    ]),
  );
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}; ${report.date}; ${report.seconds} s per run${report.mail ? ', customers told by mail' : ''}; times in ms`,
    `Yardsticks of this run: one transaction per order ${yardsticks.perOrderTransactions}/s, six empty BullMQ jobs per order ${yardsticks.sixJobChain}/s`,
    '',
    'Closed loop: orders in flight between POST and booked shipment',
    closed,
    '',
    inside,
    ...(report.open.length > 0
      ? [
          '',
          'Open loop: fixed arrival rates, p99 of the promises (order < 2 s, payment < 3 s, stock < 1 s, notification < 30 s)',
          open,
        ]
      : []),
    ...(report.addedWorkerCpu === null
      ? []
      : [
          '',
          `CPU per order with more workers: ${report.addedWorkerCpu >= 0 ? '+' : ''}${Math.round(report.addedWorkerCpu * 100)} %`,
        ]),
  ].join('\n');
}
