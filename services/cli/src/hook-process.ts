/**
 * `estop hook --host HOST`, from stdin to exit code. Whatever goes wrong ends with 2 and a reason on
 * stderr, before the host's own timeout: some hosts let the call run when that is over.
 */
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { blocked, HOST_NAMES, type Reply } from '@estop/edge/domain/hooks/host';
import { hostNamed } from '@estop/edge/domain/hooks/hosts';
import { hookPointName } from '@estop/edge/domain/hooks/point-name';
import { runHook } from '@estop/edge/hook';
import { folderMemory } from '@estop/edge/hook-memory';
import { hookPermitFlaw } from '@estop/edge/hook-permit';
import { sha256Text } from '@estop/schemas/digest';
import { messageOf } from '@estop/schemas/errors';
import { createAsker } from '@estop/sdk/client';
import { createTransport } from '@estop/sdk/transport';
import { readConnection } from './hook-connection.ts';
import { memoryFolder } from './hook-folder.ts';
import { httpFetch } from './http-fetch.ts';
import { type Io, processIo } from './io.ts';

/** For all of it. The hosts are told to wait longer (domain/host-settings.ts). */
const HOOK_MS_MAX = 10_000;
/** For all attempts of one question. */
const QUESTION_MS_MAX = 4_000;

/** Answers one event and ends the process. */
export async function runHookProcess(args: readonly string[]): Promise<void> {
  const watchdog = setTimeout(() => {
    void end(blocked(`no answer within ${HOOK_MS_MAX} ms`));
  }, HOOK_MS_MAX);
  const failed = (error: unknown) => void end(blocked(messageOf(error)));
  process.on('uncaughtException', failed);
  process.on('unhandledRejection', failed);
  await end(await answerOnce(args, processIo(new AbortController().signal)));
  clearTimeout(watchdog);
}

/** The reply to the event on stdin. Never throws. */
export async function answerOnce(args: readonly string[], io: Io): Promise<Reply> {
  try {
    const { values } = parseArgs({ args: [...args], options: { host: { type: 'string' } } });
    const host = hostNamed(values.host);
    if (host === undefined) {
      return blocked(`hook: give --host, one of ${HOST_NAMES.join(', ')}`);
    }
    const { url, key } = readConnection(io, host.name);
    // Not the SDK's client, which is an enforcement point of its own, and slower to load.
    const send = createTransport({ url, key, fetch: httpFetch });
    return await runHook(io.stdin, {
      host,
      point: hookPointName(host.name, hostname()),
      identity: sha256Text(key),
      asker: createAsker({ send, timeoutMs: QUESTION_MS_MAX, agent: undefined }),
      memory: folderMemory(memoryFolder(io)),
      permitFlaw: hookPermitFlaw,
      clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
    });
  } catch (error) {
    return blocked(messageOf(error));
  }
}

/** Writes the reply and ends: nothing that is still open may delay the host. */
async function end({ stdout, stderr, exitCode }: Reply): Promise<never> {
  if (stderr !== '') await written(process.stderr, stderr);
  if (stdout !== '') await written(process.stdout, stdout);
  process.exit(exitCode);
}

/** A host that does not listen any more is no reason to go on. */
function written(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.on('error', () => resolve());
    stream.write(text, () => resolve());
  });
}
