/** Every topic of the system: its key, how it is kept, and which Avro record its values are. */
export interface TopicSpec {
  /** 'agent': the deployment's partition count, keyed by subject; 'one': a single partition. */
  readonly partitions: 'agent' | 'one';
  readonly cleanup: 'delete' | 'compact';
  /** Null: for ever. Only meaningful with cleanup 'delete'. */
  readonly retentionMs: number | null;
  /** Full name of the value's Avro record. */
  readonly schema: string;
  /** Largest value, bytes. */
  readonly valueBytesMax: number;
  /** Records on it must prove their writer (DESIGN §3). */
  readonly proven: boolean;
}

const DAY_MS = 86_400_000;
const KIB = 1024;

export const TOPICS = {
  'intents.v1': input('estop.intents.Intent'),
  'outcomes.v1': input('estop.outcomes.Outcome'),
  'commands.v1': input('estop.commands.Command'),
  'halts.v1': single('estop.halts.Halt', 64 * KIB),
  'policies.v1': single('estop.policies.PolicyRecord', 8 * KIB * KIB),
  'audit.v1': { ...byAgent('estop.audit.AuditRecord'), retentionMs: null },
  'decisions.v1': byAgent('estop.decisions.Decision'),
  'agents.v1': table('estop.agents.AgentView'),
  // A restart believes both of these: so each record proves its writer.
  'breakers.v1': { ...table('estop.breakers.BreakerView'), proven: true },
  'snapshots.v1': { ...table('estop.snapshots.Snapshot'), proven: true },
  'checkpoints.v1': {
    ...single('estop.checkpoints.Checkpoint', 64 * KIB),
    cleanup: 'delete',
    retentionMs: null,
  },
  'dead-letters.v1': {
    ...single('estop.deadletters.DeadLetter', 512 * KIB),
    cleanup: 'delete',
    retentionMs: 30 * DAY_MS,
  },
} as const satisfies Record<string, TopicSpec>;

export type Topic = keyof typeof TOPICS;

export function isTopic(name: string): name is Topic {
  return Object.hasOwn(TOPICS, name);
}

/** How many partitions a topic has in a deployment of `partitions` agent partitions. */
export function partitionCountOf(topic: Topic, partitions: number): number {
  return TOPICS[topic].partitions === 'one' ? 1 : partitions;
}

function byAgent(schema: string) {
  return {
    partitions: 'agent',
    cleanup: 'delete',
    retentionMs: 7 * DAY_MS,
    schema,
    valueBytesMax: 1024 * KIB,
    proven: false,
  } as const;
}

function input(schema: string) {
  return { ...byAgent(schema), valueBytesMax: 320 * KIB, proven: true } as const;
}

function table(schema: string) {
  return {
    ...byAgent(schema),
    cleanup: 'compact',
    retentionMs: null,
    valueBytesMax: 2048 * KIB,
  } as const;
}

function single(schema: string, valueBytesMax: number) {
  return {
    partitions: 'one',
    cleanup: 'compact',
    retentionMs: null,
    schema,
    valueBytesMax,
    proven: true,
  } as const;
}
