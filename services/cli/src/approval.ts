/** Approvals as the commands show and answer them. */
import type { Api } from './api.ts';
import { ask } from './ask.ts';
import { CliError } from './cli-error.ts';
import type { Context } from './context.ts';
import { formatTime } from './domain/amounts.ts';
import { EXIT, type ExitCode } from './domain/exit.ts';
import { type Fields, numberIn, objectsIn, textIn, textsIn } from './domain/fields.ts';
import { plain } from './domain/paint.ts';

/** A digest may be shortened to this many characters: `sha256:` and 12 hex digits. */
const DIGEST_PREFIX_CHARS_MIN = 19;

export interface Approval {
  readonly id: string;
  readonly agent: string;
  readonly tool: string;
  readonly digest: string;
  readonly arguments: string;
  readonly message: string;
  readonly why: string;
  readonly untrusted: readonly string[];
  readonly expiresAt: number | null;
}

export async function pendingApprovals(api: Api, state: string): Promise<readonly Fields[]> {
  const answer = await api.call('GET', '/v1/approvals', { query: { state } });
  return objectsIn(answer, 'approvals');
}

export function readApproval(fields: Fields): Approval {
  const args = fields['arguments'];
  return {
    id: textIn(fields, 'id') ?? '',
    agent: textIn(fields, 'agentId') ?? textIn(fields, 'agent') ?? '',
    tool: textIn(fields, 'tool') ?? '',
    digest: textIn(fields, 'digest') ?? '',
    arguments: typeof args === 'string' ? args : JSON.stringify(args ?? {}),
    message: textIn(fields, 'message') ?? '',
    why: textIn(fields, 'intentReason') ?? '',
    untrusted: textsIn(fields, 'untrusted'),
    expiresAt: numberIn(fields, 'expiresAt'),
  };
}

export interface AnswerOptions {
  readonly digest?: string;
  readonly reason?: string;
}

/**
 * Votes on an approval. The digest says for which content: given, or confirmed by a person who was
 * shown it. A request that changed in between is refused by the gateway (exit 6).
 */
export async function answerApproval(
  context: Context,
  id: string,
  vote: AnswerOptions & { readonly decision: 'approve' | 'reject' },
): Promise<ExitCode> {
  const api = context.api();
  const digest = await digestToSend(context, id, vote);
  const path = `/v1/approvals/${encodeURIComponent(id)}`;
  const { decision, reason } = vote;
  const answer = await api.call('POST', path, { body: { decision, digest, reason } });
  if (context.isJson) await context.json(answer);
  else {
    const { good, bad } = context.painter;
    await context.line(`${decision === 'approve' ? good('approved') : bad('rejected')} ${id}`);
  }
  return EXIT.ok;
}

async function digestToSend(
  context: Context,
  id: string,
  vote: AnswerOptions & { readonly decision: string },
): Promise<string> {
  if (vote.digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(vote.digest)) return vote.digest;
  const found = (await pendingApprovals(context.api(), 'pending')).find(
    (one) => textIn(one, 'id') === id,
  );
  if (found === undefined) throw new CliError(EXIT.notFound, `no approval ${id} is pending`);
  const approval = readApproval(found);
  if (vote.digest !== undefined) {
    if (vote.digest.length < DIGEST_PREFIX_CHARS_MIN) {
      throw new CliError(EXIT.usage, 'the digest is too short: sha256: and at least 12 digits');
    }
    if (approval.digest.startsWith(vote.digest)) return approval.digest;
    throw new CliError(EXIT.conflict, `the request is another one now: ${approval.digest}`);
  }
  if (vote.decision === 'reject') return approval.digest;
  show(context, approval);
  const word = await ask(context.io, `type yes to ${vote.decision} exactly this: `);
  if (word === 'yes') return approval.digest;
  if (word === undefined) {
    throw new CliError(EXIT.usage, 'say for which content', `add --digest ${approval.digest}`);
  }
  throw new CliError(EXIT.error, 'nothing was done');
}

function show(context: Context, approval: Approval): void {
  context.note(`${approval.agent} wants to call ${approval.tool}`);
  if (approval.why !== '') context.note(`  why: ${plain(approval.why)}`);
  context.note(`  arguments: ${plain(approval.arguments)}`);
  if (approval.untrusted.length > 0) {
    context.note(`  from tool output only: ${approval.untrusted.map(plain).join(', ')}`);
  }
  context.note(`  until ${formatTime(approval.expiresAt)}, digest ${approval.digest}`);
}
