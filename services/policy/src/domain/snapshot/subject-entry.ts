/**
 * An agent or a person as a snapshot keeps them: JSON with rows in the place of objects, without
 * what is empty, and with what decisions share written once. What is not named here is lost, so the
 * property test holds every field of the state against it.
 */
import type { AgentId, BudgetId, IntentId, RateId } from '@estop/schemas/ids';
import type { ActionView, AnswerView, CredentialView } from '@estop/schemas/messages';
import type { Activity } from '../activity.ts';
import { type Breaker, breakerDueMs, NEVER_TRIPPED } from '../breaker/breaker.ts';
import {
  type AgentState,
  type DecidedIntent,
  type DecisionKinds,
  initialAgent,
  initialSubject,
  type LedgerEntry,
  type PendingIntent,
  type PersonState,
  type SubjectState,
} from '../state.ts';
import { type DecidedEntry, decidedEntry, readDecided } from './decided-entry.ts';
import { type HoldsEntry, holdsEntry, readHolds } from './holds-entry.ts';
import { bucketRow, rateRow, readBuckets, readRateRow } from './rows.ts';

/** Last actions look for their decision among so many of the newest decided intents. */
const NEWEST_DECIDED = 32;

interface PersonEntry {
  readonly credentials?: readonly CredentialView[] | undefined;
  readonly answers?: readonly AnswerView[] | undefined;
}

interface AgentEntry extends PersonEntry {
  readonly first: AgentState['firstSeq'];
  readonly suspended?: boolean | undefined;
  readonly breaker?: Breaker | undefined;
  readonly allowed: number;
  readonly denied: number;
  readonly decided?: DecidedEntry | undefined;
  readonly pending?: readonly PendingIntent[] | undefined;
  readonly holds?: HoldsEntry | undefined;
  readonly ledger?: readonly (readonly [BudgetId, LedgerEntry])[] | undefined;
  readonly rates?: readonly (readonly [RateId, number, number[]])[] | undefined;
  readonly minute?: number[] | undefined;
  readonly hour?: number[] | undefined;
  readonly day?: number[] | undefined;
  readonly targets?: readonly (readonly [string, number])[] | undefined;
  readonly last?: readonly ActionEntry[] | undefined;
}

/** An action, or which of the newest decided intents it is, counted from the end. */
type ActionEntry =
  | number
  | readonly [
      ActionView['intentId'],
      ActionView['tool'],
      ActionView['decision'],
      ActionView['reason'],
      number,
    ];

export function agentText(agent: AgentState): string {
  const { activity } = agent;
  const entry: AgentEntry = {
    first: agent.firstSeq,
    suspended: agent.suspended || undefined,
    breaker: agent.breaker === NEVER_TRIPPED ? undefined : agent.breaker,
    allowed: agent.allowed,
    denied: agent.denied,
    decided: agent.decidedById.size === 0 ? undefined : decidedEntry(agent.decidedById),
    pending: some([...agent.pendingById.values()]),
    holds: agent.holdById.size === 0 ? undefined : holdsEntry(agent),
    ledger: some([...agent.ledgerById]),
    rates: some([...agent.rateById].map(([id, r]) => [id, r.windowMs, rateRow(r.buckets)])),
    minute: some(bucketRow(activity.minute)),
    hour: some(bucketRow(activity.hour)),
    day: some(bucketRow(activity.day)),
    targets: some([...activity.targetAtMs]),
    last: some(actionEntries(agent)),
    ...personEntry(agent),
  };
  return JSON.stringify(entry);
}

export function readAgent(id: AgentId, text: string, kinds: DecisionKinds): AgentState {
  const entry = JSON.parse(text) as AgentEntry;
  const agent = initialAgent(id, entry.first);
  agent.suspended = entry.suspended ?? false;
  agent.breaker = entry.breaker ?? NEVER_TRIPPED;
  agent.allowed = entry.allowed;
  agent.denied = entry.denied;
  if (entry.decided !== undefined) readDecided(entry.decided, kinds, agent.decidedById);
  for (const one of entry.pending ?? []) agent.pendingById.set(one.intent.intentId, one);
  if (entry.holds !== undefined) readHolds(entry.holds, agent);
  for (const [budgetId, ledger] of entry.ledger ?? []) agent.ledgerById.set(budgetId, ledger);
  for (const [rateId, windowMs, row] of entry.rates ?? []) {
    agent.rateById.set(rateId, { windowMs, buckets: readRateRow(row) });
  }
  readActivity(agent.activity, entry);
  agent.lastActions.push(...readActions(entry.last ?? [], agent.decidedById));
  readSubject(agent, entry);
  return agent;
}

export function personText(person: PersonState): string {
  return JSON.stringify(personEntry(person));
}

export function readPerson(text: string): PersonState {
  const person = initialSubject();
  readSubject(person, JSON.parse(text) as PersonEntry);
  return person;
}

/** When something of the agent runs out first, ms; null when nothing does. */
export function firstDueMs(agent: AgentState): number | null {
  let first = breakerDueMs(agent.breaker);
  for (const { untilMs } of agent.holdById.values()) first = Math.min(first, untilMs);
  for (const { expiresAt } of agent.pendingById.values()) first = Math.min(first, expiresAt);
  return first === Number.POSITIVE_INFINITY ? null : first;
}

function personEntry({ credentialById, answers }: SubjectState): PersonEntry {
  return { credentials: some([...credentialById.values()]), answers: some(answers) };
}

function readSubject(subject: SubjectState, { credentials = [], answers = [] }: PersonEntry): void {
  for (const one of credentials) subject.credentialById.set(one.credentialId, one);
  subject.answers.push(...answers);
}

function readActivity(activity: Activity, entry: AgentEntry): void {
  activity.minute.push(...readBuckets(entry.minute ?? []));
  activity.hour.push(...readBuckets(entry.hour ?? []));
  activity.day.push(...readBuckets(entry.day ?? []));
  for (const [target, atMs] of entry.targets ?? []) activity.targetAtMs.set(target, atMs);
}

function actionEntries({ lastActions, decidedById }: AgentState): ActionEntry[] {
  const newest = newestOf(decidedById);
  return lastActions.map(({ intentId, tool, decision, reason, at }) => {
    const place = newest.findIndex(([id]) => id === intentId);
    const decided = newest[place]?.[1];
    const { kind } = decided ?? {};
    // One that waited was noted once more when it was decided.
    const isSame = decided?.at === at && kind?.decision === decision;
    return isSame && kind?.tool === tool && kind.reason === reason
      ? newest.length - place
      : [intentId, tool, decision, reason, at];
  });
}

function readActions(
  entries: readonly ActionEntry[],
  decidedById: AgentState['decidedById'],
): ActionView[] {
  const newest = newestOf(decidedById);
  return entries.map((entry) => {
    if (typeof entry !== 'number') {
      const [intentId, tool, decision, reason, at] = entry;
      return { intentId, tool, decision, reason, at };
    }
    const found = newest[newest.length - entry];
    if (found === undefined) throw new RangeError(`no decided intent ${entry} from the end`);
    const [intentId, { kind, at }] = found;
    return { intentId, tool: kind.tool, decision: kind.decision, reason: kind.reason, at };
  });
}

function newestOf(
  decidedById: AgentState['decidedById'],
): readonly (readonly [IntentId, DecidedIntent])[] {
  return [...decidedById].slice(-NEWEST_DECIDED);
}

function some<Item>(items: Item[]): Item[] | undefined;
function some<Item>(items: readonly Item[]): readonly Item[] | undefined;
function some<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length === 0 ? undefined : items;
}
