/** Halts as HTTP and the event stream show them, and scopes as they are asked for. */
import { parseAgentId, parseGroupName, parseHaltId, parseToolName } from '@estop/schemas/ids';
import type { Halt, HaltMode, HaltScope } from '@estop/schemas/messages';
import type { ConfirmationsBody } from './confirmations-body.ts';
import { together } from './killers.ts';

/** A scope in a request: exactly one of these shapes. */
export interface ScopeBody {
  readonly fleet?: true;
  readonly group?: string;
  readonly agent?: string;
  readonly tool?: string;
}

export interface HaltBody {
  readonly id: string;
  readonly scope: ScopeBody;
  readonly mode: HaltMode;
  readonly epoch: number;
  readonly by: string;
  readonly reason: string | null;
  readonly until: number | null;
  readonly lifted: boolean;
  readonly at: number;
  readonly confirmations?: ConfirmationsBody;
}

/** A word as gateways tell it each other. */
export interface PeerWord extends HaltBody {
  readonly killers: readonly string[];
}

/** The scope a request names; a text says what is wrong with it. */
export function scopeOfBody(body: ScopeBody): HaltScope | string {
  const { fleet = false, group, agent, tool } = body;
  const shapes = [fleet, group !== undefined, agent !== undefined || tool !== undefined];
  if (shapes.filter(Boolean).length !== 1) {
    return 'name one of: fleet: true, group, agent, tool, or agent and tool';
  }
  const groupName = group === undefined ? null : parseGroupName(group);
  const agentId = agent === undefined ? null : parseAgentId(agent);
  const toolName = tool === undefined ? null : parseToolName(tool);
  if (groupName === undefined) return `\`${group}\` is no group name`;
  if (agentId === undefined) return `\`${agent}\` is no agent id`;
  if (toolName === undefined) return `\`${tool}\` is no tool name`;
  return { fleet, group: groupName, agent: agentId, tool: toolName };
}

export function haltBody(halt: Halt, at: number): HaltBody {
  const { fleet, group, agent, tool } = halt.scope;
  return {
    id: halt.haltId,
    scope: {
      ...(fleet ? { fleet: true } : {}),
      ...(group === null ? {} : { group }),
      ...(agent === null ? {} : { agent }),
      ...(tool === null ? {} : { tool }),
    },
    mode: halt.mode,
    epoch: halt.epoch,
    by: halt.by,
    reason: halt.reason,
    until: halt.until,
    lifted: halt.lifted,
    at,
  };
}

export function peerWord(halt: Halt, at: number): PeerWord {
  return { ...haltBody(halt, at), killers: halt.killers };
}

/** The halt that a word tells of; undefined when it cannot be one. */
export function haltOfWord(body: PeerWord): Halt | undefined {
  const scope = scopeOfBody(body.scope);
  const haltId = parseHaltId(body.id);
  if (typeof scope === 'string' || haltId === undefined) return undefined;
  const { mode, epoch, by, reason, until, lifted } = body;
  const killers = together(body.killers, []);
  return { haltId, scope, mode, epoch, by, reason, until, lifted, killers };
}
