/** How far readers are behind: consumer groups by their committed offsets, this gateway by its own. */

import type { PartitionLag } from '@estop/log/port';
import type { Topic } from '@estop/schemas/topics';
import type { GatewayContext } from './context.ts';

/** Younger than this is the ordinary way of a record through the log. */
const BEHIND_S = 5;
const GATEWAY = 'estop-gateway';

export interface LagBody {
  readonly group: string;
  readonly topic: Topic;
  readonly partition: number;
  readonly records: number;
  readonly seconds: number;
  readonly status: 'ok' | 'behind';
}

type LagContext = Pick<GatewayContext, 'log' | 'clock' | 'feeds' | 'groups'>;

export async function lagOf(context: LagContext): Promise<readonly LagBody[]> {
  const { log, groups } = context;
  const lags = await Promise.all(
    groups.map(async (group) => (await log.lag(group)).map((one) => ({ group, ...one }))),
  );
  const own = (await ownLag(context)).map((one) => ({ group: GATEWAY, ...one }));
  return Promise.all([...lags.flat(), ...own].map((one) => lagBody(context, one)));
}

function ownLag({ log, feeds }: LagContext): Promise<readonly PartitionLag[]> {
  const { nextOffsets } = feeds;
  return Promise.all(
    feeds.sources.map(async ({ topic, partition }, source) => {
      const endOffset = await log.endOffset(topic, partition);
      return { topic, partition, committedOffset: nextOffsets[source] ?? 0, endOffset };
    }),
  );
}

async function lagBody(
  { log, clock }: LagContext,
  lag: PartitionLag & { readonly group: string },
): Promise<LagBody> {
  const { group, topic, partition, committedOffset, endOffset } = lag;
  const records = Math.max(endOffset - committedOffset, 0);
  let seconds = 0;
  if (records > 0) {
    const options = { fromOffset: committedOffset, maxRecords: 1 };
    const oldest = (await log.read(topic, partition, options)).records[0];
    if (oldest !== undefined) seconds = Math.max(clock.nowMs() - oldest.timestampMs, 0) / 1_000;
  }
  return {
    group,
    topic,
    partition,
    records,
    seconds,
    status: seconds < BEHIND_S ? 'ok' : 'behind',
  };
}
