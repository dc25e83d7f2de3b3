/**
 * Branded identifiers: a string that was checked once, at a door, and is trusted after that. The
 * brand lives in the type only. `parseX` answers undefined for text that is no such id.
 */
declare const brand: unique symbol;
export type Branded<Name extends string> = string & { readonly [brand]: Name };

export type AgentId = Branded<'AgentId'>;
export type ApprovalId = Branded<'ApprovalId'>;
export type BudgetId = Branded<'BudgetId'>;
export type CommandId = Branded<'CommandId'>;
export type CredentialId = Branded<'CredentialId'>;
export type GroupName = Branded<'GroupName'>;
export type HaltId = Branded<'HaltId'>;
export type IntentId = Branded<'IntentId'>;
/** The id of a budget or a rate, whichever it is. */
export type LimitId = Branded<'LimitId'>;
export type PersonId = Branded<'PersonId'>;
/** `sha256:` and 64 hex digits over the RFC 8785 text of a fleet bundle's files. */
export type PolicyHash = Branded<'PolicyHash'>;
export type RateId = Branded<'RateId'>;
export type SessionId = Branded<'SessionId'>;
/** What a command or an audit record is about: an agent id; `person:` or `limit:` and its id. */
export type SubjectId = Branded<'SubjectId'>;
export type ToolName = Branded<'ToolName'>;

/** What an agent id, limit id, group or tool name may look like; ':' and '/' are ours. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$/;
/** Ids that agents choose: visible ASCII, no quotes or backslash, so that they log cleanly. */
export const OPAQUE_ID_PATTERN = /^[!#-[\]-~]{1,200}$/;
export const TOOL_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9._:/@+-]{0,199}$/;
const PERSON_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,253}$/;
const HASH_PATTERN = /^sha256:[0-9a-f]{64}$/;
const PERSON_PREFIX = 'person:';
const LIMIT_PREFIX = 'limit:';

export function parseAgentId(text: string): AgentId | undefined {
  return NAME_PATTERN.test(text) ? (text as AgentId) : undefined;
}

export function parseIntentId(text: string): IntentId | undefined {
  return OPAQUE_ID_PATTERN.test(text) ? (text as IntentId) : undefined;
}

export function parseSessionId(text: string): SessionId | undefined {
  return OPAQUE_ID_PATTERN.test(text) ? (text as SessionId) : undefined;
}

export function parseToolName(text: string): ToolName | undefined {
  return TOOL_PATTERN.test(text) ? (text as ToolName) : undefined;
}

export function parsePersonId(text: string): PersonId | undefined {
  return PERSON_PATTERN.test(text) ? (text as PersonId) : undefined;
}

export function parseGroupName(text: string): GroupName | undefined {
  return NAME_PATTERN.test(text) ? (text as GroupName) : undefined;
}

export function parseBudgetId(text: string): BudgetId | undefined {
  return NAME_PATTERN.test(text) ? (text as BudgetId) : undefined;
}

export function parseLimitId(text: string): LimitId | undefined {
  return NAME_PATTERN.test(text) ? (text as LimitId) : undefined;
}

export function parseRateId(text: string): RateId | undefined {
  return NAME_PATTERN.test(text) ? (text as RateId) : undefined;
}

export function parseCredentialId(text: string): CredentialId | undefined {
  return NAME_PATTERN.test(text) ? (text as CredentialId) : undefined;
}

export function parseCommandId(text: string): CommandId | undefined {
  return OPAQUE_ID_PATTERN.test(text) ? (text as CommandId) : undefined;
}

export function parseHaltId(text: string): HaltId | undefined {
  return OPAQUE_ID_PATTERN.test(text) ? (text as HaltId) : undefined;
}

/** The id of a new halt, whoever says it. */
export function haltIdOf(uuid: string): HaltId {
  return `h-${uuid}` as HaltId;
}

export function parsePolicyHash(text: string): PolicyHash | undefined {
  return HASH_PATTERN.test(text) ? (text as PolicyHash) : undefined;
}

/** The approval of an intent is named after it: one intent has at most one. */
export function approvalIdOf(agentId: AgentId, intentId: IntentId): ApprovalId {
  return `${agentId}:${intentId}` as ApprovalId;
}

/** Both halves of an approval id, or undefined when it is none. */
export function parseApprovalId(
  text: string,
): { readonly agentId: AgentId; readonly intentId: IntentId } | undefined {
  const cut = text.indexOf(':');
  const agentId = parseAgentId(text.slice(0, Math.max(cut, 0)));
  const intentId = parseIntentId(text.slice(cut + 1));
  return agentId === undefined || intentId === undefined ? undefined : { agentId, intentId };
}

export function agentSubject(agentId: AgentId): SubjectId {
  return agentId as string as SubjectId;
}

export function personSubject(personId: PersonId): SubjectId {
  return `${PERSON_PREFIX}${personId}` as SubjectId;
}

export function limitSubject(limitId: LimitId | BudgetId | RateId): SubjectId {
  return `${LIMIT_PREFIX}${limitId}` as SubjectId;
}

/** Whether a subject is a shared limit, without looking at the rest. */
export function isLimitSubject(subject: SubjectId): boolean {
  return subject.startsWith(LIMIT_PREFIX);
}

/** Budgets and rates share one space of ids. */
export function limitIdOf(id: BudgetId | RateId): LimitId {
  return id as string as LimitId;
}

export type Subject =
  | { readonly kind: 'agent'; readonly id: AgentId }
  | { readonly kind: 'person'; readonly id: PersonId }
  | { readonly kind: 'limit'; readonly id: LimitId };

/** Whom a subject names, or undefined when the text is no subject. */
export function parseSubject(text: string): Subject | undefined {
  if (text.startsWith(PERSON_PREFIX)) {
    const id = parsePersonId(text.slice(PERSON_PREFIX.length));
    return id === undefined ? undefined : { kind: 'person', id };
  }
  if (text.startsWith(LIMIT_PREFIX)) {
    const id = parseLimitId(text.slice(LIMIT_PREFIX.length));
    return id === undefined ? undefined : { kind: 'limit', id };
  }
  const id = parseAgentId(text);
  return id === undefined ? undefined : { kind: 'agent', id };
}
