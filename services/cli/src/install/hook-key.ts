/** The key that the hooks of one host ask with: issued by an install, revoked by its end. */
import type { HostName } from '@estop/edge/domain/hooks/host';
import { messageOf } from '@estop/schemas/errors';
import { CliError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../domain/exit.ts';
import { textIn } from '../domain/fields.ts';
import {
  type Connection,
  forgetConnection,
  keepConnection,
  keptConnection,
} from '../hook-connection.ts';

/** A key of the agent's own; the one that an earlier install has left is good for nothing then. */
export async function issueHookKey(context: Context, host: HostName, agent: string): Promise<void> {
  const { url } = context.gateway();
  const path = `/v1/agents/${encodeURIComponent(agent)}/credentials`;
  const answer = await context.api().call('POST', path, { body: { kind: 'api-key' } });
  const key = textIn(answer, 'secret');
  const credential = textIn(answer, 'id');
  if (key === null) throw new CliError(EXIT.error, `no key was issued to ${agent}`);
  const before = keptConnection(context.io, host);
  keepConnection(context.io, host, { url, key, agent, ...(credential && { credential }) });
  context.note(`the hooks ask at ${url} as ${agent}`);
  if (before !== undefined) await revoke(context, before);
}

/** Answers false when the key lives on; how to end it is said then. */
export async function revokeHookKey(context: Context, host: HostName): Promise<boolean> {
  const kept = keptConnection(context.io, host);
  if (kept === undefined) return true;
  const isRevoked = await revoke(context, kept);
  forgetConnection(context.io, host);
  return isRevoked;
}

async function revoke(context: Context, kept: Connection): Promise<boolean> {
  const { url, agent, credential } = kept;
  if (agent === undefined || credential === undefined) {
    context.note(`the key of the hooks lives on at ${url}: nobody wrote down which one it is`);
    return false;
  }
  try {
    const here = context.gateway();
    // The operator's key is for its own gateway, not for one that a file names.
    if (originOf(here.url) !== originOf(url)) throw new Error(`this is about ${here.url}`);
    const path = `/v1/agents/${encodeURIComponent(agent)}/credentials/${credential}`;
    await context.api().call('DELETE', path);
    context.note(`the key of the hooks (${credential}) is revoked at ${url}`);
    return true;
  } catch (error) {
    context.note(`the key of the hooks was not revoked, and lives on: ${messageOf(error)}`);
    context.note(
      `  revoke it with \`ESTOP_URL=${url} estop agents revoke ${agent} ${credential}\``,
    );
    return false;
  }
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
