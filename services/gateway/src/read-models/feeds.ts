/** The topics that the gateway follows, in the order in which a stream position numbers them. */
import type { EventLog, StoredRecord } from '@estop/log/port';
import type { Logger } from '@estop/runtime/logger';
import type { Counter, Metrics } from '@estop/runtime/metrics';
import { EstopError, messageOf } from '@estop/schemas/errors';
import {
  agentSubject,
  limitSubject,
  parseSubject,
  personSubject,
  type SubjectId,
} from '@estop/schemas/ids';
import type { AgentView, Halt } from '@estop/schemas/messages';
import { partitionCountOf, type Topic } from '@estop/schemas/topics';
import {
  agentEvents,
  alertEvent,
  breakerEvents,
  decisionEvents,
  fleetEvents,
  haltEvents,
  type StreamEvent,
} from '../stream/stream-event.ts';
import type { StreamHub } from '../stream/stream-hub.ts';
import type { AgentTable } from './agent-table.ts';
import type { Alert, Alerts } from './alerts.ts';
import type { DecisionCache } from './decision-cache.ts';
import { ACTIVE_KEY, type FleetState } from './fleet-state.ts';
import type { HaltBook } from './halt-book.ts';
import type { SharedLimits } from './shared-limits.ts';
import { Tail } from './tail.ts';

const FOLLOWED = [
  { topic: 'decisions.v1', from: 'end' },
  { topic: 'agents.v1', from: 'start' },
  { topic: 'halts.v1', from: 'start' },
  { topic: 'policies.v1', from: 'start' },
] as const satisfies readonly { readonly topic: Topic; readonly from: 'start' | 'end' }[];

export interface FeedsDeps {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly decisions: DecisionCache;
  readonly agents: AgentTable;
  readonly alerts: Alerts;
  readonly sharedLimits: SharedLimits;
  readonly halts: HaltBook;
  readonly fleet: FleetState;
  readonly hub: StreamHub;
  readonly onHaltLogged: (halt: Halt) => void;
  /** The breaker of an agent is another now. */
  readonly onBreaker: (view: AgentView) => void;
}

/** A place of the log, as a stream position numbers it. */
export interface FeedSource {
  readonly topic: (typeof FOLLOWED)[number]['topic'];
  readonly partition: number;
}

export class Feeds {
  readonly #deps: FeedsDeps;
  readonly #tails: readonly Tail[];
  readonly #sources: readonly FeedSource[];
  readonly #firstSource = new Map<Topic, number>();
  readonly #unreadable: Counter<'topic'>;

  constructor(deps: FeedsDeps) {
    this.#deps = deps;
    const { log, logger } = deps;
    const sources: FeedSource[] = [];
    this.#tails = FOLLOWED.map(({ topic, from }) => {
      const partitions = partitionCountOf(topic, log.partitions);
      this.#firstSource.set(topic, sources.length);
      for (let partition = 0; partition < partitions; partition += 1) {
        sources.push({ topic, partition });
      }
      const onRecords = (records: readonly StoredRecord[]) => this.#take(records);
      return new Tail({ log, logger, topic, partitions, from, onRecords });
    });
    this.#sources = sources;
    this.#unreadable = deps.metrics.counter({
      name: 'estop_gateway_unreadable_records_total',
      help: 'Records of followed topics that could not be read or do not prove their writer',
      labels: ['topic'],
    });
  }

  get sources(): readonly FeedSource[] {
    return this.#sources;
  }

  /** How far each source was read. */
  get nextOffsets(): readonly number[] {
    return this.#tails.flatMap((tail) => tail.nextOffsets);
  }

  /** For how long, ms, others may have said halts that did not arrive here. */
  get haltsSilentMs(): number {
    const tail = this.#tails.find(({ topic }) => topic === 'halts.v1');
    return tail?.silentMs ?? Number.POSITIVE_INFINITY;
  }

  /** Throws when a topic is not followed right now. */
  requireLive(): void {
    const missing = this.#tails.filter((tail) => !tail.isLive).map((tail) => tail.topic);
    if (missing.length > 0) throw new Error(`not followed: ${missing.join(', ')}`);
  }

  /** Resolves when all that stands in the followed topics has been taken. */
  async start(): Promise<void> {
    this.#deps.hub.startAt(this.#sources.map(() => 0));
    // Fleet and halts first: from the first decision on they are known.
    for (const tail of this.#tails.toReversed()) await tail.start();
    this.#deps.hub.startAt(this.nextOffsets);
  }

  async close(): Promise<void> {
    await Promise.all(this.#tails.map((tail) => tail.close()));
  }

  /** The events of a stored record; none when it cannot be read. */
  eventsOf(stored: StoredRecord): readonly StreamEvent[] {
    try {
      return this.#read(stored)?.events() ?? [];
    } catch (error) {
      return this.#skip(stored, error);
    }
  }

  async #take(records: readonly StoredRecord[]): Promise<void> {
    const { hub } = this.#deps;
    for (const stored of records) {
      const source = (this.#firstSource.get(stored.topic) ?? 0) + stored.partition;
      let events: () => readonly StreamEvent[] = () => [];
      try {
        const read = this.#read(stored);
        const applied = read?.apply();
        // Only fleets take a promise: to await each decision would cost more than to take it.
        if (applied !== undefined) await applied;
        if (read !== undefined) events = read.events;
      } catch (error) {
        this.#skip(stored, error);
      }
      hub.publish(source, stored.offset, events);
    }
  }

  #skip(stored: StoredRecord, error: unknown): readonly StreamEvent[] {
    // Trouble on the way to a bundle passes: the batch is repeated.
    const isPassing = error instanceof EstopError && error.retryable;
    if (isPassing && error.code !== 'schema-unknown') throw error;
    const { topic, partition, offset } = stored;
    this.#unreadable.inc({ topic });
    this.#deps.logger.warn({ topic, partition, offset, error: messageOf(error) }, 'record skipped');
    return [];
  }

  /** What a record says, and how it is taken; undefined for a tombstone. */
  #read(stored: StoredRecord): Read | undefined {
    const { log, decisions, halts, fleet, onHaltLogged } = this.#deps;
    const { topic, value, timestampMs } = stored;
    if (value === null) return topic === 'agents.v1' ? this.#forget(stored.key) : undefined;
    switch (topic) {
      case 'decisions.v1': {
        const decision = log.codec(topic).decode(value);
        return {
          apply: () => decisions.take(decision, value),
          events: () => decisionEvents(decision),
        };
      }
      case 'agents.v1':
        return this.#readView(log.codec(topic).decode(value));
      case 'halts.v1': {
        this.#requireLink(stored);
        const halt = log.codec(topic).decode(value);
        return {
          apply: () => {
            halts.take(halt, timestampMs);
            onHaltLogged(halt);
          },
          events: () => haltEvents(halt, stored),
        };
      }
      case 'policies.v1': {
        this.#requireLink(stored);
        const record = log.codec(topic).decode(value);
        const isNews = stored.key === ACTIVE_KEY;
        return {
          apply: () => fleet.take(stored, record),
          events: () => (isNews ? fleetEvents(record, stored) : []),
        };
      }
      default:
        return undefined;
    }
  }

  /** Who is told of an old view would take an open breaker for closed: it is told to nobody. */
  #readView(view: AgentView): Read {
    const { agents, alerts, sharedLimits, onBreaker } = this.#deps;
    const before = agents.view(view.subject);
    let isNews = true;
    let alerted: readonly Alert[] = [];
    const turns = breakerEvents(view, before);
    return {
      apply: () => {
        // First, since whoever gave an order about a limit reads it when it is answered.
        sharedLimits.take(view);
        isNews = agents.take(view);
        if (!isNews) return;
        alerted = alerts.take(view, before);
        if (turns.length > 0) onBreaker(view);
      },
      events: () => {
        if (!isNews) return [];
        return [...agentEvents(view), ...turns, ...alerted.map(alertEvent)];
      },
    };
  }

  #requireLink(stored: StoredRecord): void {
    if (!this.#deps.log.isLinked(stored)) throw new Error('the record does not prove its writer');
  }

  #forget(key: string): Read | undefined {
    const subject = subjectOf(key);
    if (subject === undefined) return undefined;
    return { apply: () => this.#deps.agents.forget(subject), events: () => [] };
  }
}

interface Read {
  readonly apply: () => Promise<void> | void;
  readonly events: () => readonly StreamEvent[];
}

function subjectOf(key: string): SubjectId | undefined {
  const named = parseSubject(key);
  if (named === undefined) return undefined;
  switch (named.kind) {
    case 'agent':
      return agentSubject(named.id);
    case 'person':
      return personSubject(named.id);
    case 'limit':
      return limitSubject(named.id);
  }
}
