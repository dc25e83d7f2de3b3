/** Inputs are handed to a group before they are synced: what follows when the disk refuses them. */
import { Appender } from '@estop/log/embedded/appender';
import { type EmbeddedMembership, joinGroup } from '@estop/log/embedded/embedded-group';
import { GroupOffsets } from '@estop/log/embedded/group-offsets';
import { EmbeddedPartition } from '@estop/log/embedded/partition';
import { openStore, type Store } from '@estop/log/embedded/store';
import type { StoredRecord } from '@estop/log/port';
import { systemClock } from '@estop/runtime/clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTestFolder, PARTITIONS, type TestFolder } from './test-folder.ts';

const REFUSED = { code: 'log-unavailable' };

let folder: TestFolder;
let store: Store;
let intents: EmbeddedPartition;
let audit: EmbeddedPartition;
let appender: Appender;
let membership: EmbeddedMembership | undefined;
let disk: Disk;

/** The seam to the real disk: writes wait for it while it is held. */
class Disk {
  commits = 0;
  #held: Deferred | null = null;

  hold(): void {
    this.#held = withResolvers();
    this.#held.promise.catch(() => undefined);
  }

  letGo(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  refuse(): void {
    this.#held?.reject(new Error('no space left'));
    this.#held = null;
  }

  async write(real: () => Promise<void>): Promise<void> {
    this.commits += 1;
    await this.#held?.promise;
    await real();
  }
}

beforeEach(async () => {
  folder = createTestFolder();
  disk = new Disk();
  const real = await openStore(folder.path, PARTITIONS);
  store = { ...real, write: (change) => disk.write(() => real.write(change)) };
  intents = new EmbeddedPartition(store, 'intents.v1', 0);
  audit = new EmbeddedPartition(store, 'audit.v1', 0);
  appender = new Appender(store, systemClock, async () => membership?.endWitnesses());
});

afterEach(async () => {
  await membership?.close();
  membership = undefined;
  await store.root.close();
  await folder.dispose();
});

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function withResolvers(): Deferred {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { promise, resolve, reject };
}

function append(partition: EmbeddedPartition, text: string) {
  return appender.append({ partition, records: [{ key: 'k', value: Buffer.from(text) }] });
}

function textsOf(records: readonly StoredRecord[]): string[] {
  return records.map(({ value }) => `${value}`);
}

/** Joins a group of one partition; a run takes the inputs for which the audit has no record. */
function join(onInputs: (texts: string[]) => Promise<void> | void) {
  membership = joinGroup(
    { partitions: 1, partitionOf: () => intents, groupOffsets: new GroupOffsets(store) },
    {
      group: 'g',
      inputs: ['intents.v1'],
      async run(assignment) {
        await assignment.seek(new Map([['intents.v1', audit.endOffset]]));
        while (!assignment.signal.aborted) {
          await onInputs(textsOf(await assignment.next(10, 1_000)));
        }
      },
      onFailure: (_partition, error) => expect.unreachable(String(error)),
    },
  );
}

describe('a staged input', () => {
  it('reaches the group before it is synced, and nobody else', async () => {
    const seen: string[] = [];
    join((texts) => void seen.push(...texts));
    disk.hold();
    const appended = append(intents, 'a');
    await vi.waitFor(() => expect(seen).toEqual(['a']));
    expect(intents.endOffset).toBe(0);
    expect(intents.read(0, 10).records).toEqual([]);
    disk.letGo();
    expect(await appended).toMatchObject({ baseOffset: 0 });
    expect(textsOf(intents.read(0, 10).records)).toEqual(['a']);
  });

  it('is synced together with what was decided on it', async () => {
    const decided: Promise<unknown>[] = [];
    join((texts) => {
      for (const text of texts) {
        const records = [{ key: 'k', value: Buffer.from(`decided ${text}`) }];
        const head = { partition: audit, records, offset: audit.stagedEnd };
        decided.push(appender.appendAt(head, []));
      }
    });
    await append(intents, 'a');
    await Promise.all(decided);
    expect(textsOf(audit.read(0, 10).records)).toEqual(['decided a']);
    expect(disk.commits).toBe(1);
  });

  it('takes with it, when the disk refuses it, everything that may rest on it', async () => {
    const decided: Promise<unknown>[] = [];
    const runs: string[][] = [];
    join((texts) => {
      runs.push(texts);
      for (const text of texts) {
        const records = [{ key: 'k', value: Buffer.from(`decided ${text}`) }];
        const head = { partition: audit, records, offset: audit.stagedEnd };
        decided.push(Promise.allSettled([appender.appendAt(head, [])]));
      }
    });
    disk.hold();
    const lost = append(intents, 'lost');
    lost.catch(() => undefined);
    await vi.waitFor(() => expect(decided).toHaveLength(1));
    disk.refuse();
    await expect(lost).rejects.toMatchObject(REFUSED);
    const [[outcome] = []] = (await Promise.all(decided)) as PromiseSettledResult<void>[][];
    expect(outcome).toMatchObject({ status: 'rejected', reason: REFUSED });
    expect([intents.stagedEnd, audit.stagedEnd]).toEqual([0, 0]);
    await vi.waitFor(() => append(intents, 'kept'));
    await vi.waitFor(() => expect(textsOf(audit.read(0, 10).records)).toEqual(['decided kept']));
    expect(textsOf(intents.read(0, 10).records)).toEqual(['kept']);
    expect(runs.flat()).toEqual(['lost', 'kept']);
  });

  it('lets no append in before a run that has seen the refused one has ended', async () => {
    const held = withResolvers();
    let hasSeen = false;
    join(async (texts) => {
      if (!texts.includes('lost')) return;
      hasSeen = true;
      await held.promise;
    });
    disk.hold();
    const lost = append(intents, 'lost');
    lost.catch(() => undefined);
    await vi.waitFor(() => expect(hasSeen).toBe(true));
    disk.refuse();
    await expect(lost).rejects.toMatchObject(REFUSED);
    await expect(append(audit, 'rests on what is lost')).rejects.toMatchObject(REFUSED);
    held.resolve();
    await vi.waitFor(() => append(intents, 'kept'));
    expect(audit.endOffset).toBe(0);
  });
});
