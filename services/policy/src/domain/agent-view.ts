/** The newest state of a subject as agents.v1 shows it. */
import type { SubjectId } from '@estop/schemas/ids';
import { parseSubject } from '@estop/schemas/ids';
import type {
  AgentView,
  BreakerSeatView,
  PendingView,
  RecordPosition,
} from '@estop/schemas/messages';
import { type Breaker, passedOf } from './breaker/breaker.ts';
import { windowStartOf } from './budget-window.ts';
import type { Fleet } from './fleet.ts';
import { PENDING_SHOWN_MAX } from './limits.ts';
import { usedOf } from './rate-window.ts';
import { sharedLimitView } from './shared/view.ts';
import {
  type AgentState,
  initialAgent,
  initialSubject,
  type PartitionState,
  type PendingIntent,
} from './state.ts';
import { untrustedPointers } from './untrusted.ts';

const ARGUMENTS_MAX_CHARS = 16 * 1024;
const TEXT_MAX_CHARS = 1_024;
const UNTRUSTED_SHOWN_MAX = 64;
/** Of all that wait together: at three bytes a character well below what agents.v1 takes. */
const PENDING_CHARS_MAX = 400_000;

/** Builds the view of an agent or person. */
export function agentView(
  state: PartitionState,
  fleet: Fleet | null,
  about: { readonly subject: SubjectId; readonly record: RecordPosition },
): AgentView {
  const parsed = parseSubject(about.subject);
  const { subject, record } = about;
  if (parsed?.kind === 'limit') {
    const answers = state.limitById.get(parsed.id)?.answers ?? [];
    const sharedLimit = sharedLimitView(state, fleet, parsed.id);
    return { ...EMPTY, subject, at: state.atMs, record, credentials: [], answers, sharedLimit };
  }
  if (parsed?.kind !== 'agent') {
    const person =
      (parsed === undefined ? undefined : state.personById.get(parsed.id)) ?? initialSubject();
    return {
      ...EMPTY,
      subject,
      at: state.atMs,
      record,
      credentials: [...person.credentialById.values()],
      answers: person.answers,
    };
  }
  const agent = state.agentById.get(parsed.id) ?? initialAgent(parsed.id);
  return {
    subject,
    at: state.atMs,
    record,
    suspended: agent.suspended,
    allowed: agent.allowed,
    denied: agent.denied,
    credentials: [...agent.credentialById.values()],
    ...limitViews(agent, fleet, state.atMs),
    lastActions: agent.lastActions,
    pendingTotal: agent.pendingById.size,
    pending: firstToExpire(agent),
    answers: agent.answers,
    sharedLimit: null,
    breaker: breakerView(agent.breaker),
  };
}

function breakerView(breaker: Breaker): BreakerSeatView {
  const { mode, sinceMs: since, untilMs: until, opens, probes, ...why } = breaker;
  const { cause, signal, explanation, isHeld: held, proposesKill } = why;
  const passed = passedOf(breaker);
  const counts = { opens, probes: probes.length, passed };
  return { mode, since, until, ...counts, cause, signal, explanation, held, proposesKill };
}

const EMPTY = {
  suspended: false,
  allowed: 0,
  denied: 0,
  budgets: [],
  rates: [],
  lastActions: [],
  pendingTotal: 0,
  pending: [],
  sharedLimit: null,
  sharedLimits: [],
  breaker: null,
} as const;

function limitViews(
  agent: AgentState,
  fleet: Fleet | null,
  atMs: number,
): Pick<AgentView, 'budgets' | 'rates' | 'sharedLimits'> {
  const inFleet = fleet?.agentById.get(agent.id);
  if (fleet === null || inFleet === undefined) return { budgets: [], rates: [], sharedLimits: [] };
  const limits = fleet.limitsOfAgent(inFleet);
  const budgets = limits.budgets.filter(({ shared }) => !shared);
  const rates = limits.rates.filter(({ shared }) => !shared);
  const all: readonly { readonly id: string; readonly shared: boolean }[] = [
    ...limits.budgets,
    ...limits.rates,
  ];
  return {
    sharedLimits: all.filter(({ shared }) => shared).map(({ id }) => id),
    budgets: budgets.map((budget) => {
      const entry = agent.ledgerById.get(budget.id);
      const windowStart = windowStartOf(budget.window, atMs);
      const isCurrent = entry?.windowStart === windowStart;
      return {
        budgetId: budget.id,
        unit: budget.unit,
        window: budget.windowText,
        windowStart,
        ceiling: entry?.ceiling ?? budget.ceiling,
        spent: isCurrent ? entry.spent : 0,
        reserved: isCurrent ? entry.reserved : 0,
      };
    }),
    rates: rates.map(({ id: rateId, windowMs, limit }) => {
      const window = agent.rateById.get(rateId);
      return { rateId, windowMs, limit, used: window === undefined ? 0 : usedOf(window, atMs) };
    }),
  };
}

/** As many as fit into the view's bytes, the ones that expire first. */
function firstToExpire(agent: AgentState): readonly PendingView[] {
  const pending = [...agent.pendingById.values()].sort((a, b) => a.expiresAt - b.expiresAt);
  const shown: PendingView[] = [];
  let chars = 0;
  for (const one of pending.slice(0, PENDING_SHOWN_MAX)) {
    const view = pendingView(one);
    chars += charsOf(view);
    if (chars > PENDING_CHARS_MAX && shown.length > 0) break;
    shown.push(view);
  }
  return shown;
}

function charsOf({ decision, untrusted, intentReason, task, ...view }: PendingView): number {
  const texts = [view.arguments, intentReason ?? '', task ?? '', decision.message, ...untrusted];
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function pendingView(pending: PendingIntent): PendingView {
  const { decision, intent } = pending;
  return {
    decision,
    arguments: intent.arguments.slice(0, ARGUMENTS_MAX_CHARS),
    argumentsCut: intent.arguments.length > ARGUMENTS_MAX_CHARS,
    intentReason: intent.reason?.slice(0, TEXT_MAX_CHARS) ?? null,
    task: intent.task?.slice(0, TEXT_MAX_CHARS) ?? null,
    untrusted: untrustedPointers(intent.provenance).slice(0, UNTRUSTED_SHOWN_MAX),
  };
}
