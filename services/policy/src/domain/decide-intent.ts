/** Deciding one intent: steps 1 and 2 of DESIGN §5, then the checks, then the events. */

import { parseAgentId, parseIntentId, parseToolName } from '@estop/schemas/ids';
import type { AuditRecordEvent, Intent } from '@estop/schemas/messages';
import type { CheckContext } from './check-context.ts';
import type { KnownIntent } from './check-intent.ts';
import { conclude, type Known } from './conclude.ts';
import { decisionOn } from './decided.ts';
import { deny } from './denial.ts';
import type { Fleet, FleetTool, JsonObject } from './fleet.ts';
import { type Answer, NOTHING } from './input.ts';
import { POINTER_CHARS_MAX, POINTER_DEPTH_MAX, POINTERS_MAX } from './limits.ts';
import { awaitedOf } from './shared/awaited.ts';
import { aboutAgent } from './verdict-events.ts';

const ORIGINS = new Set(['user', 'tool', 'model']);
/** JSON.stringify escapes a half of a pair and writes pairs as they are. No fold could keep a half. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;
/** Keys that would let arguments pose as Cedar entities or extension values. */
const CEDAR_ESCAPES = /"__(entity|extn)"/;

/** Decides an intent; `digest` binds agent, tool and arguments (schemas/digest). */
export function decideIntent(context: CheckContext, intent: Intent, digest: string): Answer {
  if (parseAgentId(intent.agentId) === undefined || parseIntentId(intent.intentId) === undefined) {
    return { kind: 'dead-letter', reason: 'malformed', detail: 'agent id or intent id is no id' };
  }
  const agent = context.state.agentById.get(intent.agentId);
  const earlier =
    agent === undefined ? undefined : decisionOn(context.state, agent, intent.intentId);
  if (earlier !== undefined) return { kind: 'again', decision: earlier };
  // Its decision comes by itself.
  if (awaitedOf(context.state, intent) !== undefined) return NOTHING;

  const known = knowIntent(context.fleet, intent);
  const proposed = proposedEvent(context.fleet, intent, {
    digest,
    known: known.kind === 'deny' ? null : known.intent,
  });
  const events = conclude(context, { intent, approved: null }, known);
  return aboutAgent(intent, [proposed, ...events]);
}

/** Reads what the catalogue says of an intent, or why it makes no sense. */
export function knowIntent(fleet: Fleet | null, intent: Intent): Known {
  if (parseToolName(intent.tool) === undefined) return deny('invalid-intent', 'no tool name');
  if ((intent.tokens ?? 0) < 0 || (intent.microUsd ?? 0) < 0) {
    return deny('invalid-intent', 'an estimated cost is negative');
  }
  if (Object.values(intent.provenance).some((origin) => !ORIGINS.has(origin))) {
    return deny('invalid-intent', 'provenance is user, tool or model');
  }
  if (!arePointers(Object.keys(intent.provenance))) {
    return deny('invalid-intent', 'provenance names too many, too long or too deep pointers');
  }
  const parsed = parseArguments(intent.arguments);
  if (parsed === null) return deny('invalid-intent', 'the arguments are no JSON object');
  if (intent.arguments.includes('\\u') && LONE_SURROGATE.test(JSON.stringify(parsed))) {
    return deny('invalid-arguments', 'half of a surrogate pair is no text');
  }
  if (CEDAR_ESCAPES.test(intent.arguments)) {
    return deny('invalid-arguments', 'argument names __entity and __extn are reserved');
  }
  const tool = fleet?.toolOf(intent.tool) ?? unknownTool(intent);
  const listed = tool.costMicroUsd(parsed);
  if (listed === 'invalid') {
    return deny('invalid-arguments', 'the amount that says the cost is no non-negative integer');
  }
  const microUsd = dearer(listed, intent.microUsd);
  const { tokens } = intent;
  return { kind: 'known', intent: { intent, tool, arguments: parsed, tokens, microUsd } };
}

function proposedEvent(
  fleet: Fleet | null,
  intent: Intent,
  facts: { readonly digest: string; readonly known: KnownIntent | null },
): AuditRecordEvent {
  const { digest, known } = facts;
  return {
    type: 'IntentProposed',
    intent,
    digest,
    tier: known?.tool.tier ?? fleet?.toolOf(intent.tool).tier ?? 'destructive',
    tokens: known?.tokens ?? 0,
    microUsd: known?.microUsd ?? 0,
    targets: known?.tool.targetsOf(known.arguments) ?? [],
  };
}

function parseArguments(text: string): JsonObject | null {
  try {
    const parsed: JsonObject | readonly unknown[] | null = JSON.parse(text);
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

function isObject(value: JsonObject | readonly unknown[] | null): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function arePointers(pointers: readonly string[]): boolean {
  if (pointers.length > POINTERS_MAX) return false;
  return pointers.every((pointer) => {
    if (pointer.length > POINTER_CHARS_MAX) return false;
    return pointer.split('/').length <= POINTER_DEPTH_MAX + 1;
  });
}

function dearer(listed: number | null, estimated: number | null): number | null {
  if (listed === null) return estimated;
  return Math.max(listed, estimated ?? 0);
}

/** Without a fleet every tool is unknown; the intent is denied, and the log says what was asked. */
function unknownTool(intent: Intent): FleetTool {
  return {
    name: intent.tool,
    known: false,
    tier: 'destructive',
    checkArguments: () => [],
    costMicroUsd: () => null,
    targetsOf: () => [],
  };
}
