import { MemoryLog } from '@estop/log/memory-log';
import { CHAIN_START } from '@estop/log/run/chain-reader';
import { EntryHashes } from '@estop/log/run/entry-hashes';
import { systemClock } from '@estop/runtime/clock';
import { createMemoryLogger } from '@estop/runtime/logger';
import type { AgentId } from '@estop/schemas/ids';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CONFIG } from '../../src/domain/config/breaker-config.ts';
import { EntryWriter } from '../../src/process/entry-writer.ts';
import { Watches } from '../../src/process/watches.ts';

const AGENTS = Array.from({ length: 200 }, (_, n) => `agent-${n}` as AgentId);
const ROUND_MS = 10_000;

describe('the entries of a partition', () => {
  it('speak for all there is after an orderly end in the middle of a round', async () => {
    const log = new MemoryLog({ partitions: 1 });
    const watches = new Watches(log, new Map());
    let nowMs = 0;
    const clock = { ...systemClock, monotonicMs: () => nowMs };
    const position = { ...CHAIN_START, at: 0 };
    const base = { partition: 0, position, hashes: new EntryHashes(), stale: [] };
    const { logger } = createMemoryLogger();
    const writer = new EntryWriter({ log, clock, logger }, base, watches);
    const settled = async () => undefined;
    const at = (nextOffset: number) => ({ ...position, nextOffset });
    for (const agentId of AGENTS) {
      watches.begin(agentId, DEFAULT_CONFIG);
      writer.changed(agentId, false);
    }
    nowMs = ROUND_MS;
    writer.step(at(200), settled);
    await writer.idle();
    expect(writer.isWriting).toBe(true);
    for (const agentId of AGENTS) writer.changed(agentId, false);
    await writer.finish(at(400), settled);
    const { records } = await log.read('breakers.v1', 0, { fromOffset: 0, maxRecords: 1_000 });
    const last = records.at(-1)?.value ?? Buffer.alloc(0);
    const view = log.codec('breakers.v1').decode(last);
    expect(view).toMatchObject({ subject: '/position', offset: 400, entries: AGENTS.length });
  });
});
