/**
 * One conversation or run of an agent: what the user said and what tools returned, so that each
 * argument of a call can be labelled with where it came from. The texts never leave the process.
 */
import type { Asker, Proposal, ProposeOptions } from './client.ts';
import type { Decision } from './domain/decision.ts';
import type { JsonRecord } from './domain/json.ts';
import { labelArguments, NOTHING_SEEN, type Provenance, type Seen } from './domain/provenance.ts';
import { remember, textOf } from './domain/text-memory.ts';
import type { Door } from './door.ts';
import { type AsyncVersion, type GuardOptions, guardTool } from './guard.ts';

export interface Session {
  readonly id: string;
  /** Notes what the user, or whoever the agent works for, wrote. */
  sawUser(text: string): void;
  /** Notes what a tool returned: a text, or any value made of texts and numbers. */
  sawTool(result: unknown): void;
  /** Where each argument came from, judged by what the session has seen so far. */
  label(args: JsonRecord): Provenance;
  /** Like Client.propose, within this session and with its labels. */
  propose(proposal: Proposal, options?: ProposeOptions): Promise<Decision>;
  /** Like Client.guard, within this session. */
  guard<Args extends readonly unknown[], Result>(
    tool: string,
    run: (...args: Args) => Result,
    options?: GuardOptions<Args, Awaited<Result>>,
  ): AsyncVersion<Args, Result>;
}

export interface SessionOptions {
  /** Default: a new random id. */
  readonly id?: string | undefined;
  /** The task the agent works on; sent with each proposal that names none. */
  readonly task?: string | undefined;
}

export function createSession(asker: Asker, door: Door, options: SessionOptions = {}): Session {
  const id = options.id ?? crypto.randomUUID();
  let seen: Seen = NOTHING_SEEN;

  function state(proposal: Proposal): Proposal {
    const provenance = proposal.provenance ?? labelArguments(proposal.arguments, seen);
    return { ...proposal, session: id, task: proposal.task ?? options.task, provenance };
  }

  function sawTool(result: unknown): void {
    seen = { ...seen, tool: remember(seen.tool, textOf(result)) };
  }

  return {
    id,
    sawUser(text) {
      seen = { ...seen, user: remember(seen.user, text) };
    },
    sawTool,
    label: (args) => labelArguments(args, seen),
    propose: (proposal, proposeOptions) => asker.propose(state(proposal), proposeOptions),
    guard: (tool, run, guardOptions) => {
      return guardTool({ door, session: { state, sawTool }, tool, run }, guardOptions);
    },
  };
}
