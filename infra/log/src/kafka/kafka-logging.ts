/** What kafkajs logs, as a callback, without what it calls an error but handles itself. */
import { type LogEntry, type logCreator, logLevel } from 'kafkajs';

export interface KafkaLogLine {
  readonly level: 'error' | 'warn';
  readonly message: string;
  /** The broker it is about, when it is about one. */
  readonly broker: string | null;
}

export type OnKafkaLog = (line: KafkaLogLine) => void;

export const KAFKA_LOG_LEVEL = logLevel.WARN;

/**
 * Normal on a cluster that starts, elects or rebalances; kafkajs logs each at ERROR, and the loops
 * of this adapter try again. What does not pass shows as the error of an append or a probe.
 */
const NOISE = [
  /coordinator is (loading|not available)/i,
  /still in the process of loading/i,
  /not the correct coordinator/i,
  /group is rebalancing|rebalance is (in progress|underway)/i,
  /not the leader for th(at|is) topic-partition/i,
  /no leader for this topic-partition/i,
  /does not host this topic-partition/i,
  /^Response without match/,
];

export function createLogCreator(onLog: OnKafkaLog | undefined): logCreator {
  return () => (entry) => {
    if (onLog === undefined || isNoise(entry)) return;
    const { message, broker } = entry.log;
    onLog({
      level: entry.level === logLevel.ERROR ? 'error' : 'warn',
      message: `${entry.namespace}: ${message}`,
      broker: typeof broker === 'string' ? broker : null,
    });
  };
}

export function isNoise({ log }: Pick<LogEntry, 'log'>): boolean {
  const text = `${log.message} ${String(log['error'] ?? '')}`;
  return NOISE.some((pattern) => pattern.test(log.message) || pattern.test(text));
}
