import { REQUEST_TIMEOUT_MS } from '@estop/log/kafka/client';
import type { EventLog, NewRecord, StoredRecord } from '@estop/log/port';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
// @boundaries-ignore the harness that starts brokers serves the tests of every package
import { type KafkaCluster, startKafkaCluster } from '../../../../test/harness/kafka/cluster.ts';
import { PARTITIONS, type TestTopics, testTopics } from './open-test-log.ts';

const PATIENCE = { timeout: 40_000, interval: 50 };
const BEFORE_MS = 500;
const STANDSTILL_MS = 3_000;

describe('the log on a cluster of three brokers of which one is killed', () => {
  let cluster: KafkaCluster;
  let topics: TestTopics;
  let log: EventLog;

  beforeAll(async () => {
    cluster = await startKafkaCluster({ brokers: 3 });
    topics = testTopics(cluster.bootstrap);
    log = await topics.open();
  });

  afterAll(async () => {
    await log?.close();
    await cluster?.stop();
  });

  it('loses and doubles nothing that was acknowledged, and goes on by itself', async () => {
    const seen = Array.from({ length: PARTITIONS }, (): StoredRecord[] => []);
    const failures: unknown[] = [];
    const follower = await log.follow({
      sources: seen.map((_, partition) => ({ topic: 'audit.v1', partition, from: 'start' })),
      onBatch(records) {
        for (const record of records) seen[record.partition]?.push(record);
      },
      onFailure: (error) => failures.push(error),
    });
    const membership = await log.join({
      group: 'survivors',
      inputs: ['intents.v1'],
      run: ({ signal }) => new Promise((end) => signal.addEventListener('abort', () => end())),
      onFailure: (_partition, error) => failures.push(error),
    });
    await vi.waitFor(() => expect(membership.assigned()).toHaveLength(PARTITIONS), PATIENCE);

    const writers = startWriters(log);
    await sleepMs(BEFORE_MS);
    await cluster.brokers[0]?.kill('SIGKILL');
    const atKill = writers.counts();
    await vi.waitFor(() => {
      const counts = writers.counts();
      expect(counts.every((count, index) => count > (atKill[index] ?? 0) + 20)).toBe(true);
    }, PATIENCE);
    await cluster.brokers[0]?.restart();
    const positions = await writers.stop();

    await follower.caughtUp();
    expect(failures).toEqual([]);
    for (const [partition, acknowledged] of positions.entries()) {
      const records = seen[partition] ?? [];
      expect(records.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
      for (const [text, offset] of acknowledged) expect(String(records[offset]?.value)).toBe(text);
      expect(new Set(records.map(({ value }) => String(value))).size).toBe(records.length);
    }
    await vi.waitFor(() => expect(membership.assigned()).toHaveLength(PARTITIONS), PATIENCE);
    await vi.waitFor(() => log.ping(), PATIENCE);
  }, 120_000);
});

describe('the log on a cluster of one broker', () => {
  let cluster: KafkaCluster;
  let topics: TestTopics;

  beforeEach(async () => {
    cluster = await startKafkaCluster();
    topics = testTopics(cluster.bootstrap);
  });

  afterEach(async () => {
    await topics.dispose();
    await cluster.stop();
  });

  it('knows while it follows for how long it has heard nothing of a broker that stands still', async () => {
    const log = await topics.open();
    const follower = await log.follow({
      sources: [{ topic: 'audit.v1', partition: 0, from: 'start' }],
      onBatch: () => undefined,
      onFailure: () => undefined,
    });
    await vi.waitFor(() => expect(follower.silentMs()).toBeLessThan(2_000), PATIENCE);
    cluster.brokers[0]?.pause();
    await sleepMs(STANDSTILL_MS);
    expect(follower.silentMs()).toBeGreaterThanOrEqual(STANDSTILL_MS);
    cluster.brokers[0]?.resume();
    await vi.waitFor(() => expect(follower.silentMs()).toBeLessThan(STANDSTILL_MS), PATIENCE);
    await follower.close();
  }, 60_000);

  it('writes once what waited for a broker that did not answer in time', async () => {
    const log = await topics.open();
    await log.append('audit.v1', 0, [record('a')]);
    cluster.brokers[0]?.pause();
    const waiting = log.append('audit.v1', 0, [record('b')]);
    await sleepMs(REQUEST_TIMEOUT_MS + 1_500);
    cluster.brokers[0]?.resume();
    expect((await waiting).baseOffset).toBe(1);
    expect((await log.append('audit.v1', 0, [record('c')])).baseOffset).toBe(2);
    expect(await textsOf(log)).toEqual(['a', 'b', 'c']);
  }, 60_000);

  it('really writes what comes after an append whose fate is unknown', async () => {
    let skippedMs = 0;
    const clock = {
      nowMs: () => Date.now(),
      monotonicMs: () => performance.now() + skippedMs,
    };
    const log = await topics.open({ clock });
    await log.append('audit.v1', 0, [record('a')]);
    cluster.brokers[0]?.pause();
    const lost = log.append('audit.v1', 0, [record('b')]);
    const outcome = expect(lost).rejects.toMatchObject({ code: 'log-unavailable' });
    await sleepMs(BEFORE_MS);
    skippedMs = 60_000;
    await cluster.brokers[0]?.kill('SIGKILL');
    await outcome;
    await cluster.brokers[0]?.restart();
    const { baseOffset } = await log.append('audit.v1', 0, [record('c')]);
    const texts = await textsOf(log);
    expect(texts[baseOffset]).toBe('c');
    expect(texts.filter((text) => text !== 'b')).toEqual(['a', 'c']);
  }, 60_000);
});

async function textsOf(log: EventLog): Promise<readonly string[]> {
  const { records } = await log.read('audit.v1', 0, { fromOffset: 0, maxRecords: 100 });
  return records.map(({ value }) => String(value));
}

/** Appends one batch after the other to each partition until stopped. */
function startWriters(log: EventLog) {
  let isStopped = false;
  const positions = Array.from({ length: PARTITIONS }, () => new Map<string, number>());
  const loops = positions.map(async (acknowledged, partition) => {
    for (let batch = 0; !isStopped; batch += 1) {
      const texts = [0, 1, 2].map((index) => `${partition}.${batch}.${index}`);
      const { baseOffset } = await log.append('audit.v1', partition, texts.map(record));
      texts.forEach((text, index) => void acknowledged.set(text, baseOffset + index));
    }
  });
  return {
    counts: () => positions.map(({ size }) => size),
    async stop() {
      isStopped = true;
      await Promise.all(loops);
      return positions;
    },
  };
}

function record(text: string): NewRecord {
  return { key: text, value: Buffer.from(text) };
}

function sleepMs(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
