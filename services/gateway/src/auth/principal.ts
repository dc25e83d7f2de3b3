/** Who sends a request, and what a route asks of them. */
import type { FleetPerson, Role } from '@estop/policy/domain/fleet';
import { hasRole } from '@estop/policy/domain/people';
import { type AgentId, parseAgentId } from '@estop/schemas/ids';
import { invalidField, ProblemError } from '../problems.ts';

export type Principal =
  | { readonly kind: 'agent'; readonly agentId: AgentId }
  | { readonly kind: 'person'; readonly person: FleetPerson };

/** `public`: nobody is asked; `agent`: agents and operators; a role: people of at least that role. */
export type Access = 'public' | 'agent' | 'agent-or-viewer' | Role;

/** Throws ProblemError `forbidden` when the principal may not use the route at all. */
export function requireAccess(principal: Principal, access: Access): void {
  if (access === 'public') return;
  if (principal.kind === 'agent') {
    if (access === 'agent' || access === 'agent-or-viewer') return;
    throw new ProblemError('forbidden', 'this is for people, not for agents');
  }
  const least = leastRole(access);
  if (hasRole(principal.person, least)) return;
  throw new ProblemError('forbidden', `this takes the role ${least} or above`);
}

function leastRole(access: Exclude<Access, 'public'>): Role {
  if (access === 'agent') return 'operator';
  return access === 'agent-or-viewer' ? 'viewer' : access;
}

/**
 * The agent a request is about: an agent's own, or the one an operator names in the body or the
 * query. Throws ProblemError when an agent names another, or an operator none.
 */
export function actingAgent(
  principal: Principal,
  named: { readonly body?: string | undefined; readonly query?: string | undefined },
): AgentId {
  const { body, query } = named;
  if (body !== undefined && query !== undefined && body !== query) {
    throw invalidField('/agent', `is \`${body}\`, but \`?agent=\` says \`${query}\``);
  }
  const name = body ?? query;
  if (principal.kind === 'agent') {
    if (name === undefined || name === principal.agentId) return principal.agentId;
    throw new ProblemError('acting-for-another', `${principal.agentId} cannot act for another`);
  }
  if (name === undefined) throw invalidField('/agent', 'say in whose place, here or by `?agent=`');
  const agentId = parseAgentId(name);
  if (agentId !== undefined) return agentId;
  throw invalidField(body === undefined ? '?agent' : '/agent', 'is no agent id');
}

/** The person behind a request to a route for people. */
export function personBehind(principal: Principal): FleetPerson {
  if (principal.kind === 'person') return principal.person;
  throw new ProblemError('forbidden', 'this is for people, not for agents');
}

/** Whether who asks may make the agent's calls: an agent its own, and operators in its place. */
export function mayAct(principal: Principal): boolean {
  return principal.kind === 'agent' || hasRole(principal.person, 'operator');
}
