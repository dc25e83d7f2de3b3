/** What a halt covers, as it is written on the command line, sent, and shown. */
import { type Fields, flagIn, textIn } from './fields.ts';

export interface ScopeOptions {
  readonly fleet?: boolean | undefined;
  readonly group?: string | undefined;
  readonly agent?: string | undefined;
  readonly tool?: string | undefined;
}

export type Scope =
  | { readonly fleet: true }
  | { readonly group: string }
  | { readonly agent: string; readonly tool?: string }
  | { readonly tool: string };

/** The scope these options name, or what is wrong with them. */
export function scopeOf(options: ScopeOptions): Scope | string {
  const { fleet, group, agent, tool } = options;
  const named = [fleet === true, group !== undefined, agent !== undefined || tool !== undefined];
  const count = named.filter((isNamed) => isNamed).length;
  if (count === 0) return 'say what: an agent, --fleet, --group, --tool, or an agent and --tool';
  if (count > 1) return '--fleet, --group, and agent or --tool exclude each other';
  if (fleet === true) return { fleet: true };
  if (group !== undefined) return { group };
  if (agent !== undefined) return tool === undefined ? { agent } : { agent, tool };
  return tool === undefined ? 'say what' : { tool };
}

/** A scope for people: `the fleet`, `group finance`, `agent a, tool t`. */
export function describeScope(scope: Fields): string {
  if (flagIn(scope, 'fleet')) return 'the fleet';
  const parts = (['group', 'agent', 'tool'] as const).flatMap((name) => {
    const value = textIn(scope, name);
    return value === null ? [] : [`${name} ${value}`];
  });
  return parts.join(', ') || 'nothing';
}

/** Whether two scopes name the same thing. */
export function isSameScope(one: Fields, other: Fields): boolean {
  return describeScope(one) === describeScope(other);
}
