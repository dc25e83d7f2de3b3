/** One breaker of a benchmark, on the built files: started on a log, and asked how far it has come. */
import { startBreaker } from '@estop/breaker/main';
import type { EventLog } from '@estop/log/port';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import { Registry } from 'prom-client';

const POLL_MS = 5;

export interface Watching {
  /** Where the partitions that are watched were taken over. */
  begun(): ReadonlyMap<number, number>;
  /** Records watched so far. */
  records(): Promise<number>;
  /** Partitions whose entries were not believed. */
  rebuilds(): Promise<number>;
  /** Resolves when all partitions are watched. */
  watched(): Promise<void>;
  /** Resolves when everything that stands in the log is. */
  caughtUp(): Promise<void>;
  close(): Promise<void>;
}

/** Resolves when the breaker has joined its group. */
export async function startWatching(log: EventLog): Promise<Watching> {
  const { logger, lines } = createMemoryLogger('info');
  const registry = new Registry();
  const breaker = await startBreaker({ log, logger, registry, clock: systemClock });
  const metric = async (name: string): Promise<number> => {
    const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] };
    return values.reduce((sum, { value }) => sum + value, 0);
  };
  const watching: Watching = {
    begun() {
      const takeovers = lines.map((line) => JSON.parse(line)).filter(isTakeover);
      return new Map(takeovers.map(({ partition, offset }) => [partition, offset]));
    },
    records: () => metric('estop_breaker_records_total'),
    rebuilds: () => metric('estop_breaker_rebuilds_total'),
    watched: () => until(async () => watching.begun().size === log.partitions),
    async caughtUp() {
      await watching.watched();
      const from = [...watching.begun().values()].reduce((sum, offset) => sum + offset, 0);
      const end = await totalEnd(log);
      await until(async () => from + (await watching.records()) >= end);
    },
    close: () => breaker.close(),
  };
  return watching;
}

/** Records of all partitions of the audit log. */
export async function totalEnd(log: EventLog): Promise<number> {
  const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
  const ends = await Promise.all(partitions.map((one) => log.endOffset('audit.v1', one)));
  return ends.reduce((sum, end) => sum + end, 0);
}

function isTakeover({ msg }: { readonly msg?: unknown }): boolean {
  return msg === 'partition watched';
}

async function until(probe: () => Promise<boolean>): Promise<void> {
  while (!(await probe())) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
