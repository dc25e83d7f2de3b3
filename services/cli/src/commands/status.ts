import type { Command } from 'commander';
import type { Act } from '../act.ts';
import type { Api } from '../api.ts';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { describeBreaker } from '../domain/breaker-line.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import {
  type Fields,
  fieldsOf,
  flagIn,
  numberIn,
  objectIn,
  objectsIn,
  textIn,
} from '../domain/fields.ts';
import { budgetRow, LIMIT_HEADERS, rateRow } from '../domain/limit-rows.ts';
import { describeScope } from '../domain/scope.ts';
import { formatTable } from '../domain/table.ts';

/** The health answer should come at once, even of a system in trouble. */
const READY_TIMEOUT_MS = 5_000;

/** `estop status`: is it up, what is halted, what waits. */
export function addStatus(program: Command, act: Act): void {
  program.command('status').description('is it up, what is halted, what waits').action(act(status));
}

async function status(context: Context): Promise<ExitCode> {
  const api = context.api();
  const ready = await readiness(api, context.io.signal);
  const [agents, halts, approvals, fleet, limits] = await Promise.all([
    api.call('GET', '/v1/agents').then((answer) => objectsIn(answer, 'agents')),
    api.call('GET', '/v1/halts').then((answer) => objectsIn(answer, 'halts')),
    api
      .call('GET', '/v1/approvals', { query: { state: 'pending' } })
      .then((answer) => objectsIn(answer, 'approvals')),
    activeFleet(api),
    api.call('GET', '/v1/limits'),
  ]);
  const active = halts.filter((halt) => !flagIn(halt, 'lifted'));
  const summary = {
    url: api.url,
    ready: ready.isReady,
    checks: ready.checks,
    fleet,
    halts: active,
    limits,
  };
  const total = (name: string) =>
    agents.reduce((sum, agent) => sum + (numberIn(agent, name) ?? 0), 0);
  const tripped = trippedOf(agents);
  const counts = { agents: agents.length, allowed: total('allowed'), denied: total('denied') };
  if (context.isJson) {
    const breakers = Object.fromEntries(tripped.map(({ id, breaker }) => [id, breaker]));
    await context.json({ ...summary, ...counts, breakers, waiting: approvals.length });
    return ready.isReady ? EXIT.ok : EXIT.negative;
  }
  const { good, bad, waiting } = context.painter;
  await context.line(`${ready.isReady ? good('ready') : bad('not ready')}  ${api.url}`);
  await context.line(`fleet    ${fleet ?? 'none is active'}`);
  await context.line(
    `agents   ${counts.agents}; ${counts.allowed} allowed, ${counts.denied} denied`,
  );
  const waits = approvals.length === 0 ? 'nothing' : waiting(String(approvals.length));
  await context.line(`waiting  ${waits}`);
  const halted = active.map((halt) => bad(describeScope(objectIn(halt, 'scope'))));
  await context.line(`halted   ${halted.join('; ') || 'nothing'}`);
  const broken = tripped.map(({ id, words }) => bad(`${id} ${words}`));
  await context.line(`breakers ${broken.join('; ') || 'all closed'}`);
  await sharedLimits(context, limits);
  return ready.isReady ? EXIT.ok : EXIT.negative;
}

/** Agents whose breaker is not closed. */
function trippedOf(agents: readonly Fields[]) {
  return agents.flatMap((agent) => {
    const breaker = objectIn(agent, 'breaker');
    const words = describeBreaker(breaker);
    return words === undefined ? [] : [{ id: textIn(agent, 'id') ?? '', breaker, words }];
  });
}

/** What agents share; nothing when they share nothing. */
async function sharedLimits(context: Context, limits: Fields): Promise<void> {
  const rows = [
    ...objectsIn(limits, 'budgets').map(budgetRow),
    ...objectsIn(limits, 'rates').map(rateRow),
  ];
  if (rows.length > 0) await context.line(`\n${formatTable(LIMIT_HEADERS, rows)}`);
}

/** The hash of the fleet in force; null in the moments before there is one. */
async function activeFleet(api: Api): Promise<string | null> {
  try {
    return textIn(await api.call('GET', '/v1/fleet'), 'hash');
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.notFound) return null;
    throw error;
  }
}

interface Readiness {
  readonly isReady: boolean;
  readonly checks: Fields;
}

async function readiness(api: Api, signal: AbortSignal): Promise<Readiness> {
  const timeout = AbortSignal.timeout(READY_TIMEOUT_MS);
  const response = await api.send('GET', '/readyz', { signal: AbortSignal.any([timeout, signal]) });
  const checks = fieldsOf(await response.json().catch(() => ({})));
  return { isReady: response.ok, checks };
}
