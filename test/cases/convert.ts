/** From recordings to what estop takes: a fleet folder for each set, and lines for `backtest`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordedCall, RecordedSet } from './recorded.ts';

/** Recorded sessions have no date: the first starts here, each next one after it. */
const START_MS = Date.UTC(2026, 0, 5, 9, 0, 0);
const SECOND_MS = 1_000;
const CHARS_PER_TOKEN = 4;
const POLICIES = join(import.meta.dirname, 'policies');

/** A line of a backtest: an intent with its agent and time. */
export interface IntentLine {
  readonly id: string;
  readonly agent: string;
  readonly session: string;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly provenance: Readonly<Record<string, 'user' | 'tool' | 'model'>>;
  readonly cost: { readonly tokens: number };
  readonly at: number;
}

/** Each suite has its own tools, also where two suites use one name. */
export function toolNameOf(call: Pick<RecordedCall, 'suite' | 'tool'>): string {
  return `${call.suite}.${call.tool}`;
}

/** The calls of a set in order, on one clock. */
export function intentLines(set: RecordedSet): readonly IntentLine[] {
  let runStartMs = START_MS;
  let runLengthMs = 0;
  let run: string | null = null;
  return set.calls.map((call) => {
    if (call.run !== run) {
      runStartMs += runLengthMs + SECOND_MS;
      runLengthMs = 0;
      run = call.run;
    }
    const sinceStartMs = Math.round((call.t ?? call.turn) * SECOND_MS);
    runLengthMs = Math.max(runLengthMs, sinceStartMs);
    return {
      id: call.id,
      agent: call.agent,
      session: call.run,
      tool: toolNameOf(call),
      arguments: call.args,
      provenance: provenanceOf(call),
      cost: { tokens: Math.ceil(((call.ctxChars ?? 0) + (call.outChars ?? 0)) / CHARS_PER_TOKEN) },
      at: runStartMs + sinceStartMs,
    };
  });
}

/**
 * Where each argument came from. The recordings look short strings up in the user's words and in
 * tool results; what was found in neither, or was too long to look up, is the model's. A recording
 * without look-ups says only whether the user agreed: then the arguments are the user's.
 */
function provenanceOf(call: RecordedCall): IntentLine['provenance'] {
  if (call.prov === undefined) {
    if (call.userSaidYes === undefined) return {};
    const origin = call.userSaidYes ? 'user' : 'model';
    return Object.fromEntries(Object.keys(call.args).map((name) => [pointerOf(name), origin]));
  }
  return Object.fromEntries(
    Object.entries(call.prov).map(([leaf, found]) => [pointerOf(leaf), originOf(found)]),
  );
}

function originOf(found: string): 'user' | 'tool' | 'model' {
  if (found === 'prompt' || found === 'both') return 'user';
  return found === 'result' ? 'tool' : 'model';
}

/** `attachments[0].file_id` as a JSON pointer. */
function pointerOf(leaf: string): string {
  return leaf
    .split(/[.[]/)
    .map((part) => `/${part.replace(/\]$/, '').replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

/** The fleet folder of a set: its agents and tools, and the policies that all sets share. */
export function fleetFiles(set: RecordedSet): ReadonlyMap<string, string> {
  const agents = [...new Set(set.calls.map((call) => call.agent))].sort();
  const files = new Map([
    ['agents.yaml', yamlOf({ agents: Object.fromEntries(agents.map((agent) => [agent, {}])) })],
    ['tools.yaml', yamlOf({ tools: toolsOf(set) })],
    ['people.yaml', yamlOf({ people: { 'reviewer@example.com': { role: 'approver' } } })],
  ]);
  for (const file of readdirSync(POLICIES).sort()) {
    files.set(`policies/${file}`, readFileSync(join(POLICIES, file), 'utf8'));
  }
  return files;
}

function toolsOf(set: RecordedSet): Readonly<Record<string, object>> {
  const tools: Record<string, object> = {};
  for (const [suite, published] of Object.entries(set.toolsBySuite)) {
    for (const { name, effect, inputSchema } of published) {
      const schema = inputSchema === undefined ? {} : { arguments: inputSchema };
      tools[toolNameOf({ suite, tool: name })] = { tier: effect, ...schema };
    }
  }
  // Where no catalogue is published, the labels say what each tool does.
  for (const call of set.calls) {
    const effect = set.labelById.get(call.id)?.effect;
    if (effect !== undefined) tools[toolNameOf(call)] ??= { tier: effect };
  }
  return tools;
}

/** JSON is YAML; one line per entry keeps positions in problems readable. */
function yamlOf(value: object): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
