/**
 * Strict checking of policy files with cedar-wasm: parse, read, validate against the schema, and
 * say where in which file something is wrong. Runs in the worker; loads the wasm module.
 */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import { messageOf } from '@estop/schemas/errors';
import type { EstPolicy } from '../../domain/cedar/est.ts';
import {
  offsetOfByte,
  type PolicyText,
  positionAt,
  splitPolicies,
  withExactIntegers,
} from './policy-text.ts';

export interface PolicyFile {
  /** Relative to the fleet folder, for messages and ids. */
  readonly path: string;
  readonly text: string;
}

export interface PolicyCheckInput {
  readonly files: readonly PolicyFile[];
  /** A Cedar schema: its text, or its JSON form. */
  readonly schema: string | object;
}

export interface PolicyProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** What would be right, where Cedar knows. */
  readonly hint?: string;
}

/** A policy that passed, with the text cedar-wasm needs to evaluate it itself. */
export interface CheckedPolicy extends EstPolicy {
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

export type PolicyCheck =
  | {
      readonly ok: true;
      readonly policies: readonly CheckedPolicy[];
      readonly warnings: readonly PolicyProblem[];
    }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/** More problems than this help nobody. */
const PROBLEMS_MAX = 100;

/** The file name under which problems of the schema itself are reported. */
const SCHEMA_FILE = 'schema';

/** A policy and the place its text came from. */
interface PlacedPolicy {
  readonly policy: CheckedPolicy;
  readonly file: PolicyFile;
  readonly source: PolicyText;
}

/** Checks synchronously and without a time limit; throws only if cedar-wasm itself breaks down. */
export function checkPolicyFiles({ files, schema }: PolicyCheckInput): PolicyCheck {
  const problems: PolicyProblem[] = [];
  const placed = files.flatMap((file) => {
    try {
      return readFilePolicies(file, problems);
    } catch (error) {
      // cedar-wasm runs out of stack on absurd nesting.
      const message = `cedar cannot read this file: ${messageOf(error)}`;
      problems.push({ file: file.path, line: 1, column: 1, message });
      return [];
    }
  });
  problems.push(...duplicateIds(placed), ...schemaProblems(schema));
  if (problems.length > 0) return refusal(problems);
  const validation = validate(placed, schema);
  if (validation.problems.length > 0) return refusal(validation.problems);
  return {
    ok: true,
    policies: placed.map(({ policy }) => policy),
    warnings: validation.warnings.slice(0, PROBLEMS_MAX),
  };
}

function refusal(problems: readonly PolicyProblem[]): PolicyCheck {
  return { ok: false, problems: problems.slice(0, PROBLEMS_MAX) };
}

function readFilePolicies(file: PolicyFile, problems: PolicyProblem[]): PlacedPolicy[] {
  const whole: PolicyText = { text: file.text, offset: 0 };
  const parsed = cedar.policySetTextToParts(file.text);
  if (parsed.type === 'failure') {
    problems.push(...parsed.errors.map((error) => problemOf(error, file, whole)));
    return [];
  }
  const sources = splitPolicies(file.text);
  if (sources.length !== parsed.policies.length + parsed.policy_templates.length) {
    const message = 'the file cannot be split into its policies';
    problems.push({ file: file.path, line: 1, column: 1, message });
    return [];
  }
  return sources.flatMap((source, position) => {
    const exact = withExactIntegers(source.text);
    const answer = cedar.policyToJson(exact.text);
    if (answer.type === 'failure') {
      // Offsets are meaningless in the replaced text; the policy's own place is always right.
      problems.push(...answer.errors.map((error) => problemAtStart(error, file, source)));
      return [];
    }
    const { effect, annotations } = answer.json;
    const est = exact.restore(answer.json);
    const id = annotations?.['id'] || `${file.path.replace(/\.cedar$/, '')}#${position + 1}`;
    const { line } = positionAt(file.text, source.offset);
    const policy = { id, effect, est, text: source.text, file: file.path, line };
    return [{ policy: { ...policy, annotations: textAnnotations(annotations) }, file, source }];
  });
}

/** An annotation without a value counts as one with an empty text. */
function textAnnotations(annotations: cedar.Annotations | undefined): Record<string, string> {
  const entries: [string, string | null][] = Object.entries(annotations ?? {});
  return Object.fromEntries(entries.map(([name, text]) => [name, text ?? '']));
}

function duplicateIds(placed: readonly PlacedPolicy[]): PolicyProblem[] {
  const firstById = new Map<string, CheckedPolicy>();
  return placed.flatMap(({ policy, file, source }) => {
    const first = firstById.get(policy.id);
    if (first === undefined) {
      firstById.set(policy.id, policy);
      return [];
    }
    const message = `the policy id \`${policy.id}\` is used twice`;
    const hint = `it is first used at ${first.file}:${first.line}`;
    return [{ file: file.path, ...positionAt(file.text, source.offset), message, hint }];
  });
}

function schemaProblems(schema: string | object): PolicyProblem[] {
  const answer = cedar.checkParseSchema(schemaOf(schema));
  if (answer.type === 'success') return [];
  const text = typeof schema === 'string' ? schema : '';
  return answer.errors.map((error) =>
    problemOf(error, { path: SCHEMA_FILE, text }, { text, offset: 0 }),
  );
}

function validate(
  placed: readonly PlacedPolicy[],
  schema: string | object,
): { readonly problems: PolicyProblem[]; readonly warnings: PolicyProblem[] } {
  const staticPolicies = Object.fromEntries(placed.map(({ policy }) => [policy.id, policy.text]));
  const answer = cedar.validate({
    schema: schemaOf(schema),
    policies: { staticPolicies },
    validationSettings: { mode: 'strict' },
  });
  if (answer.type === 'failure') {
    const nowhere: PolicyFile = { path: SCHEMA_FILE, text: '' };
    const source = { text: '', offset: 0 };
    return { problems: answer.errors.map((e) => problemOf(e, nowhere, source)), warnings: [] };
  }
  const placedById = new Map(placed.map((one) => [one.policy.id, one]));
  const place = ({ policyId, error }: cedar.ValidationError): PolicyProblem => {
    const one = placedById.get(policyId);
    if (one !== undefined) return problemOf(error, one.file, one.source);
    return { file: SCHEMA_FILE, line: 1, column: 1, message: error.message };
  };
  return {
    problems: inReadingOrder(answer.validationErrors.map(place), placed),
    warnings: inReadingOrder(answer.validationWarnings.map(place), placed),
  };
}

function inReadingOrder(
  problems: PolicyProblem[],
  placed: readonly PlacedPolicy[],
): PolicyProblem[] {
  const rank = new Map<string, number>();
  for (const { file } of placed) if (!rank.has(file.path)) rank.set(file.path, rank.size);
  return problems.sort(
    (a, b) =>
      (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
}

/** The binding types JSON schemas more narrowly than it reads them: it checks what it is given. */
function schemaOf(schema: string | object): cedar.Schema {
  return typeof schema === 'string' ? schema : JSON.parse(JSON.stringify(schema));
}

function problemOf(
  error: cedar.DetailedError,
  file: PolicyFile,
  source: PolicyText,
): PolicyProblem {
  const [label] = error.sourceLocations ?? [];
  const offset = label === undefined ? 0 : offsetOfByte(source.text, label.start);
  const hint = error.help ?? label?.label ?? undefined;
  return {
    file: file.path,
    ...positionAt(file.text, source.offset + offset),
    message: error.message.replace(
      /^(?:failed to parse \S+ from string: |for policy `[^`]*`, )/,
      '',
    ),
    ...(hint === undefined ? {} : { hint }),
  };
}

function problemAtStart(
  error: cedar.DetailedError,
  file: PolicyFile,
  source: PolicyText,
): PolicyProblem {
  return problemOf({ ...error, sourceLocations: [] }, file, source);
}
