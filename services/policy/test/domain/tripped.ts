/** A fleet with tools of three tiers, and what the tests of breakers do with its agents. */
import type { Breaker } from '@estop/policy/domain/breaker/breaker';
import { takeDue } from '@estop/policy/domain/schedule';
import type { AgentId, HaltId } from '@estop/schemas/ids';
import type { AuditRecordEvent, HaltScope } from '@estop/schemas/messages';
import { expect } from 'vitest';
import { createFleetDouble, type FleetOptions, person } from './fleet-double.ts';
import { intentInput, Partition } from './specification.ts';

export const AGENT = 'billing-bot' as AgentId;
export const DANA = 'dana@example.com';
const TIERS = { look: 'read', save: 'write', wipe: 'destructive' } as const;
const PEOPLE = [person(DANA, 'approver'), person('op@example.com', 'operator')];

export function partitionWith(options: FleetOptions = {}): Partition {
  return new Partition(createFleetDouble({ tiers: TIERS, people: PEOPLE, ...options }));
}

let intents = 0;
/** Asks, and answers what was decided. */
export function ask(partition: Partition, tool: string, agentId: string = AGENT) {
  intents += 1;
  const intentId = `n${intents}`;
  const answer = partition.when(intentOf(intentId, tool, agentId));
  const events = answer.kind === 'record' ? answer.events : [];
  const decided =
    events.find(({ type }) => type.startsWith('Intent') && type !== 'IntentProposed') ??
    events.find(({ type }) => type === 'ApprovalRequested');
  return {
    intentId,
    events,
    decided,
    reason: decided !== undefined && 'reason' in decided ? decided.reason : null,
  };
}

export function intentOf(intentId: string, tool: string, agentId: string) {
  return intentInput({ intentId, tool, agentId });
}

export function probe(partition: Partition, status: 'ok' | 'error' | 'cancelled' | 'unknown') {
  const { intentId, reason } = ask(partition, 'look');
  expect(reason).toBe('permitted');
  return partition.outcome(status, null, { intentId });
}

export function breakerOf({ state }: Partition, agentId: string = AGENT): Breaker | undefined {
  return state.agentById.get(agentId as AgentId)?.breaker;
}

export function changesIn(events: readonly AuditRecordEvent[]) {
  return events.filter((event) => event.type === 'BreakerChanged');
}

/** Kills a scope, and lifts it with a later word. */
export function killAndLift(partition: Partition, scope: Partial<HaltScope>, epoch = 1): void {
  const word = { mode: 'kill', epoch, haltId: `k${epoch}` as HaltId } as const;
  partition.halt(scope, word);
  partition.halt(scope, { ...word, lifted: true, by: 'root@example.com' });
}

/** What a tick of the process does. */
export function tick(partition: Partition): void {
  for (const agentId of takeDue(partition.state.schedule, partition.atMs, 100)) {
    while (partition.when({ type: 'expiry', agentId }).kind === 'record');
  }
}
