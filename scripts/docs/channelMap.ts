import { messages } from '../../machines/index.js';
import { wires } from '../../queues/routing.js';
import { channels, commands, inline, recipients } from '../../queues/topology.js';

const nodeId = (name: string): string => name.replace(/[^A-Za-z]/g, '_');

/** The channels, their messages and who hears them, as a Markdown table: derived from the topology alone. */
export function channelTable(): string {
  const rows = Object.entries(channels).flatMap(([channel, events]) =>
    Object.keys(events).map((type) => {
      const wire = wires.get(type);
      const heard = wire?.addresses.map(({ to, when }) => `${to}${when ? ' (sometimes)' : ''}`).join(', ') || '–';
      const { visibility } = messages[type as keyof typeof messages];
      return `| \`${channel}\` | ${type} | ${visibility} | ${heard} |`;
    }),
  );
  return ['| Channel | Event | | Heard by |', '|---|---|---|---|', ...rows].join('\n');
}

/** The commands: one queue per service, one receiver each. */
export function commandTable(): string {
  const rows = [
    ...Object.entries(commands).flatMap(([queue, byType]) =>
      Object.entries(byType).map(([type, target]) => `| \`${queue}\` | ${type} | ${(target as { to: string }).to} |`),
    ),
    ...Object.entries(inline).map(([type, { to }]) => `| (same transaction) | ${type} | ${to} |`),
  ];
  return ['| Queue | Command | Receiver |', '|---|---|---|', ...rows].join('\n');
}

/** Which service hears which channel, as a Mermaid flow chart. */
export function channelChart(): string {
  const edges = new Set<string>();
  for (const { channel, addresses } of wires.values()) {
    if (!channel) continue;
    for (const { to } of addresses) edges.add(`  ${nodeId(channel)} --> ${nodeId(recipients[to])}`);
  }
  const nodes = [
    ...Object.keys(channels).map((channel) => `  ${nodeId(channel)}[("${channel}")]`),
    ...[...new Set(Object.values(recipients))].map((service) => `  ${nodeId(service)}["${service}"]`),
  ];
  return ['```mermaid', 'flowchart LR', ...nodes, ...[...edges].sort(), '```'].join('\n');
}
