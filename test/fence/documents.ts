// Documents that are written from tables in the code: `npm run generate` writes them, a test sees
// that they are current.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { topology as audit } from '@estop/audit/topology';
import { topology as breaker } from '@estop/breaker/topology';
import { topology as cli } from '@estop/cli/topology';
import { topology as demo } from '@estop/demo/topology';
import { topology as edge } from '@estop/edge/topology';
import { topology as gateway } from '@estop/gateway/topology';
import { topology as policy } from '@estop/policy/topology';
import type { Variable } from '@estop/runtime/environment';
import type { TopicUse, Topology } from '@estop/runtime/topology';
import { VARIABLES, type VariableName } from '@estop/runtime/variables';
import { ERROR_TABLE } from '@estop/schemas/errors';
import { TOPICS } from '@estop/schemas/topics';
import { topology as sdk } from '@estop/sdk/topology';

export const TOPOLOGIES: readonly Topology[] = [
  ...[gateway, policy, breaker, audit, edge, sdk, cli, demo],
];

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VARIABLES_MARK = ['<!-- variables: npm run generate -->', '<!-- /variables -->'] as const;

export interface Document {
  readonly path: string;
  readonly current: string;
  readonly wanted: string;
}

export function documents(): readonly Document[] {
  const readme = read('README.md');
  return [
    { path: 'services/README.md', current: read('services/README.md'), wanted: serviceMap() },
    { path: 'docs/errors.md', current: read('docs/errors.md'), wanted: errorPage() },
    { path: 'README.md', current: readme, wanted: withVariables(readme) },
  ].map((document) => ({ ...document, path: `${ROOT}${document.path}` }));
}

function read(path: string): string {
  try {
    return readFileSync(`${ROOT}${path}`, 'utf8');
  } catch {
    return '';
  }
}

function serviceMap(): string {
  return `# The services

Written by \`npm run generate\` from each \`topology.ts\`.

${table(['service', 'what it is', 'runs as', 'asks', 'serves'], TOPOLOGIES.map(serviceRow))}

## Who writes and reads which topic

${table(['topic', 'written by', 'read by'], Object.keys(TOPICS).map(topicRow))}

${TOPOLOGIES.filter((one) => one.reads.length + one.writes.length > 0)
  .map(serviceFlow)
  .join('\n\n')}
`;
}

function serviceRow({ service, summary, runs, calls, http }: Topology): readonly string[] {
  return [`[${service}](${service})`, summary, runs, calls.join(', '), http?.serves ?? ''];
}

function topicRow(topic: string): readonly string[] {
  const names = (direction: 'reads' | 'writes') =>
    TOPOLOGIES.filter((one) => one[direction].some((use) => use.topic === topic))
      .map((one) => one.service)
      .join(', ');
  return [`\`${topic}\``, names('writes'), names('reads')];
}

function serviceFlow({ service, reads, writes }: Topology): string {
  const line = (verb: string) => (use: TopicUse) => `- ${verb} \`${use.topic}\`: ${use.purpose}`;
  return [`## ${service}`, '', ...reads.map(line('reads')), ...writes.map(line('writes'))].join(
    '\n',
  );
}

function errorPage(): string {
  const rows = Object.entries(ERROR_TABLE).map(([code, { retryable, remedy }]) => [
    `\`${code}\``,
    retryable ? 'yes' : 'no',
    remedy,
  ]);
  return `# Operating errors

What can go wrong outside estop's code while it runs. The code stands in every log line and message
of such an error. While one lasts, nothing is decided that cannot be recorded: estop fails closed.
Denials are no errors; their reasons are in the HTTP interface.

Written by \`npm run generate\` from \`schemas/src/errors.ts\`.

${table(['code', 'may asking again help', 'what to do'], rows)}
`;
}

/** The README with a current table between its marks. */
function withVariables(readme: string): string {
  const [from, to] = VARIABLES_MARK;
  const start = readme.indexOf(from);
  const end = readme.indexOf(to);
  if (start < 0 || end < start) throw new Error(`README.md has no ${from} … ${to}`);
  return `${readme.slice(0, start)}${from}\n${variableTable()}\n${readme.slice(end)}`;
}

function variableTable(): string {
  const rows = Object.entries(VARIABLES).map(([name, variable]: [string, Variable<unknown>]) => [
    variable.isSecret ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``,
    variable.summary,
    variable.form,
    variable.fallback === null ? '' : `\`${String(variable.fallback)}\``,
    readersOf(name as VariableName),
  ]);
  return table(['variable', 'what for', 'value', 'default', 'read by'], rows);
}

function readersOf(name: VariableName): string {
  return TOPOLOGIES.filter((one) => one.variables.includes(name))
    .map((one) => one.service)
    .join(', ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
