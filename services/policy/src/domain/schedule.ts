/** Which agents have something that runs out, by second: a tick touches only those. */
import type { AgentId } from '@estop/schemas/ids';

const SECOND_MS = 1_000;

export interface Schedule {
  readonly agentsBySecond: Map<number, Set<AgentId>>;
}

export function createSchedule(): Schedule {
  return { agentsBySecond: new Map() };
}

/** Something of this agent runs out at this time. */
export function scheduleExpiry(schedule: Schedule, agentId: AgentId, atMs: number): void {
  const second = Math.ceil(atMs / SECOND_MS);
  const agents = schedule.agentsBySecond.get(second);
  if (agents === undefined) schedule.agentsBySecond.set(second, new Set([agentId]));
  else agents.add(agentId);
}

/** Takes out at most `max` agents that have something due; the rest stays for the next tick. */
export function takeDue(schedule: Schedule, nowMs: number, max: number): readonly AgentId[] {
  const due = new Set<AgentId>();
  const seconds = [...schedule.agentsBySecond.keys()].filter((s) => s * SECOND_MS <= nowMs);
  for (const second of seconds.sort((a, b) => a - b)) {
    const agents = schedule.agentsBySecond.get(second);
    for (const agentId of agents ?? []) {
      if (due.size >= max) return [...due];
      due.add(agentId);
      agents?.delete(agentId);
    }
    schedule.agentsBySecond.delete(second);
  }
  return [...due];
}
