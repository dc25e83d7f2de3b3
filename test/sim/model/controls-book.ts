/** Halts as a partition's records show them: epochs only grow, and none that is known comes late. */
import type { AuditRecord, Halt } from '@estop/schemas/messages';
import type { DecidedAt, SimLog } from '../log/sim-log.ts';
import { must } from '../violation.ts';
import { covers, isLive } from './coverage.ts';

interface Decided {
  readonly decided: DecidedAt;
  readonly groupsOf: (agentId: string) => readonly string[];
}

export class ControlsBook {
  readonly #log: SimLog;
  readonly #partition: number;
  readonly #applied = new Map<string, Halt>();

  constructor(log: SimLog, partition: number) {
    this.#log = log;
    this.#partition = partition;
  }

  check(record: AuditRecord, about: Decided): void {
    for (const event of record.events) {
      if (event.type === 'HaltApplied' || event.type === 'HaltLifted') this.#grow(event.halt);
      if (event.type !== 'IntentAllowed' || event.reason !== 'permitted') continue;
      const proposed = record.events.find((one) => one.type === 'IntentProposed');
      if (proposed !== undefined) this.#expectUnhalted(proposed.intent, record, about);
    }
  }

  /** I9. */
  #grow(halt: Halt): void {
    const key = JSON.stringify(halt.scope);
    const known = this.#applied.get(key);
    this.#applied.set(key, halt);
    must(
      known === undefined || isGrowth(known, halt),
      'I9',
      () => `${key}: epoch ${halt.epoch} after ${known?.epoch}`,
    );
  }

  /** A halt that the process had heard of stops what it decides from then on. */
  #expectUnhalted(
    intent: Parameters<typeof covers>[1],
    { at }: AuditRecord,
    { decided, groupsOf }: Decided,
  ): void {
    // The partition may know more than who owns it now.
    const newest = new Map(this.#applied);
    for (const { input } of this.#log.halts.slice(0, decided.knownHalts)) {
      if (input.type !== 'halt') continue;
      const key = JSON.stringify(input.halt.scope);
      const known = newest.get(key);
      if (known === undefined || isGrowth(known, input.halt)) newest.set(key, input.halt);
    }
    for (const halt of newest.values()) {
      if (!isLive(halt, at) || !covers(halt, intent, groupsOf(intent.agentId))) continue;
      const isElsewhere =
        halt.scope.agent !== null && this.#log.partitionOf(halt.scope.agent) !== this.#partition;
      must(isElsewhere, 'I4', () => {
        return `${intent.agentId} is allowed ${intent.tool} under halt ${halt.haltId}`;
      });
    }
  }
}

/** A lift has the epoch and the id of its halt; of two halts of one epoch the larger id counts. */
function isGrowth(known: Halt, halt: Halt): boolean {
  const [then, now] = [known, halt].map(({ epoch, haltId, lifted }) => {
    return `${String(epoch).padStart(16, '0')} ${haltId} ${lifted ? 'over' : 'a halt'}`;
  });
  return now !== undefined && then !== undefined && now > then;
}
