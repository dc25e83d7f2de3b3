// Generated from avro/ by scripts/generate.ts. Do not edit.
import type {
  AgentId,
  ApprovalId,
  BudgetId,
  CommandId,
  CredentialId,
  GroupName,
  HaltId,
  IntentId,
  LimitId,
  PersonId,
  PolicyHash,
  RateId,
  SessionId,
  SubjectId,
  ToolName,
} from './ids.ts';

/** A credential that proves this identity. */
export interface CredentialView {
  readonly credentialId: CredentialId;
  readonly kind: CredentialKind;
  readonly secretHash: string | null;
  readonly publicKey: string | null;
  readonly issuedAt: number;
}

/** A budget in its current window. */
export interface BudgetView {
  readonly budgetId: BudgetId;
  readonly unit: string;
  readonly window: string;
  readonly windowStart: number;
  readonly ceiling: number;
  readonly spent: number;
  readonly reserved: number;
}

/** A sliding window. */
export interface RateView {
  readonly rateId: RateId;
  readonly windowMs: number;
  readonly limit: number;
  readonly used: number;
}

/** One of the last actions. */
export interface ActionView {
  readonly intentId: IntentId;
  readonly tool: ToolName;
  readonly decision: Verdict;
  readonly reason: Reason;
  readonly at: number;
}

/** An intent that waits for people. */
export interface PendingView {
  readonly decision: Decision;
  /** RFC 8785 text, cut at 16 KiB. */
  readonly arguments: string;
  readonly argumentsCut: boolean;
  readonly intentReason: string | null;
  readonly task: string | null;
  /** JSON pointers of arguments whose value came only from tool output. */
  readonly untrusted: readonly string[];
}

/** What became of a command. */
export interface AnswerView {
  readonly commandId: CommandId;
  /** Null: carried out; else why not. */
  readonly code: string | null;
  readonly message: string;
  readonly at: number;
  readonly record: RecordPosition;
}

/** What only the home of a shared limit knows. */
export interface LimitHomeView {
  readonly ceiling: number;
  readonly free: number;
  /** Granted to partitions, spent or not; of a rate: not reported as used. */
  readonly inSlices: number;
}

/** One partition's part of a shared limit, in its current window. */
export interface SharedLimitView {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  readonly unit: string;
  readonly window: string;
  readonly windowStart: number;
  /** Of a rate: calls in the window that the home knows of. */
  readonly spent: number;
  readonly reserved: number;
  /** Granted to this partition and neither spent nor reserved. */
  readonly inSlice: number;
  readonly home: LimitHomeView | null;
}

/** The breaker of an agent, as it decides. */
export interface BreakerSeatView {
  readonly mode: BreakerState;
  /** Null: closed since the beginning. */
  readonly since: number | null;
  /** When it ends by itself, ms; null: it does not. */
  readonly until: number | null;
  /** How often it opened lately. */
  readonly opens: number;
  /** Half-open: calls let through so far. */
  readonly probes: number;
  /** Of these, how many went well. */
  readonly passed: number;
  readonly cause: BreakerCause | null;
  readonly signal: string | null;
  readonly explanation: string | null;
  /** It was open: destructive and financial calls wait until a person re-arms it. */
  readonly held: boolean;
  /** It opened so often that a kill is proposed. */
  readonly proposesKill: boolean;
}

/** The newest state of one agent or person, or one partition's part of a shared limit. Key: the subject. A projection of audit.v1. */
export interface AgentView {
  readonly subject: SubjectId;
  readonly at: number;
  readonly record: RecordPosition;
  readonly suspended: boolean;
  readonly allowed: number;
  readonly denied: number;
  readonly credentials: readonly CredentialView[];
  readonly budgets: readonly BudgetView[];
  readonly rates: readonly RateView[];
  readonly lastActions: readonly ActionView[];
  /** Intents that wait; `pending` shows at most 100 of them. */
  readonly pendingTotal: number;
  readonly pending: readonly PendingView[];
  readonly answers: readonly AnswerView[];
  /** Only for the subject of a shared limit. */
  readonly sharedLimit: SharedLimitView | null;
  /** Ids of the shared limits that can count its calls. */
  readonly sharedLimits: readonly string[];
  /** Only for the subject of an agent. */
  readonly breaker: BreakerSeatView | null;
}

/** The trust gradient. */
export type Tier =
  | 'read'
  | 'write'
  | 'destructive'
  | 'financial';

/** Why it was allowed. */
export type AllowReason =
  | 'permitted'
  | 'approved';

/** Why it was denied. */
export type DenyReason =
  | 'halted'
  | 'agent-unknown'
  | 'agent-suspended'
  | 'breaker-open'
  | 'not-permitted'
  | 'forbidden'
  | 'invalid-arguments'
  | 'invalid-intent'
  | 'rate-limited'
  | 'budget-exhausted'
  | 'approval-rejected'
  | 'approval-expired'
  | 'timed-out'
  | 'policy-error';

/** Why a person is asked. */
export type PendReason =
  | 'approval-required'
  | 'step-up';

/** A person said. */
export type Vote =
  | 'approve'
  | 'reject';

/** An amount held or spent on one budget, in the unit of the budget. */
export interface BudgetUse {
  readonly budgetId: BudgetId;
  /** Start of the window, ms; 0 for lifetime. */
  readonly windowStart: number;
  readonly amount: number;
  /** It is a slice of a ceiling that agents share. */
  readonly shared: boolean;
}

/** One call counted on one sliding window. */
export interface RateUse {
  readonly rateId: RateId;
  readonly windowMs: number;
  /** It is a slice of a ceiling that agents share. */
  readonly shared: boolean;
}

/** What became of an amount held. */
export interface Settlement {
  readonly budgetId: BudgetId;
  readonly windowStart: number;
  readonly reserved: number;
  readonly spent: number;
  /** Reported above what the ceiling left. */
  readonly overrun: number;
  /** It is a slice of a ceiling that agents share. */
  readonly shared: boolean;
}

/** The input this record answers. */
export interface Cause {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** From here on this writer extends the chain. */
export interface WriterStarted {
  readonly writer: string;
  readonly version: string;
}

/** From here on this bundle decides. */
export interface FleetActivated {
  readonly hash: PolicyHash;
}

/** What was asked, with the facts the decision rests on. */
export interface IntentProposed {
  readonly intent: Intent;
  /** sha256: and hex over the RFC 8785 text of agent, arguments and tool. */
  readonly digest: string;
  readonly tier: Tier;
  /** Tokens held. */
  readonly tokens: number;
  /** Micro-dollars held. */
  readonly microUsd: number;
  /** Whom or what the call is aimed at. */
  readonly targets: readonly string[];
}

/** It may be done. */
export interface IntentAllowed {
  readonly intentId: IntentId;
  readonly reason: AllowReason;
  readonly rules: readonly string[];
  readonly held: readonly BudgetUse[];
  readonly rates: readonly RateUse[];
  /** When unsettled amounts count as spent, ms. */
  readonly holdUntil: number;
  /** What it held of shared ceilings while it waited for people. */
  readonly released: readonly BudgetUse[];
}

/** It may not be done. */
export interface IntentDenied {
  readonly intentId: IntentId;
  readonly reason: DenyReason;
  readonly message: string;
  readonly rules: readonly string[];
  readonly retryAfterMs: number | null;
  /** What it held of shared ceilings while it waited for people. */
  readonly released: readonly BudgetUse[];
}

/** What one rule asks of the people. */
export interface Gate {
  /** Groups of people; empty: any approver. */
  readonly approvers: readonly string[];
  readonly quorum: number;
}

/** A person must say yes first; the amounts stay held. */
export interface ApprovalRequested {
  readonly intentId: IntentId;
  readonly approvalId: ApprovalId;
  readonly reason: PendReason;
  readonly message: string;
  readonly rules: readonly string[];
  readonly held: readonly BudgetUse[];
  readonly expiresAt: number;
  readonly quorum: number;
  /** Groups of people who may vote; empty: any approver. */
  readonly approvers: readonly string[];
  readonly severity: string | null;
  /** What each asking rule asks by itself. */
  readonly gates: readonly Gate[];
}

/** One vote. */
export interface ApprovalVoted {
  readonly intentId: IntentId;
  readonly person: PersonId;
  readonly vote: Vote;
}

/** What was done, and what it cost. */
export interface OutcomeRecorded {
  readonly outcome: Outcome;
  readonly settled: readonly Settlement[];
}

/** No outcome came: the amounts held count as spent. */
export interface HoldExpired {
  readonly intentId: IntentId;
  readonly settled: readonly Settlement[];
}

/** A halt reached this partition. */
export interface HaltApplied {
  readonly halt: Halt;
}

/** A halt ended in this partition. */
export interface HaltLifted {
  readonly halt: Halt;
}

/** Which enforcement points had confirmed a halt, at the gateway that said it. */
export interface HaltReported {
  readonly haltId: HaltId;
  readonly epoch: number;
  /** Enforcement points that could let something through. */
  readonly points: number;
  readonly confirmed: number;
  /** Until the slowest of them had it; null: none has. */
  readonly confirmedInMs: number | null;
  /** Neither confirmed nor fenced by then. */
  readonly silent: number;
  /** Until the lease of the last silent point is over; null: none is silent. */
  readonly fencedInMs: number | null;
}

/** Everything this agent asks is denied. */
export interface AgentSuspended {
}

/** The suspension is over. */
export interface AgentResumed {
}

/** A person set a ceiling. */
export interface CeilingSet {
  readonly budgetId: BudgetId;
  readonly ceiling: number;
  readonly previous: number;
}

/** A credential was registered. */
export interface CredentialIssued {
  readonly credentialId: CredentialId;
  readonly kind: CredentialKind;
  readonly secretHash: string | null;
  readonly publicKey: string | null;
}

/** A credential proves nothing any more. */
export interface CredentialRevoked {
  readonly credentialId: CredentialId;
}

/** An order was carried out; the facts follow. */
export interface CommandAccepted {
  readonly commandId: CommandId;
  readonly by: string;
  readonly reason: string | null;
}

/** An order was not carried out. */
export interface CommandRefused {
  readonly commandId: CommandId;
  readonly by: string;
  readonly code: string;
  readonly message: string;
}

/** What an intent lacks of a shared limit. */
export interface SliceNeed {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  readonly amount: number;
}

/** It waits for a slice of a shared ceiling. */
export interface IntentAwaited {
  readonly intentId: IntentId;
  /** Denied when none came by then, ms. */
  readonly until: number;
  /** People have said yes to it already. */
  readonly approved: boolean;
  readonly needs: readonly SliceNeed[];
}

/** This partition asks the home of a shared limit. */
export interface SliceRequested {
  readonly ask: SliceAsk;
}

/** A partition asked this one, the home of a shared limit. */
export interface SliceAsked {
  readonly ask: SliceAsk;
}

/** The home of a shared limit has answered; the amount is taken off what is free. */
export interface SliceGranted {
  readonly answer: SliceAnswer;
}

/** The answer of the home has arrived. */
export interface SliceReceived {
  readonly answer: SliceAnswer;
}

/** The home of a shared limit asks partitions for what they do not use. */
export interface SliceRecalled {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  /** Start of the budget's window, ms; 0 for a lifetime and for rates. */
  readonly windowStart: number;
  /** Nobody waits for them any longer, ms. */
  readonly until: number;
  readonly requester: number;
  readonly partitions: readonly number[];
}

/** Something is free again; partitions that went without are told. */
export interface SliceOffered {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  /** Start of the budget's window, ms; 0 for a lifetime and for rates. */
  readonly windowStart: number;
  readonly partitions: readonly number[];
}

/** The home of a shared limit has something again. */
export interface SliceOfferReceived {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  /** Start of the budget's window, ms; 0 for a lifetime and for rates. */
  readonly windowStart: number;
}

/** An agent's breaker is in another state, or in the same one anew. */
export interface BreakerChanged {
  readonly from: BreakerState;
  readonly to: BreakerState;
  readonly cause: BreakerCause;
  /** When the state ends by itself, ms; null: it does not. */
  readonly until: number | null;
  /** How often it opened lately, with this time. */
  readonly opens: number;
  /** What saw it. */
  readonly signal: string | null;
  /** One sentence for people. */
  readonly explanation: string;
  /** What the signal rests on, as its service says it. */
  readonly evidence: string | null;
  /** Whoever tripped it proposes a kill. */
  readonly proposesKill: boolean;
}

/** One atomic step of the log. Key: the agent id. */
export interface AuditRecord {
  readonly seq: number;
  /** SHA-256 of the previous valid record. */
  readonly prev: Uint8Array;
  readonly writer: string;
  readonly cause: Cause;
  /** Time of the input, ms, monotonic per partition. */
  readonly at: number;
  /** The agent, person or shared limit it is about; null: the partition. */
  readonly subject: SubjectId | null;
  /** The bundle in force. */
  readonly policyHash: PolicyHash | null;
  readonly events: readonly AuditRecordEvent[];
}
export type AuditRecordEvent =
  | ({ readonly type: 'WriterStarted' } & WriterStarted)
  | ({ readonly type: 'FleetActivated' } & FleetActivated)
  | ({ readonly type: 'IntentProposed' } & IntentProposed)
  | ({ readonly type: 'IntentAllowed' } & IntentAllowed)
  | ({ readonly type: 'IntentDenied' } & IntentDenied)
  | ({ readonly type: 'ApprovalRequested' } & ApprovalRequested)
  | ({ readonly type: 'ApprovalVoted' } & ApprovalVoted)
  | ({ readonly type: 'OutcomeRecorded' } & OutcomeRecorded)
  | ({ readonly type: 'HoldExpired' } & HoldExpired)
  | ({ readonly type: 'HaltApplied' } & HaltApplied)
  | ({ readonly type: 'HaltLifted' } & HaltLifted)
  | ({ readonly type: 'HaltReported' } & HaltReported)
  | ({ readonly type: 'AgentSuspended' } & AgentSuspended)
  | ({ readonly type: 'AgentResumed' } & AgentResumed)
  | ({ readonly type: 'CeilingSet' } & CeilingSet)
  | ({ readonly type: 'CredentialIssued' } & CredentialIssued)
  | ({ readonly type: 'CredentialRevoked' } & CredentialRevoked)
  | ({ readonly type: 'CommandAccepted' } & CommandAccepted)
  | ({ readonly type: 'CommandRefused' } & CommandRefused)
  | ({ readonly type: 'IntentAwaited' } & IntentAwaited)
  | ({ readonly type: 'SliceRequested' } & SliceRequested)
  | ({ readonly type: 'SliceAsked' } & SliceAsked)
  | ({ readonly type: 'SliceGranted' } & SliceGranted)
  | ({ readonly type: 'SliceReceived' } & SliceReceived)
  | ({ readonly type: 'SliceRecalled' } & SliceRecalled)
  | ({ readonly type: 'SliceOffered' } & SliceOffered)
  | ({ readonly type: 'SliceOfferReceived' } & SliceOfferReceived)
  | ({ readonly type: 'BreakerChanged' } & BreakerChanged);

/** closed lets through, step_up asks a person for every call above read, open denies, half_open lets probes through. */
export type BreakerState =
  | 'closed'
  | 'step-up'
  | 'open'
  | 'half-open';

/** Why a breaker changed; time_over: what was open is tried with probes, a step-up ends. */
export type BreakerCause =
  | 'tripped'
  | 'stepped-up'
  | 'time-over'
  | 'kill-lifted'
  | 'probe-failed'
  | 'probes-passed'
  | 'rearmed';

/** What the breaker service knows of one agent, or how far a partition was read. A projection of audit.v1. Key: the subject. */
export interface BreakerView {
  /** An agent id, or /position. */
  readonly subject: string;
  readonly partition: number;
  /** What is below in the partition of audit.v1 is in it. */
  readonly offset: number;
  /** Time of the newest record in it, ms. */
  readonly at: number;
  /** Of /position: number of the audit record before it; else -1. */
  readonly seq: number;
  /** Of /position: SHA-256 of the audit record before it. */
  readonly head: Uint8Array | null;
  /** Of /position: agents of whom there is an entry. */
  readonly entries: number;
  /** Of /position: exclusive or of the SHA-256 of all entries, hex. */
  readonly entriesHash: string | null;
  /** Calls of the agent are under way: time alone may show something of it. */
  readonly waiting: boolean;
  /** JSON of the newest finding and of what was ordered for it. */
  readonly told: string | null;
  /** Deflated: windows, baselines, calls under way. */
  readonly state: Uint8Array;
}

/** A signed Merkle root over a partition of audit.v1. Key: the origin. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** C2SP signed note. */
  readonly note: string;
}

/** How an identity proves itself. */
export type CredentialKind =
  | 'api-key'
  | 'ed25519';

/** A person's yes to exactly one arguments digest. */
export interface Approve {
  readonly intentId: IntentId;
  readonly digest: string;
}

/** A person's no. */
export interface Reject {
  readonly intentId: IntentId;
  readonly digest: string;
}

/** Deny everything this agent asks from now on. */
export interface Suspend {
}

/** End a suspension. */
export interface Resume {
}

/** Set a ceiling, in the unit of the budget. */
export interface SetCeiling {
  readonly budgetId: BudgetId;
  readonly ceiling: number;
}

/** Raise a ceiling by an amount, in the unit of the budget. */
export interface RaiseCeiling {
  readonly budgetId: BudgetId;
  readonly raiseBy: number;
}

/** Register a credential. Never holds a secret. */
export interface IssueCredential {
  readonly credentialId: CredentialId;
  readonly kind: CredentialKind;
  /** SHA-256 of an API key, hex. */
  readonly secretHash: string | null;
  /** Raw Ed25519 public key, base64url. */
  readonly publicKey: string | null;
}

/** From now on this credential proves nothing. */
export interface RevokeCredential {
  readonly credentialId: CredentialId;
}

/** What a shared limit is. */
export type LimitKind =
  | 'budget'
  | 'rate';

/** Calls that one partition made in one sub-window of a shared rate. */
export interface SliceUse {
  /** Number of the sub-window since the epoch. */
  readonly bucket: number;
  readonly calls: number;
}

/** What a partition asks of a shared limit's home, and gives back to it. Counted once, in sequence. */
export interface SliceAsk {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  /** Start of the budget's window, ms; 0 for a lifetime and for rates. */
  readonly windowStart: number;
  /** Length of the window, ms; 0 for a lifetime. */
  readonly windowMs: number;
  /** Who asks. */
  readonly partition: number;
  /** 1, 2, 3 … per partition and limit. */
  readonly sequence: number;
  /** What its waiting intents need; 0: as much as is usual. */
  readonly need: number;
  /** Less than this helps none of them. */
  readonly least: number;
  /** Given back. */
  readonly returned: number;
  /** Calls made of a rate since the ask before. */
  readonly uses: readonly SliceUse[];
  /** It gives back all it can, and keeps doing so until it is granted something. */
  readonly answersRecall: boolean;
}

/** What the home of a shared limit grants. */
export interface SliceAnswer {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  /** Start of the budget's window, ms; 0 for a lifetime and for rates. */
  readonly windowStart: number;
  /** Who gets it. */
  readonly partition: number;
  /** Of the ask. */
  readonly sequence: number;
  /** 0: nothing. */
  readonly amount: number;
  /** What the home has left after it. */
  readonly free: number;
  /** Asking again before helps nobody, unless it is offered; null: it was enough. */
  readonly dryUntil: number | null;
}

/** A partition asks the home of a shared limit. */
export interface RequestSlice {
  readonly ask: SliceAsk;
}

/** The home of a shared limit answers. */
export interface GrantSlice {
  readonly answer: SliceAnswer;
}

/** The home of a shared limit asks for what is unused. */
export interface RecallSlice {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  /** Start of the budget's window, ms; 0 for a lifetime and for rates. */
  readonly windowStart: number;
  /** Who shall give it back. */
  readonly partition: number;
  /** For whom. */
  readonly requester: number;
}

/** Something is free again at the home of a shared limit. */
export interface OfferSlice {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  /** Start of the budget's window, ms; 0 for a lifetime and for rates. */
  readonly windowStart: number;
  /** Who was told that there is nothing. */
  readonly partition: number;
}

/** open denies everything; step_up asks a person for every call above read. */
export type TripMode =
  | 'open'
  | 'step-up';

/** The breaker service saw something in what this agent does. */
export interface TripBreaker {
  readonly mode: TripMode;
  /** When it ends by itself, ms: an open one is then tried with probes; null: when a person re-arms it. */
  readonly until: number | null;
  /** What saw it, up to 128 characters. */
  readonly signal: string;
  /** One sentence for people, up to 1,024 characters. */
  readonly explanation: string;
  /** What it rests on, up to 16 KiB. */
  readonly evidence: string | null;
  /** It opened so often that a person should think of a kill. */
  readonly proposesKill: boolean;
}

/** A person closes the breaker of this agent; the command's reason says why. */
export interface RearmBreaker {
}

/** How a halt arrived. Subject: person: and who said it. */
export interface ReportHalt {
  readonly haltId: HaltId;
  readonly epoch: number;
  /** Enforcement points that it had to reach. */
  readonly points: number;
  /** Of these, how many said that they know it. */
  readonly confirmed: number;
  /** After how long the last of them did; null: none did. */
  readonly confirmedInMs: number | null;
  /** How many said nothing. */
  readonly silent: number;
  /** After how long the lease of the last silent one was over; null: none was silent, or it is not known. */
  readonly fencedInMs: number | null;
}

/** What a person or a service orders. Key: the subject. */
export interface Command {
  readonly commandId: CommandId;
  /** An agent id; person: and a person id; limit: and the id of a shared limit. */
  readonly subject: SubjectId;
  /** Who orders: a person id or service: and a service name. */
  readonly by: string;
  readonly reason: string | null;
  readonly body: CommandBody;
}
export type CommandBody =
  | ({ readonly type: 'Approve' } & Approve)
  | ({ readonly type: 'Reject' } & Reject)
  | ({ readonly type: 'Suspend' } & Suspend)
  | ({ readonly type: 'Resume' } & Resume)
  | ({ readonly type: 'SetCeiling' } & SetCeiling)
  | ({ readonly type: 'RaiseCeiling' } & RaiseCeiling)
  | ({ readonly type: 'IssueCredential' } & IssueCredential)
  | ({ readonly type: 'RevokeCredential' } & RevokeCredential)
  | ({ readonly type: 'RequestSlice' } & RequestSlice)
  | ({ readonly type: 'GrantSlice' } & GrantSlice)
  | ({ readonly type: 'RecallSlice' } & RecallSlice)
  | ({ readonly type: 'OfferSlice' } & OfferSlice)
  | ({ readonly type: 'TripBreaker' } & TripBreaker)
  | ({ readonly type: 'RearmBreaker' } & RearmBreaker)
  | ({ readonly type: 'ReportHalt' } & ReportHalt);

/** Why it was not decided. */
export type DeadLetterReason =
  | 'unauthenticated'
  | 'malformed'
  | 'unknown-schema'
  | 'too-large'
  | 'unknown-subject';

/** An input that could not be taken. Key: where it stood. */
export interface DeadLetter {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly reason: DeadLetterReason;
  readonly detail: string;
  readonly key: Uint8Array | null;
  /** Cut at 256 KiB. */
  readonly value: Uint8Array;
  readonly at: number;
}

/** Where in audit.v1 it is written. */
export interface RecordPosition {
  readonly partition: number;
  readonly offset: number;
}

/** What was decided. */
export type Verdict =
  | 'allow'
  | 'deny'
  | 'needs-approval';

/** Why. */
export type Reason =
  | 'permitted'
  | 'approved'
  | 'halted'
  | 'agent-unknown'
  | 'agent-suspended'
  | 'breaker-open'
  | 'not-permitted'
  | 'forbidden'
  | 'invalid-arguments'
  | 'invalid-intent'
  | 'rate-limited'
  | 'budget-exhausted'
  | 'approval-rejected'
  | 'approval-expired'
  | 'timed-out'
  | 'policy-error'
  | 'approval-required'
  | 'step-up';

/** What is left of one limit after this decision. */
export interface LimitState {
  readonly id: string;
  /** calls, tokens or microUsd. */
  readonly unit: string;
  readonly remaining: number;
}

/** The approval it waits for, or waited for. */
export interface ApprovalState {
  readonly id: ApprovalId;
  readonly expiresAt: number;
  readonly quorum: number;
  readonly approvers: readonly string[];
  readonly approvedBy: readonly string[];
  readonly severity: string | null;
}

/** A decision, provable by its audit record. Key: the agent id. Written again when a pending one becomes final. */
export interface Decision {
  readonly intentId: IntentId;
  readonly agentId: AgentId;
  readonly sessionId: SessionId | null;
  readonly tool: ToolName;
  readonly tier: Tier;
  /** The enforcement point that may run the call; null: none was named. */
  readonly point: string | null;
  readonly decision: Verdict;
  readonly reason: Reason;
  readonly message: string;
  readonly rules: readonly string[];
  readonly policyHash: PolicyHash | null;
  readonly digest: string;
  readonly at: number;
  readonly record: RecordPosition;
  readonly approval: ApprovalState | null;
  readonly retryAfterMs: number | null;
  /** Until when an allow holds unsettled amounts, or an approval waits, ms. */
  readonly expiresAt: number | null;
  readonly limits: readonly LimitState[];
}

/** pause denies new intents, drain lets running permits end, kill voids permits. */
export type HaltMode =
  | 'pause'
  | 'drain'
  | 'kill';

/** Whom it covers: the conjunction of the fields that are set; fleet covers all. */
export interface HaltScope {
  readonly fleet: boolean;
  readonly group: GroupName | null;
  readonly agent: AgentId | null;
  readonly tool: ToolName | null;
}

/** The newest word on one scope. Key: the scope. */
export interface Halt {
  readonly haltId: HaltId;
  readonly scope: HaltScope;
  readonly mode: HaltMode;
  /** Monotonic per scope. */
  readonly epoch: number;
  readonly by: string;
  readonly reason: string | null;
  /** Ends by itself at this time, ms. */
  readonly until: number | null;
  /** True: the halt is over. */
  readonly lifted: boolean;
  /** Of a kill: the persons who have said it or made it longer, the first 16; none of them lifts it. */
  readonly killers: readonly string[];
}

/** The call that would take this one back. */
export interface Undo {
  readonly tool: ToolName;
  /** RFC 8785 JSON text of the arguments object. */
  readonly arguments: string;
}

/** What an agent is about to do. Key: the agent id. */
export interface Intent {
  /** Unique per agent; the idempotency key. */
  readonly intentId: IntentId;
  readonly agentId: AgentId;
  readonly sessionId: SessionId | null;
  readonly tool: ToolName;
  /** RFC 8785 JSON text of the arguments object. */
  readonly arguments: string;
  /** Why, in the words of the agent. */
  readonly reason: string | null;
  /** The task the agent works on. */
  readonly task: string | null;
  /** Estimated tokens. */
  readonly tokens: number | null;
  /** Estimated cost in micro-dollars. */
  readonly microUsd: number | null;
  /** JSON pointer of an argument to where its value came from: user, tool or model. */
  readonly provenance: Readonly<Record<string, string>>;
  readonly undo: Undo | null;
  /** The operator who proposed it in the place of the agent. */
  readonly proposedBy: string | null;
  /** The enforcement point that will run the call; null: it names none. */
  readonly point: string | null;
}

/** What really happened. */
export type OutcomeStatus =
  | 'ok'
  | 'error'
  | 'cancelled'
  | 'unknown';

/** What became of an allowed intent. Key: the agent id. */
export interface Outcome {
  readonly intentId: IntentId;
  readonly agentId: AgentId;
  readonly status: OutcomeStatus;
  /** Tokens really used. */
  readonly tokens: number | null;
  /** Cost in micro-dollars really incurred. */
  readonly microUsd: number | null;
  readonly durationMs: number | null;
  /** sha256: and 64 hex digits over the result. */
  readonly resultDigest: string | null;
  readonly error: string | null;
  /** The agent, or the enforcement point that ran the call. */
  readonly reportedBy: string;
}

/** A fleet bundle under its hash, or under the key active the hash in force. */
export interface PolicyRecord {
  readonly hash: PolicyHash;
  /** Path to text; null in the record under the key active. */
  readonly files: Readonly<Record<string, string>> | null;
  readonly by: string;
}

/** State of one agent, or the manifest of a partition, as of an audit position. A cache: rebuilt from audit.v1. */
export interface Snapshot {
  readonly subject: string;
  readonly partition: number;
  readonly offset: number;
  readonly head: Uint8Array;
  readonly stateHash: string;
  readonly state: Uint8Array;
}
