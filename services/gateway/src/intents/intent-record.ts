/** From the body of a request to what is written to intents.v1 and outcomes.v1. */
import { intentDigest } from '@estop/schemas/digest';
import {
  type AgentId,
  type IntentId,
  type PersonId,
  parseIntentId,
  parseSessionId,
  parseToolName,
  type ToolName,
} from '@estop/schemas/ids';
import type { Intent, Outcome, Undo } from '@estop/schemas/messages';
import canonicalize from 'canonicalize';
import type { Static } from 'typebox';
import type { IntentBody, OutcomeBody } from '../http/schemas.ts';
import { invalidField } from '../problems.ts';

export interface StatedIntent {
  readonly intent: Intent;
  /** Binds the decision to agent, tool and arguments (schemas/digest). */
  readonly digest: string;
}

/** Throws ProblemError `invalid-request`. `proposedBy`: the operator who stands in for the agent. */
export function statedIntent(
  body: Static<typeof IntentBody>,
  agentId: AgentId,
  proposedBy: PersonId | null,
): StatedIntent {
  const tool = toolName(body.tool, '/tool');
  const args = canonical(body.arguments);
  const intent: Intent = {
    intentId: intentId(body.id, '/id'),
    agentId,
    sessionId: body.session === undefined ? null : (parseSessionId(body.session) ?? null),
    tool,
    arguments: args,
    reason: body.reason ?? null,
    task: body.task ?? null,
    tokens: body.cost?.tokens ?? null,
    microUsd: body.cost?.microUsd ?? null,
    provenance: body.provenance ?? {},
    undo: body.undo === undefined ? null : undoCall(body.undo),
    proposedBy,
    point: body.point ?? null,
  };
  return { intent, digest: intentDigest(agentId, tool, args) };
}

export function reportedOutcome(
  body: Static<typeof OutcomeBody>,
  about: { readonly agentId: AgentId; readonly intentId: IntentId; readonly reportedBy: string },
): Outcome {
  return {
    ...about,
    status: body.status,
    tokens: body.cost?.tokens ?? null,
    microUsd: body.cost?.microUsd ?? null,
    durationMs: body.durationMs ?? null,
    resultDigest: body.resultDigest ?? null,
    error: body.error ?? null,
  };
}

/** Throws ProblemError `invalid-request` for text that is no intent id. */
export function intentId(text: string, pointer: string): IntentId {
  const parsed = parseIntentId(text);
  if (parsed !== undefined) return parsed;
  throw invalidField(pointer, 'is 1 to 200 visible ASCII characters without quotes and backslash');
}

function undoCall(undo: NonNullable<Static<typeof IntentBody>['undo']>): Undo {
  return { tool: toolName(undo.tool, '/undo/tool'), arguments: canonical(undo.arguments) };
}

function toolName(text: string, pointer: string): ToolName {
  const parsed = parseToolName(text);
  if (parsed !== undefined) return parsed;
  throw invalidField(pointer, 'is no tool name: letters, digits and . _ : / @ + -');
}

/** The RFC 8785 text. The body was read by parseJsonBody: nothing in it is beyond that format. */
function canonical(args: Readonly<Record<string, unknown>>): string {
  return canonicalize(args) ?? '{}';
}
