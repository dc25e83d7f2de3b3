/** What a run is: in each round halts, and a fault at each edge. The same seed gives the same plan. */
import type { HaltMode } from '@estop/schemas/messages';
import { Random } from '../random.ts';

export const EDGES = 30;
/** Two groups, so that a halt of one leaves the other at work. */
const GROUPS = ['north', 'south'] as const;
export const DESTRUCTIVE_TOOL = 'db.drop';
export const TOOLS = [DESTRUCTIVE_TOOL, 'crm.update'] as const;
/** How long a permit is good after it was given, ms. */
export const PERMIT_MS: Readonly<Record<string, number>> = {
  'db.drop': 5_000,
  'crm.update': 30_000,
};

export const EDGE_FAULTS = [
  'none',
  'frozen',
  'deaf',
  'mute',
  'cut off',
  'slow network',
  'clock jump',
] as const;
export type EdgeFaultKind = (typeof EDGE_FAULTS)[number];

/** What happens to the control plane as a whole, at the moment of the halt. */
export type PlaneFault = 'none' | 'kill -9' | 'clock jump';
const PLANE_FAULTS: readonly PlaneFault[] = ['none', 'kill -9', 'none'];

const SCOPES = ['fleet', 'agent', 'group', 'tool'] as const;
const MODES = ['pause', 'kill', 'drain'] as const;

export type ScopeBody = Readonly<
  { fleet: true } | { agent: string } | { group: string } | { tool: string }
>;

export interface PlannedHalt {
  readonly scope: ScopeBody;
  readonly mode: HaltMode;
}

export interface PlannedFault {
  readonly edge: string;
  readonly kind: EdgeFaultKind;
  /** From the halts on, ms: it may begin before them. */
  readonly afterMs: number;
  readonly holdMs: number;
  /** What else is to draw: a latency, a direction. */
  readonly draw: number;
}

export interface Round {
  readonly halts: readonly PlannedHalt[];
  readonly plane: PlaneFault;
  /** Between asking for the halts and the kill of the control plane, ms. */
  readonly killAfterMs: number;
  readonly faults: readonly PlannedFault[];
}

export function edgeNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `edge-${index}`);
}

export function groupOf(edge: string): string {
  return GROUPS[Number(edge.slice('edge-'.length)) % GROUPS.length] ?? GROUPS[0];
}

/** `runs` runs or a few more, one for each edge and round. */
export function planRounds(options: {
  readonly runs: number;
  readonly seed: number;
  readonly edges: readonly string[];
}): readonly Round[] {
  const random = new Random(options.seed);
  const { edges } = options;
  const count = Math.ceil(options.runs / edges.length);
  const scopes = dealt(random, SCOPES, count);
  const modes = dealt(random, MODES, count);
  return Array.from({ length: count }, (_, index): Round => {
    const kinds = dealt(random, EDGE_FAULTS, edges.length);
    return {
      halts: haltsOn(scopes[index] ?? 'fleet', modes[index] ?? 'kill', { random, edges }),
      plane: planeFault(index, count),
      killAfterMs: random.whole(0, 15),
      faults: edges.map((edge, at) => faultAt(edge, kinds[at] ?? 'none', random)),
    };
  });
}

/** Wrong clocks last: where one was ahead, stamps of the log tell no order any more. */
function planeFault(index: number, count: number): PlaneFault {
  if (index >= Math.floor(count * 0.75)) return 'clock jump';
  return PLANE_FAULTS[index % PLANE_FAULTS.length] ?? 'none';
}

function faultAt(edge: string, kind: EdgeFaultKind, random: Random): PlannedFault {
  const times = { afterMs: random.whole(-800, 200), holdMs: random.whole(500, 6_000) };
  return { edge, kind, ...times, draw: random.next() };
}

function haltsOn(
  scope: (typeof SCOPES)[number],
  mode: HaltMode,
  { random, edges }: { readonly random: Random; readonly edges: readonly string[] },
): readonly PlannedHalt[] {
  if (scope === 'fleet') return [{ scope: { fleet: true }, mode }];
  if (scope === 'tool') return [{ scope: { tool: random.pick(TOOLS) }, mode }];
  if (scope === 'group')
    return GROUPS.map((group) => ({ scope: { group }, mode: random.pick(MODES) }));
  return edges.map((agent) => ({ scope: { agent }, mode: random.pick(MODES) }));
}

/** Every item as often as any other, give or take one, in a random order. */
function dealt<Item>(random: Random, items: readonly Item[], count: number): readonly Item[] {
  const all: Item[] = [];
  while (all.length < count) all.push(...random.shuffled(items));
  return all.slice(0, count);
}

export function fleetOf(edges: readonly string[]): Readonly<Record<string, string>> {
  return {
    'agents.yaml': `agents:\n${edges.map((edge) => `  ${edge}: { groups: [${groupOf(edge)}] }\n`).join('')}`,
    'tools.yaml': 'tools:\n  db.drop: { tier: destructive }\n  crm.update: { tier: write }\n',
    'people.yaml': 'people:\n  dana@example.com: { role: admin }\n',
    'policies/fleet.cedar': `
@id("all") permit (principal, action, resource);
`,
  };
}
