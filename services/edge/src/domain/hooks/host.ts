/**
 * What a coding agent (a host) says to a command that it runs around each tool call, and what the
 * command answers. Hosts differ in names and in how they fail; each has a file here that says how.
 */
import type { Call, JsonRecord } from '../call.ts';

export const HOST_NAMES = ['claude', 'codex', 'gemini', 'cursor', 'copilot', 'vscode'] as const;
export type HostName = (typeof HOST_NAMES)[number];

/** A tool is about to be called. */
export interface BeforeCall {
  readonly kind: 'before';
  readonly call: Call;
  /** The same for both events of one call; of calls that the host does not number, the last counts. */
  readonly key: string;
  /** Where the host tells one call by two events: which of the two this is, and what they share. */
  readonly twin: { readonly role: 'first' | 'second'; readonly key: string } | null;
}

/** A tool call is over. */
export interface AfterCall {
  readonly kind: 'after';
  readonly key: string;
  readonly status: 'ok' | 'error' | 'cancelled';
  /** As the host measured it; null where it does not say. */
  readonly durationMs: number | null;
  /** What the tool gave back; undefined when nothing is said of it. */
  readonly result: unknown;
  readonly error: string | null;
}

export type HookEvent = BeforeCall | AfterCall;

/** An event that was understood in full, or what is wrong with it. */
export type Reading =
  | { readonly ok: true; readonly event: HookEvent }
  | { readonly ok: false; readonly problem: string };

/** Whether the tool may be called; `message` is for the model and for people. */
export type Verdict =
  | { readonly decision: 'allow' }
  | { readonly decision: 'deny'; readonly message: string };

export interface Host {
  readonly name: HostName;
  /** The version, or the state of the documents, that the contract was read from. */
  readonly observed: string;
  read(input: JsonRecord): Reading;
  /** What goes to stdout, with exit code 0. */
  answer(verdict: Verdict, input: JsonRecord): JsonRecord;
}

/** What a command answers: its output and its exit code, and nothing else. */
export interface Reply {
  readonly stdout: string;
  readonly stderr: string;
  /** 2 blocks the call in every host. Never 1: most of them go on then. */
  readonly exitCode: 0 | 2;
}

/** The reply to any failure of our own. */
export function blocked(why: string): Reply {
  return { stdout: '', stderr: `estop: ${why}\n`, exitCode: 2 };
}

export function unreadable(problem: string): Reading {
  return { ok: false, problem };
}
