/** Shared limits as a whole: every partition tells its part, the home what is free. */
import { windowStartOf } from '@estop/policy/domain/budget-window';
import type { FleetAgent } from '@estop/policy/domain/fleet';
import type { ScopedBudget, ScopedRate } from '@estop/policy/domain/fleet/checked-fleet';
import { coversAgent } from '@estop/policy/domain/fleet/limit-index';
import type { Clock } from '@estop/runtime/clock';
import { type LimitId, limitIdOf, parseSubject } from '@estop/schemas/ids';
import type { AgentView, SharedLimitView } from '@estop/schemas/messages';
import { isOlder } from './agent-table.ts';
import type { FleetState } from './fleet-state.ts';

/** A shared limit in the window of now; what is in slices is granted and not used yet. */
export interface SharedTotal {
  readonly ceiling: number;
  readonly spent: number;
  readonly reserved: number;
  readonly free: number;
  readonly inSlices: number;
}

interface Part extends SharedLimitView {
  readonly record: AgentView['record'];
}

export class SharedLimits {
  readonly #clock: Clock;
  readonly #fleet: FleetState;
  /** By limit and partition. */
  readonly #partsByLimit = new Map<LimitId, Map<number, Part>>();

  constructor(clock: Clock, fleet: FleetState) {
    this.#clock = clock;
    this.#fleet = fleet;
  }

  /** Takes a view that is about a shared limit. */
  take({ subject, sharedLimit, record }: AgentView): void {
    const named = parseSubject(subject);
    if (named?.kind !== 'limit') return;
    const parts = this.#partsByLimit.get(named.id) ?? new Map<number, Part>();
    this.#partsByLimit.set(named.id, parts);
    const known = parts.get(record.partition);
    if (known !== undefined && isOlder(record, known.record)) return;
    if (sharedLimit === null) parts.delete(record.partition);
    else parts.set(record.partition, { ...sharedLimit, record });
    if (parts.size === 0) this.#partsByLimit.delete(named.id);
  }

  /** The shared budgets of the fleet in force; of one agent, those that can count its calls. */
  budgets(agent?: FleetAgent): readonly ScopedBudget[] {
    return sharedOf(this.#fleet.active?.budgets ?? [], agent);
  }

  rates(agent?: FleetAgent): readonly ScopedRate[] {
    return sharedOf(this.#fleet.active?.rates ?? [], agent);
  }

  budgetTotal(budget: ScopedBudget): SharedTotal & { readonly windowStart: number } {
    const windowStart = windowStartOf(budget.window, this.#clock.nowMs());
    const parts = this.#partsOf('budget', limitIdOf(budget.id));
    const current = parts.filter((part) => part.windowStart === windowStart);
    const home = parts.find((part) => part.home !== null);
    const ceiling = home?.home?.ceiling ?? budget.ceiling;
    const spent = sum(current.map((part) => part.spent));
    const reserved = sum(current.map((part) => part.reserved));
    const now = current.find((part) => part.home !== null)?.home;
    const inSlices = Math.max(0, (now?.inSlices ?? 0) - spent - reserved);
    return { windowStart, ceiling, spent, reserved, free: now?.free ?? ceiling, inSlices };
  }

  rateTotal(rate: ScopedRate): SharedTotal {
    const parts = this.#partsOf('rate', limitIdOf(rate.id));
    const home = parts.find((part) => part.home !== null);
    const spent = home?.spent ?? 0;
    const inSlices = home?.home?.inSlices ?? 0;
    return {
      ceiling: rate.limit,
      spent,
      reserved: 0,
      free: home?.home?.free ?? rate.limit,
      inSlices,
    };
  }

  #partsOf(kind: SharedLimitView['kind'], limitId: LimitId): readonly SharedLimitView[] {
    return [...(this.#partsByLimit.get(limitId)?.values() ?? [])].filter(
      (part) => part.kind === kind,
    );
  }
}

function sharedOf<Limit extends ScopedBudget | ScopedRate>(
  limits: readonly Limit[],
  agent: FleetAgent | undefined,
): readonly Limit[] {
  return limits.filter(({ shared, scope }) => {
    return shared && (agent === undefined || coversAgent(scope, agent));
  });
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
