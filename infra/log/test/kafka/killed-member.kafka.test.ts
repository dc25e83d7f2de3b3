import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { LINK_KEY, PARTITIONS, type TestTopics, testTopics } from './open-test-log.ts';

const SCRIPT = join(import.meta.dirname, 'join-until-killed.ts');
const NODE_ARGS = ['--import', 'tsx', '--conditions=@estop/source', SCRIPT];
/** Less than a session, so that nobody can have waited for one. */
const PATIENCE = { timeout: 20_000, interval: 20 };
const SESSION_TIMEOUT_MS = 60_000;

describe('a member of a group that was killed', () => {
  let topics: TestTopics;
  let notesFolder: string;

  beforeEach(() => {
    topics = testTopics();
    notesFolder = mkdtempSync(join(tmpdir(), 'estop-notes-'));
  });

  afterEach(async () => {
    await topics.dispose();
    rmSync(notesFolder, { recursive: true, force: true });
  });

  it('keeps the next one of its folder waiting for no session', async () => {
    const group = `${topics.prefix}killed`;
    const settings = { notesFolder, sessionTimeoutMs: SESSION_TIMEOUT_MS };
    const log = await topics.open(settings);
    await ownAllUntilKilled({ ...settings, group, topicPrefix: topics.prefix });

    const next = await log.join({
      group,
      inputs: ['intents.v1'],
      run: ({ signal }) => once(signal, 'abort').then(() => undefined),
      onFailure: () => undefined,
    });
    await vi.waitFor(() => expect(next.assigned()).toHaveLength(PARTITIONS), PATIENCE);
    await next.close();
  });
});

/** Another process that joins the group, until it owns all partitions. */
async function ownAllUntilKilled(options: object): Promise<void> {
  const config = {
    ...options,
    brokers: inject('kafka').bootstrap.split(','),
    clientId: 'estop-test',
    partitions: PARTITIONS,
    linkKey: LINK_KEY.toString(),
  };
  const args = [...NODE_ARGS, JSON.stringify(config)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}
