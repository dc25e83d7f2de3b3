/**
 * The state that the log gives, folded record by record from its bytes, against the state of who
 * decides (I7), and each agent against what others' records may have done to it (I8).
 */
import { applyRecord } from '@estop/policy/domain/apply-record';
import { forgetOld, forgettingMsOf } from '@estop/policy/domain/forget';
import {
  ANSWERS_MAX,
  AWAITED_MAX,
  LAST_ACTIONS_MAX,
  PROBES_MAX,
  SLICE_ASKS_MAX,
  SLICE_USES_MAX,
} from '@estop/policy/domain/limits';
import { serializeState } from '@estop/policy/domain/serialize';
import { type AgentState, initialState, type PartitionState } from '@estop/policy/domain/state';
import { type AgentId, agentSubject, parseSubject, type SubjectId } from '@estop/schemas/ids';
import type { AuditRecord } from '@estop/schemas/messages';
import { must } from '../violation.ts';
import { firstDifference } from './first-difference.ts';

/** Besides agents: what only the partition keeps. */
const PARTITION_FIELDS = [
  'atMs',
  'fleetHash',
  'nextOffsetByTopic',
  'haltByScope',
  'endedKillByScope',
  'personById',
  'accountByLimit',
  'poolByLimit',
  'limitById',
  'awaitedByKey',
] as const;

export class ShadowState {
  readonly #state: PartitionState;
  readonly #touched = new Set<AgentId>();
  readonly #valid: { readonly record: AuditRecord; readonly offset: number }[] = [];
  readonly #sizes = new Map<AgentId, number>();

  constructor(partition: number) {
    this.#state = initialState(partition);
  }

  apply(record: AuditRecord, offset: number): void {
    const subject = record.subject === null ? undefined : parseSubject(record.subject);
    const agentId = subject?.kind === 'agent' ? subject.id : undefined;
    // With a new hour everybody forgets.
    const isSameHour = forgettingMsOf(record.at) === forgettingMsOf(this.#state.atMs);
    applyRecord(this.#state, record, offset);
    this.#valid.push({ record, offset });
    if (agentId !== undefined) this.#touched.add(agentId);
    this.#expectUntouched(isSameHour ? agentId : undefined, isSameHour);
    this.#expectBounded();
  }

  /** Of what has changed since the last time. */
  expectSame(live: PartitionState): void {
    for (const id of this.#touched) {
      this.#expectEqual(live.agentById.get(id), this.#state.agentById.get(id), id);
    }
    this.#touched.clear();
    for (const field of PARTITION_FIELDS) this.#expectEqual(live[field], this.#state[field], field);
  }

  /** All of it; and each agent as its own records alone would have made it. */
  expectWhole(live: PartitionState, isByBytes: boolean): void {
    for (const id of this.#state.agentById.keys()) this.#touched.add(id);
    this.expectSame(live);
    if (isByBytes) this.#expectEqual(serializeState(live), serializeState(this.#state), 'text');
    for (const [id, agent] of this.#state.agentById) {
      const alone = this.#alone(agentSubject(id));
      forgetOld(alone.agentById.get(id) ?? agent, this.#state.atMs);
      const found = firstDifference(agent, alone.agentById.get(id));
      must(found === null, 'I8', () => `records of others changed ${id}${found}`);
    }
  }

  #alone(subject: SubjectId): PartitionState {
    const state = initialState(this.#state.partition);
    for (const { record, offset } of this.#valid) {
      if (record.subject === subject) applyRecord(state, record, offset);
    }
    return state;
  }

  /** I8, in short, after each record; in full at the end. */
  #expectUntouched(subject: AgentId | undefined, isSameHour: boolean): void {
    for (const agent of this.#state.agentById.awake()) {
      const size = sizeOf(agent);
      const isOwn = agent.id === subject || !isSameHour;
      const isSame = isOwn || size === (this.#sizes.get(agent.id) ?? 0);
      must(isSame, 'I8', () => `a record of ${subject ?? 'nobody'} changed ${agent.id}`);
      this.#sizes.set(agent.id, size);
    }
  }

  #expectEqual(live: unknown, rebuilt: unknown, what: string): void {
    const found = firstDifference(live, rebuilt);
    must(found === null, 'I7', () => {
      return `live ≠ log, ${what} of partition ${this.#state.partition}${found}`;
    });
  }

  /** I11: what grows with inputs has a bound. */
  #expectBounded(): void {
    const { accountByLimit, awaitedByKey, agentById } = this.#state;
    const isBounded =
      awaitedByKey.size <= AWAITED_MAX &&
      every(accountByLimit.values(), ({ open, uses }) => {
        return open.length <= SLICE_ASKS_MAX && uses.length <= SLICE_USES_MAX;
      }) &&
      every(agentById.awake(), ({ answers, lastActions, breaker }) => {
        const isFew = answers.length <= ANSWERS_MAX && lastActions.length <= LAST_ACTIONS_MAX;
        return isFew && breaker.probes.length <= PROBES_MAX;
      });
    must(isBounded, 'I11', () => `partition ${this.#state.partition} keeps too much`);
  }
}

/** A number that changes with nearly everything that may happen to an agent. */
function sizeOf(agent: AgentState): number {
  const { allowed, denied, decidedById, pendingById, holdById, answers } = agent;
  let size = allowed + 7 * denied + 31 * decidedById.size + 101 * pendingById.size;
  size += 1_009 * holdById.size + 10_007 * answers.length + (agent.suspended ? 0.5 : 0);
  const { sinceMs, opens, probes } = agent.breaker;
  size += (sinceMs ?? 0) + 100_003 * opens + 1_000_003 * probes.length;
  for (const { spent, reserved } of agent.ledgerById.values()) size += spent * 3 + reserved * 13;
  return size;
}

function every<Item>(items: Iterable<Item>, isFine: (item: Item) => boolean): boolean {
  for (const item of items) if (!isFine(item)) return false;
  return true;
}
