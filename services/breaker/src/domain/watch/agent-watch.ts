/** All that is known of one agent: its detectors' state, its ladder, and its calls under way. */
import type { AgentId } from '@estop/schemas/ids';
import type { BreakerConfig } from '../config/breaker-config.ts';
import type { Finding } from '../finding.ts';
import { CLOSED_LADDER, type Ladder, type Order } from '../ladder/ladder.ts';
import { type AgentState, emptyState } from '../state/layout.ts';
import type { Calls } from './calls.ts';
import { NO_REPEATS, type Repeats } from './repeats.ts';

/** The newest finding, and what was ordered for it. */
export interface Told {
  readonly finding: Finding;
  readonly order: Order | null;
  /** It was not ordered, only said. */
  readonly isShadow: boolean;
}

export interface AgentWatch {
  readonly agentId: AgentId;
  readonly state: AgentState;
  readonly calls: Calls;
  ladder: Ladder;
  told: Told | null;
  repeats: Repeats;
  /** One past the newest audit record of the agent that is in here. */
  nextOffset: number;
}

export function newWatch(agentId: AgentId, config: BreakerConfig): AgentWatch {
  return {
    agentId,
    state: emptyState(config.prior),
    calls: new Map(),
    ladder: CLOSED_LADDER,
    told: null,
    repeats: NO_REPEATS,
    nextOffset: 0,
  };
}
