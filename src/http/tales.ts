import type { MessageData, MessageName } from '../../machines/index.js';

/** What messages say in their own case, one sentence each. */
export type Tales = { readonly [N in MessageName]?: (data: MessageData<N>) => string };
