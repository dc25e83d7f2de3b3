/**
 * An audit record of an agent, as its detectors see it: what was decided, what came of it, and what
 * became of the breaker. The same records give the same findings, orders and bytes, whoever else is
 * in the log: time comes from the agent's own records, and ticks stand at whole minutes.
 */
import type { IntentId } from '@estop/schemas/ids';
import type { DenyReason } from '@estop/schemas/messages';
import type { BreakerConfig } from '../config/breaker-config.ts';
import type { Finding } from '../finding.ts';
import { changed, climb, isFrozen } from '../ladder/ladder.ts';
import { observe, setFrozen, setWaiting, tick } from '../observe.ts';
import type { Sample, SampleOutcome } from '../sample.ts';
import { F64, read } from '../state/layout.ts';
import { MINUTE_MS } from '../windows.ts';
import type { AgentWatch, Told } from './agent-watch.ts';
import {
  type Call,
  countCall,
  countWaitingCalls,
  keepCall,
  markWaiting,
  takeCall,
} from './calls.ts';
import { noteRepeat } from './repeats.ts';
import type { WatchedAudit, WatchedOutcome } from './watched-event.ts';

/** An agent that was silent for longer is looked at again with its next record. */
const TICKED_MS = 3_600_000;

/** Denials that say something of estop's state, and nothing of what the agent does. */
const NOT_BY_CONDUCT: ReadonlySet<DenyReason> = new Set([
  'halted',
  'agent-unknown',
  'agent-suspended',
  'breaker-open',
  'approval-rejected',
  'approval-expired',
  'timed-out',
  'policy-error',
]);

/** What holds for this agent at this record. */
export interface WatchRules {
  readonly config: BreakerConfig;
  /** How often a tool may be polled, ms, by name. */
  readonly pollIntervalMsByTool: ReadonlyMap<string, number>;
}

/** A record of the audit log that is about the agent. */
export interface WatchedRecord extends Pick<WatchedAudit, 'at' | 'events'> {
  /** Its offset, for the evidence of a finding. */
  readonly ref: number;
}

interface Context {
  readonly watch: AgentWatch;
  readonly rules: WatchRules;
  readonly at: number;
  readonly ref: number;
  readonly told: Told[];
}

/** Takes a record, and answers what was found, each with its order. */
export function foldRecord(
  watch: AgentWatch,
  { at, events, ref }: WatchedRecord,
  rules: WatchRules,
): readonly Told[] {
  const context: Context = { watch, rules, at, ref, told: [] };
  context.told.push(...tickTo(watch, at, rules));
  for (const event of events) {
    switch (event.type) {
      case 'IntentProposed':
        keepCall(watch.calls, event);
        break;
      case 'IntentAllowed':
        observeVerdict(context, event.intentId, 'allow');
        markWaiting(watch.calls, event.intentId);
        break;
      case 'ApprovalRequested':
        observeVerdict(context, event.intentId, 'needs-approval');
        break;
      case 'IntentDenied':
        observeDenial(context, event.intentId, event.reason);
        break;
      case 'OutcomeRecorded':
        observeEnd(context, event.outcome.intentId, outcomeOf(event.outcome));
        break;
      case 'HoldExpired':
        // That nobody said what became of it is no outcome.
        takeCall(watch.calls, event.intentId);
        break;
      case 'BreakerChanged':
        watch.ladder = changed(watch.ladder, event, at);
        setFrozen(watch.state, isFrozen(watch.ladder));
        break;
      default:
    }
  }
  setWaiting(watch.state, countWaitingCalls(watch.calls), at);
  watch.nextOffset = ref + 1;
  return context.told;
}

/**
 * The passing of time up to a moment, a whole minute after the other. Only for whom calls are under
 * way: of all others the next record shows whatever there is to see.
 */
export function tickTo(watch: AgentWatch, now: number, rules: WatchRules): readonly Told[] {
  const { state } = watch;
  const told: Told[] = [];
  const last = Math.floor(now / MINUTE_MS);
  for (let minute = read(state.f64, F64.minute) + 1; minute <= last; minute += 1) {
    const at = minute * MINUTE_MS;
    const isDue = at - read(state.f64, F64.waitingSince) <= TICKED_MS;
    if (read(state.f64, F64.waiting) === 0 || !isDue) break;
    take({ watch, rules, at, ref: 0, told }, tick(state, at, rules.config));
  }
  return told;
}

/** Whether time alone may show something of the agent. */
export function isWaiting({ state }: AgentWatch, now: number): boolean {
  const since = read(state.f64, F64.waitingSince);
  return read(state.f64, F64.waiting) > 0 && now - since <= TICKED_MS + MINUTE_MS;
}

function observeVerdict(
  context: Context,
  intentId: IntentId,
  decision: 'allow' | 'needs-approval' | 'deny',
): void {
  const call = context.watch.calls.get(intentId);
  // A person's yes makes no second call of it.
  if (call === undefined || call.isCounted) return;
  see(context, call, { decision, outcome: null, targets: countCall(call) });
}

function observeDenial(context: Context, intentId: IntentId, reason: DenyReason): void {
  if (!NOT_BY_CONDUCT.has(reason)) observeVerdict(context, intentId, 'deny');
  context.watch.calls.delete(intentId);
}

function observeEnd(context: Context, intentId: IntentId, outcome: SampleOutcome): void {
  const { watch, rules, at, ref } = context;
  const call = takeCall(watch.calls, intentId);
  if (call === undefined) return;
  see(context, call, { decision: null, outcome, targets: [] });
  if (outcome.status === 'cancelled' || rules.pollIntervalMsByTool.has(call.tool)) return;
  const about = { state: watch.state, config: rules.config };
  const noted = noteRepeat(watch.repeats, { call, outcome, at, ref }, about);
  watch.repeats = noted.repeats;
  take(context, noted.findings);
}

function see(
  context: Context,
  { session, tool, tier, digest }: Call,
  seen: Pick<Sample, 'decision' | 'outcome' | 'targets'>,
): void {
  const { watch, rules, at, ref } = context;
  const pollIntervalMs = rules.pollIntervalMsByTool.get(tool) ?? null;
  const { decision, outcome, targets } = seen;
  // Field by field, since this is made for every record: to spread objects takes longer than the rest.
  const sample: Sample = {
    at,
    ref,
    session,
    tool,
    tier,
    argumentsDigest: digest,
    pollIntervalMs,
    decision,
    outcome,
    targets,
  };
  take(context, observe(watch.state, sample, rules.config));
}

function take({ watch, rules, told }: Context, findings: readonly Finding[]): void {
  for (const finding of findings) {
    const owner = { agentId: watch.agentId, config: rules.config.ladder };
    const { ladder, order } = climb(watch.ladder, finding, owner);
    watch.ladder = ladder;
    watch.told = { finding, order, isShadow: rules.config.shadow };
    told.push(watch.told);
  }
}

function outcomeOf(ended: WatchedOutcome): SampleOutcome {
  const { status, microUsd, tokens, durationMs, resultDigest } = ended;
  return { status, microUsd: microUsd ?? 0, tokens: tokens ?? 0, durationMs, resultDigest };
}
