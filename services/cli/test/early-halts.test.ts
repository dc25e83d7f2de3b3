import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { AgentId, PersonId } from '@estop/schemas/ids';
import type { HaltMode } from '@estop/schemas/messages';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EarlyHalts } from '../src/serve/early-halts.ts';
import { unwrittenFile } from '../src/serve/unwritten-file.ts';
import { runLine } from './memory-io.ts';

const SCOPE = { fleet: true, group: null, agent: null, tool: null };

let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'estop-early-'));
});

afterEach(() => rmSync(path, { recursive: true, force: true }));

const { logger } = createMemoryLogger();
const onDisk = () => unwrittenFile(path, logger).load();

describe('a gateway that starts while Kafka is away', () => {
  it('is halted by the socket, and keeps that for when it serves', async () => {
    const stop = new AbortController();
    const env = {
      KAFKA_BROKERS: '127.0.0.1:1',
      ESTOP_LINK_KEY: 'a-link-key-of-32-characters-at-least',
    };
    const args = ['serve', 'gateway', '--data', path];
    let isTold = false;
    const onErr = () => {
      isTold = true;
    };
    const serving = runLine(args, { env, signal: stop.signal, onErr });
    await vi.waitFor(() => expect(existsSync(join(path, 'control.sock'))).toBe(true), 5_000);
    const halt = ['halt', '--fleet', '--mode', 'kill', '--socket', '--data', path];
    const first = await runLine(halt);
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.out).toContain('kept: in force when the gateway has started');
    // Longer than the client of Kafka tries by itself.
    await vi.waitFor(() => expect(isTold).toBe(true), 15_000);
    stop.abort();
    const { exitCode, err } = await serving;
    expect(exitCode).toBe(0);
    expect(err).toContain('trying again until it answers');
    expect(onDisk()).toMatchObject([{ mode: 'kill', by: 'operator@local', lifted: false }]);
  }, 30_000);
});

describe('an early halt', () => {
  const by = 'operator@local' as PersonId;
  const ask = (mode: HaltMode) => ({ scope: SCOPE, mode, reason: null, forMs: null, by });

  it('never stops less than the one before on its scope, and comes after it', async () => {
    const early = new EarlyHalts({
      clock: systemClock,
      logger,
      unwritten: unwrittenFile(path, logger),
    });
    await early.stop(ask('kill'));
    const { halt } = await early.stop(ask('pause'));
    expect(halt).toMatchObject({ mode: 'kill', epoch: 2 });
    expect(early.load()).toMatchObject([{ haltId: halt.id }]);
    expect(onDisk()).toMatchObject([{ haltId: halt.id }]);
  });

  it('of the whole fleet is taken however many scopes are halted', async () => {
    const unwritten = { load: () => [], save: async () => undefined };
    const early = new EarlyHalts({ clock: systemClock, logger, unwritten });
    const stop = (agent: string) => {
      return early.stop({
        ...ask('kill'),
        scope: { ...SCOPE, fleet: false, agent: agent as AgentId },
      });
    };
    for (let index = 0; index < 1_000; index += 1) await stop(`bot-${index}`);
    await expect(stop('one-more')).rejects.toThrow('halt the fleet');
    const { halt } = await early.stop(ask('kill'));
    expect(halt).toMatchObject({ scope: { fleet: true } });
    expect(early.load()).toHaveLength(1_001);
  });

  it.each([
    ['refuses to keep it', () => Promise.reject(new Error('ENOSPC'))],
    ['hangs', () => new Promise<void>(() => undefined)],
  ])('is there for the gateway of this process when the disk %s', async (_how, save) => {
    const unwritten = { load: () => [], save };
    const early = new EarlyHalts({ clock: systemClock, logger, unwritten });
    const { halt } = await early.stop(ask('kill'));
    expect(early.load()).toMatchObject([{ haltId: halt.id }]);
  });
});
