/** What happens to brokers: the leader dies or freezes, or too few are left to write. */
import type { Broker } from '../../harness/kafka/broker.ts';
import { kafkaClient } from '../read-history.ts';
import type { World } from '../world.ts';
import type { Fault, FaultKind } from './fault.ts';

export const killLeader: FaultKind = {
  name: 'kill -9 leading broker',
  sign: 'leader',
  holdMs: { min: 500, max: 5_000 },
  share: 3,
  isLight: false,
  async make(world, random) {
    const victim = await leading(world, random.whole(0, world.cluster.brokers.length));
    return {
      on: `broker ${victim.id}`,
      inject: () => victim.kill(),
      heal: () => victim.restart(),
    };
  },
};

export const freezeLeader: FaultKind = {
  name: 'freeze leading broker',
  sign: 'leader',
  holdMs: { min: 1_000, max: 6_000 },
  share: 2,
  isLight: false,
  async make(world, random) {
    const victim = await leading(world, random.whole(0, world.cluster.brokers.length));
    return {
      on: `broker ${victim.id}`,
      inject: async () => victim.pause(),
      heal: async () => victim.resume(),
    };
  },
};

/** While two of three are gone nothing may be acknowledged: the run notes when that was. */
export const loseMajority: FaultKind = {
  name: 'two brokers gone',
  sign: 'door',
  holdMs: { min: 2_500, max: 4_500 },
  share: 1,
  isLight: false,
  make({ cluster, outages }, random) {
    const victims = random.shuffled(cluster.brokers).slice(1);
    let fromMs = 0;
    return {
      on: victims.map(({ id }) => `broker ${id}`).join(' and '),
      async inject() {
        await Promise.all(victims.map((victim) => victim.kill()));
        fromMs = Date.now();
      },
      async heal() {
        outages.push({ fromMs, untilMs: Date.now() });
        await Promise.all(victims.map((victim) => victim.restart()));
      },
    } satisfies Fault;
  },
};

/** The broker that leads a partition of the audit. */
async function leading({ cluster }: World, partition: number): Promise<Broker> {
  const leader = (await auditLeaders(cluster.bootstrap))[partition];
  const found = cluster.brokers.find(({ id }) => id === leader) ?? cluster.brokers[0];
  if (found === undefined) throw new Error('there are no brokers');
  return found;
}

/** Who leads each partition of the audit, by number. */
export async function auditLeaders(bootstrap: string): Promise<readonly number[]> {
  const admin = kafkaClient(bootstrap).admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: ['audit.v1'] });
    const partitions = topics[0]?.partitions ?? [];
    const sorted = [...partitions].sort((one, two) => one.partitionId - two.partitionId);
    return sorted.map(({ leader }) => leader);
  } finally {
    await admin.disconnect();
  }
}
