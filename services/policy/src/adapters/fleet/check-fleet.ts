/**
 * `checkFleet`: from the files of a fleet to checked plain data, or to a list of everything that
 * is wrong with them. Errors never activate anything.
 */
import { type BreakersFile, NO_BREAKERS } from '@estop/breaker/domain/config/parse-breakers';
import { compilePolicies } from '../../domain/cedar/policy-set.ts';
import { cedarSchemaOf } from '../../domain/fleet/cedar-schema.ts';
import type { CheckedFleet, CheckedPolicy, CheckedTool } from '../../domain/fleet/checked-fleet.ts';
import { parseAnnotations } from '../../domain/fleet/rule-annotations.ts';
import { toolsToValidate } from '../../domain/fleet/schema-tools.ts';
import { didYouMean } from '../../domain/fleet/suggestion.ts';
import type { FleetPerson } from '../../domain/fleet.ts';
import { checkPolicies } from '../cedar/check-policies.ts';
import type {
  CheckedPolicy as CedarPolicy,
  PolicyCheck,
  PolicyCheckInput,
  PolicyProblem,
} from '../cedar/policy-check.ts';
import { type AgentsFile, NO_AGENTS, readAgents } from './agents-file.ts';
import { readBreakers } from './breakers-file.ts';
import { bundleHash } from './bundle-hash.ts';
import {
  FILES_MAX,
  FLEET_BYTES_MAX,
  fleetFileNames,
  isFleetPath,
  isForPeople,
  isPolicyPath,
} from './fleet-paths.ts';
import { readLimits } from './limits-file.ts';
import { readPeople } from './people-file.ts';
import { futileQuestions, policyHint } from './policy-hints.ts';
import { FILE_START, type FleetProblem, Report } from './report.ts';
import { readTools } from './tools-file.ts';
import { readYaml, type YamlNode } from './yaml-tree.ts';

/** All of a fleet: what decides, and how agents are watched. */
export interface CheckedBundle extends CheckedFleet {
  readonly breakers: BreakersFile;
}

export type FleetCheck =
  | {
      readonly ok: true;
      readonly bundle: CheckedBundle;
      readonly warnings: readonly FleetProblem[];
    }
  | { readonly ok: false; readonly problems: readonly FleetProblem[] };

type Files = ReadonlyMap<string, string>;

/** Strict validation of policies: in a worker of its own, or in place (`checkPolicyFiles`). */
export type PolicyChecker = (input: PolicyCheckInput) => PolicyCheck | Promise<PolicyCheck>;

/**
 * Checks the files of a fleet, by path relative to its folder. Never throws for their content.
 * A catalogue of thousands of tools takes seconds, in many turns of the event loop; reading its YAML
 * alone is one turn, of about 0.15 ms a tool.
 */
export async function checkFleet(
  files: Files,
  checker: PolicyChecker = checkPolicies,
): Promise<FleetCheck> {
  const report = new Report();
  if (!isWithinBounds(files, report)) return { ok: false, problems: report.problems };
  warnOfUnknownFiles(files, report);
  const parts = await readParts(files, report);
  // With a broken catalogue every rule would look wrong: first things first.
  if (!report.ok) return { ok: false, problems: report.problems };
  const policies = await readPolicies(files, parts, { report, checker });
  if (!report.ok) return { ok: false, problems: report.problems };
  const { people, tools, budgets, rates, breakers } = parts;
  const { agents } = parts.agents;
  const hash = bundleHash(files);
  const bundle = { hash, agents, people, tools, budgets, rates, breakers, policies };
  return { ok: true, bundle, warnings: report.warnings };
}

function isWithinBounds(files: Files, report: Report): boolean {
  let bytes = 0;
  for (const text of files.values()) bytes += Buffer.byteLength(text);
  if (bytes <= FLEET_BYTES_MAX && files.size <= FILES_MAX) return true;
  const message = `the fleet has ${files.size} files and ${bytes} bytes`;
  report.in('.').problem(FILE_START, message, `at most ${FILES_MAX} and ${FLEET_BYTES_MAX}`);
  return false;
}

function warnOfUnknownFiles(files: Files, report: Report): void {
  for (const path of files.keys()) {
    if (isFleetPath(path) || isForPeople(path)) continue;
    const message = 'this is no part of a fleet and is ignored';
    report.in(path.slice(0, 300)).warning(FILE_START, message, didYouMean(path, fleetFileNames()));
  }
}

interface Parts {
  readonly agents: AgentsFile;
  readonly people: readonly FleetPerson[];
  readonly tools: readonly CheckedTool[];
  readonly budgets: CheckedFleet['budgets'];
  readonly rates: CheckedFleet['rates'];
  readonly breakers: BreakersFile;
}

async function readParts(files: Files, report: Report): Promise<Parts> {
  const read = <T>(file: string, reader: (root: YamlNode) => T): T | undefined => {
    const text = files.get(file);
    const root = text === undefined ? undefined : readYaml(text, report.in(file));
    return root === undefined ? undefined : reader(root);
  };
  warnOfMissing(files, report);
  const agents = read('agents.yaml', (root) => readAgents(root, report.in('agents.yaml')));
  const catalogue = await read('tools.yaml', (root) => readTools(root, report.in('tools.yaml')));
  const tools = catalogue?.tools ?? [];
  const people = read('people.yaml', (root) => readPeople(root, report.in('people.yaml')));
  const known = {
    agents: agents?.names ?? new Set<string>(),
    groups: new Set<string>(agents?.agents.flatMap(({ groups }) => groups)),
    tools: catalogue?.names,
  };
  const limits = read('limits.yaml', (root) => readLimits(root, known, report.in('limits.yaml')));
  const breakers = read('breakers.yaml', (root) => {
    return readBreakers(root, known, report.in('breakers.yaml'));
  });
  if (people !== undefined && agents !== undefined) warnOfUnknownOwners(agents, people, report);
  return {
    agents: agents ?? NO_AGENTS,
    people: people ?? [],
    tools,
    budgets: limits?.budgets ?? [],
    rates: limits?.rates ?? [],
    breakers: breakers ?? NO_BREAKERS,
  };
}

function warnOfMissing(files: Files, report: Report): void {
  if (!files.has('agents.yaml')) {
    report.in('agents.yaml').warning(FILE_START, 'there is no agents.yaml: no agent is known');
  }
  if (!files.has('tools.yaml')) {
    const message = 'there is no tools.yaml: every tool is unknown, and so destructive';
    report.in('tools.yaml').warning(FILE_START, message);
  }
}

function warnOfUnknownOwners(
  { ownerPlaces }: AgentsFile,
  people: readonly FleetPerson[],
  report: Report,
): void {
  const ids = new Set<string>(people.map(({ id }) => id));
  for (const [owner, place] of ownerPlaces) {
    if (ids.has(owner)) continue;
    const message = `the owner ${owner} is not in people.yaml`;
    report.in('agents.yaml').warning(place, message, didYouMean(owner, ids));
  }
}

async function readPolicies(
  files: Files,
  parts: Parts,
  { report, checker }: { readonly report: Report; readonly checker: PolicyChecker },
): Promise<readonly CheckedPolicy[]> {
  const policyFiles = [...files]
    .filter(([path]) => isPolicyPath(path))
    .map(([path, text]) => ({ path, text }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  if (policyFiles.length === 0) {
    const message = 'there are no policies: everything is denied';
    report.in('policies').warning(FILE_START, message);
    return [];
  }
  const texts = policyFiles.map(({ text }) => text);
  const schema = cedarSchemaOf(toolsToValidate(parts.tools, texts), parts.agents.attributes);
  const answer = await checker({ files: policyFiles, schema });
  if (!answer.ok) {
    for (const problem of answer.problems) addPolicyProblem(problem, parts, report);
    return [];
  }
  for (const { file, line, column, message, hint } of answer.warnings) {
    report.in(file).warning({ line, column }, message, hint);
  }
  const attributes = parts.agents.attributes.map(({ name }) => name);
  for (const { est, file, line } of answer.policies) {
    for (const { message, hint } of futileQuestions(est, parts.tools, attributes)) {
      report.in(file).warning({ line, column: 1 }, message, hint);
    }
  }
  warnOfSlowRules(answer.policies, report);
  return answer.policies.map((policy) => readAnnotations(policy, parts, report));
}

function warnOfSlowRules(policies: readonly CedarPolicy[], report: Report): void {
  const slow = new Set(compilePolicies(policies, { actionGroups: new Map() }).fallback);
  for (const { id, file, line } of policies) {
    if (!slow.has(id)) continue;
    const message = `the rule ${id} cannot be compiled: calls it can reach are decided slowly`;
    const hint = 'a few thousand a second instead of hundreds of thousands';
    report.in(file).warning({ line, column: 1 }, message, hint);
  }
}

function addPolicyProblem(problem: PolicyProblem, parts: Parts, report: Report): void {
  const { file, line, column, message } = problem;
  report.in(file).problem({ line, column }, message, policyHint(problem, parts.tools));
}

function readAnnotations(policy: CedarPolicy, { people }: Parts, report: Report): CheckedPolicy {
  const { file, line } = policy;
  const parsed = parseAnnotations(policy.annotations);
  const at = { line, column: 1 };
  for (const { message, hint } of parsed.problems) report.in(file).problem(at, message, hint);
  for (const { message, hint } of parsed.warnings) report.in(file).warning(at, message, hint);
  const groups = new Set<string>(people.flatMap((person) => person.groups));
  for (const group of parsed.annotations.approvers) {
    if (groups.has(group)) continue;
    const message = `nobody in people.yaml is in the group "${group}"`;
    report.in(file).warning(at, message, didYouMean(group, groups));
  }
  const able = people.filter((person) => mayApprove(person, parsed.annotations.approvers)).length;
  const { quorum } = parsed.annotations;
  if (quorum !== null && quorum > able && people.length > 0) {
    const message = `the rule asks for ${quorum} people, but only ${able} could approve`;
    report.in(file).warning(at, message);
  }
  return { ...policy, parsedAnnotations: parsed.annotations };
}

function mayApprove({ role, groups }: FleetPerson, approvers: readonly string[]): boolean {
  const isMember = approvers.length === 0 || groups.some((group) => approvers.includes(group));
  return role !== 'viewer' && isMember;
}
