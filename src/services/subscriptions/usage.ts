import type { FlowmartReceived } from '../../../machines/index.js';
import type { MessagesFor } from '../../../queues/topology.js';
import type { Handled, Handler, Trx } from '../../runtime/ports.js';
import { suggestUpgrades } from './upgrades.js';
import { countReports } from './usageReports.js';

type UsageMessage = FlowmartReceived<MessagesFor<'usage'>>;

/** What subscribers use of the plans that allow only so much: counts what shops report, and suggests larger plans (S-08). */
export const usage: Handler<MessagesFor<'usage'>> = {
  kind: 'handler',
  async handle(trx: Trx, messages: readonly UsageMessage[]): Promise<Handled[]> {
    const counted = await countReports(
      trx,
      messages.filter((message) => message.type === 'ReportUsage'),
    );
    const suggested = await suggestUpgrades(
      trx,
      messages.filter((message) => message.type === 'AnalyseUsage'),
    );
    return messages.map(({ type }) => (type === 'ReportUsage' ? counted : suggested).shift() as Handled);
  },
};
