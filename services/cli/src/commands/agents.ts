import type { Command } from 'commander';
import type { Act } from '../act.ts';
import { requireReason } from '../ask.ts';
import type { Context } from '../context.ts';
import { formatTime } from '../domain/amounts.ts';
import { describeBreaker } from '../domain/breaker-line.ts';
import { EXIT, type ExitCode } from '../domain/exit.ts';
import {
  type Fields,
  flagIn,
  numberIn,
  objectIn,
  objectsIn,
  textIn,
  textsIn,
} from '../domain/fields.ts';
import { budgetRow, LIMIT_HEADERS, rateRow } from '../domain/limit-rows.ts';
import { paintDecision } from '../domain/paint.ts';
import { formatTable } from '../domain/table.ts';

/** `estop agents`: who they are, what they did, what is left to them; suspend, resume, keys. */
export function addAgents(program: Command, act: Act): void {
  const agents = program.command('agents').description('list agents; show, suspend, resume one');
  agents
    .command('list', { isDefault: true })
    .argument('[agent]', 'only this one, in detail')
    .description('all agents, or one in detail')
    .action(act((context, id?: string) => (id === undefined ? list(context) : show(context, id))));
  for (const verb of ['suspend', 'resume'] as const) {
    agents
      .command(`${verb} <agent>`)
      .description(verb === 'suspend' ? 'deny everything it asks' : 'end a suspension')
      .option('--reason <text>', 'why')
      .action(
        act((context, id: string, options: ReasonOption) => order(context, { verb, id, options })),
      );
  }
  agents.command('key <agent>').description('issue an API key; printed once').action(act(issueKey));
  agents
    .command('revoke <agent> <credential>')
    .description('end a key: from now on it proves nothing')
    .action(act(revokeKey));
}

interface ReasonOption {
  readonly reason?: string;
}

async function list(context: Context): Promise<ExitCode> {
  const agents = objectsIn(await context.api().call('GET', '/v1/agents'), 'agents');
  if (context.isJson) {
    for (const agent of agents) await context.json(agent);
    return EXIT.ok;
  }
  const rows = agents.map((agent) => [
    nameOf(agent),
    stateOf(agent, context),
    String(numberIn(agent, 'allowed') ?? 0),
    String(numberIn(agent, 'denied') ?? 0),
    String(objectsIn(agent, 'pending').length),
    textsIn(agent, 'groups').join(','),
    textIn(agent, 'owner') ?? '',
  ]);
  const headers = ['AGENT', 'STATE', 'ALLOWED', 'DENIED', 'WAITING', 'GROUPS', 'OWNER'];
  await context.line(formatTable(headers, rows));
  return EXIT.ok;
}

async function show(context: Context, id: string): Promise<ExitCode> {
  const agent = await context.api().call('GET', `/v1/agents/${encodeURIComponent(id)}`);
  if (context.isJson) {
    await context.json(agent);
    return EXIT.ok;
  }
  const { strong } = context.painter;
  await context.line(`${strong(nameOf(agent))}  ${stateOf(agent, context)}`);
  const breaker = describeBreaker(objectIn(agent, 'breaker'));
  if (breaker !== undefined) await context.line(`breaker ${breaker}`);
  const limits = [
    ...objectsIn(agent, 'budgets').map(budgetRow),
    ...objectsIn(agent, 'rates').map(rateRow),
  ];
  if (limits.length > 0) {
    await context.line(`\n${formatTable(LIMIT_HEADERS, limits)}`);
  }
  const actions = objectsIn(agent, 'lastActions').map((action) => [
    formatTime(numberIn(action, 'at')),
    paintDecision(context.painter, textIn(action, 'decision') ?? ''),
    textIn(action, 'tool') ?? '',
    textIn(action, 'reason') ?? '',
    textIn(action, 'intentId') ?? '',
  ]);
  if (actions.length > 0) {
    await context.line(`\n${formatTable(['AT', 'DECISION', 'TOOL', 'REASON', 'INTENT'], actions)}`);
  }
  return EXIT.ok;
}

function nameOf(agent: Fields): string {
  return textIn(agent, 'id') ?? textIn(agent, 'subject') ?? '';
}

function stateOf(agent: Fields, { painter }: Context): string {
  if (objectsIn(agent, 'halts').length > 0) return painter.bad('halted');
  if (flagIn(agent, 'suspended')) return painter.bad('suspended');
  const mode = textIn(objectIn(agent, 'breaker'), 'mode') ?? 'closed';
  return mode === 'closed' ? painter.good('active') : painter.bad(`breaker ${mode}`);
}

interface Order {
  readonly verb: 'suspend' | 'resume';
  readonly id: string;
  readonly options: ReasonOption;
}

/** Stopping takes no reason; going on does. */
async function order(context: Context, { verb, id, options }: Order): Promise<ExitCode> {
  const reason =
    verb === 'resume' ? await requireReason(context.io, options.reason) : options.reason;
  const path = `/v1/agents/${encodeURIComponent(id)}/${verb}`;
  const answer = await context.api().call('POST', path, { body: { reason } });
  if (context.isJson) await context.json(answer);
  else await context.line(`${verb === 'suspend' ? 'suspended' : 'resumed'} ${id}`);
  return EXIT.ok;
}

async function issueKey(context: Context, id: string): Promise<ExitCode> {
  const path = `/v1/agents/${encodeURIComponent(id)}/credentials`;
  const answer = await context.api().call('POST', path, { body: { kind: 'api-key' } });
  if (context.isJson) await context.json(answer);
  else {
    await context.line(textIn(answer, 'secret') ?? '');
    context.note(`credential ${textIn(answer, 'id')}; this key is not shown again`);
  }
  return EXIT.ok;
}

async function revokeKey(context: Context, id: string, credential: string): Promise<ExitCode> {
  const path = `/v1/agents/${encodeURIComponent(id)}/credentials/${encodeURIComponent(credential)}`;
  await context.api().call('DELETE', path);
  if (context.isJson) await context.json({ agent: id, credential, revoked: true });
  else await context.line(`revoked ${credential} of ${id}`);
  return EXIT.ok;
}
