/**
 * What a rule's annotations say about the approval it asks for: `@approvers("a, b")`,
 * `@quorum("2")`, `@expires("15m")`, `@reason("…")`, `@severity("…")`. Others are the author's own.
 */
import { NAME_PATTERN } from '@estop/schemas/ids';
import type { RuleAnnotations } from '../fleet.ts';
import { parseDuration } from './durations.ts';
import { didYouMean } from './suggestion.ts';

const APPROVER_GROUPS_MAX = 16;
const QUORUM_MAX = 16;
const EXPIRES_MAX_MS = 7 * 86_400_000;
const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
const KNOWN = ['approvers', 'quorum', 'expires', 'reason', 'severity', 'id'];

export interface AnnotationProblem {
  readonly annotation: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export const NO_ANNOTATIONS: RuleAnnotations = {
  approvers: [],
  quorum: null,
  expiresMs: null,
  reason: null,
  severity: null,
};

export interface ParsedAnnotations {
  readonly annotations: RuleAnnotations;
  readonly problems: readonly AnnotationProblem[];
  /** Names close to one of ours: probably meant to be it. */
  readonly warnings: readonly AnnotationProblem[];
}

export function parseAnnotations(texts: Readonly<Record<string, string>>): ParsedAnnotations {
  const problems: AnnotationProblem[] = [];
  const read = <T>(name: string, parse: (text: string) => T | undefined, right: string) => {
    const text = Object.hasOwn(texts, name) ? texts[name] : undefined;
    if (text === undefined) return null;
    const value = parse(text);
    if (value !== undefined) return value;
    const message = `@${name}("${text.slice(0, 60)}") is not ${right}`;
    problems.push({ annotation: name, message });
    return null;
  };
  const groups = `a list of groups of people, as in @approvers("finance-leads, treasury")`;
  const annotations: RuleAnnotations = {
    approvers: read('approvers', parseApprovers, groups) ?? [],
    quorum: read('quorum', parseQuorum, `a number of people from 1 to ${QUORUM_MAX}`),
    expiresMs: read('expires', parseExpiry, `a time from 1s to 7d, as in @expires("15m")`),
    reason: read('reason', (text) => text, 'a text'),
    severity: read('severity', parseSeverity, `one of ${SEVERITIES.join(', ')}`),
  };
  return { annotations, problems, warnings: misspelt(Object.keys(texts)) };
}

function parseApprovers(text: string): readonly string[] | undefined {
  const groups = text.split(',').map((group) => group.trim());
  const fits = groups.length <= APPROVER_GROUPS_MAX && groups.every((g) => NAME_PATTERN.test(g));
  return fits ? [...new Set(groups)] : undefined;
}

function parseQuorum(text: string): number | undefined {
  const quorum = /^[1-9]\d?$/.test(text) ? Number(text) : 0;
  return quorum >= 1 && quorum <= QUORUM_MAX ? quorum : undefined;
}

function parseExpiry(text: string): number | undefined {
  const expiresMs = parseDuration(text);
  return expiresMs !== undefined && expiresMs <= EXPIRES_MAX_MS ? expiresMs : undefined;
}

function parseSeverity(text: string): string | undefined {
  return SEVERITIES.find((severity) => severity === text);
}

function misspelt(names: readonly string[]): AnnotationProblem[] {
  return names.flatMap((annotation) => {
    const hint = KNOWN.includes(annotation) ? undefined : didYouMean(annotation, KNOWN);
    const message = `@${annotation} means nothing here`;
    return hint === undefined ? [] : [{ annotation, message, hint }];
  });
}
