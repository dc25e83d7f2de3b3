import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { CHAIN_START } from '@estop/log/run/chain-reader';
import { ChainWriter } from '@estop/log/run/chain-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DataFolder } from '../src/data-folder.ts';
import { removeAddress, writeAddress } from '../src/serve/address-file.ts';
import { openControlSocket } from '../src/serve/control-socket.ts';
import { ensureOperatorKey } from '../src/serve/operator-key.ts';
import { runLine } from './memory-io.ts';

let path: string;
let data: DataFolder;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'estop-serve-'));
  data = { path, keyFile: join(path, 'operator.key'), addressFile: join(path, 'address') };
});

afterEach(() => rmSync(path, { recursive: true, force: true }));

describe('the operator key', () => {
  it('is made once, for its owner only, and known to the gateway by its hash', () => {
    const { key, hash } = ensureOperatorKey(data, null);
    expect(key).toMatch(/^estop_[a-z0-9]{12}_[A-Za-z0-9_-]{43}$/);
    expect(hash).toBe(createHash('sha256').update(key).digest('hex'));
    expect(statSync(data.keyFile).mode & 0o777).toBe(0o600);
    expect(ensureOperatorKey(data, null).key).toBe(key);
  });

  it('is the one that is given, and then leaves no file', () => {
    expect(ensureOperatorKey(data, 'estop_given').key).toBe('estop_given');
    expect(existsSync(data.keyFile)).toBe(false);
  });

  it('is never another text', () => {
    writeFileSync(data.keyFile, 'hunter2\n');
    expect(() => ensureOperatorKey(data, null)).toThrow('holds no API key');
    expect(readFileSync(data.keyFile, 'utf8')).toBe('hunter2\n');
  });
});

describe('the address', () => {
  it('goes with the process that wrote it, and not with one that came after', () => {
    writeAddress(data, 'http://127.0.0.1:1');
    writeAddress(data, 'http://127.0.0.1:2');
    removeAddress(data, 'http://127.0.0.1:1');
    expect(readFileSync(data.addressFile, 'utf8')).toBe('http://127.0.0.1:2\n');
    removeAddress(data, 'http://127.0.0.1:2');
    expect(existsSync(data.addressFile)).toBe(false);
    removeAddress(data, 'http://127.0.0.1:2');
  });
});

describe('estop verify', () => {
  const lines = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  async function writeLog(): Promise<void> {
    const log = await openEmbeddedLog({ path: join(path, 'log'), partitions: 2 });
    const writer = new ChainWriter(log, { partition: 1, writer: 'w', position: CHAIN_START });
    writer.link({
      cause: { topic: 'tick', partition: 1, offset: -1 },
      at: 1,
      subject: null,
      policyHash: null,
      events: [{ type: 'WriterStarted', writer: 'w', version: '0' }],
    });
    await writer.commit([]).proven;
    const { records } = await log.read('audit.v1', 1, { fromOffset: 0, maxRecords: 1 });
    await log.append('audit.v1', 1, [{ key: 'late', value: records[0]?.value ?? null }]);
    await log.close();
  }

  it('reads the log itself when nothing runs, and counts void records', async () => {
    await writeLog();
    const ran = await runLine(['verify', '--data', path, '-o', 'json'], {
      env: { ESTOP_PARTITIONS: '2' },
    });
    expect(ran.exitCode).toBe(0);
    expect(lines(ran.out)).toMatchObject([
      { partition: 0, records: 0, voidRecords: 0, problem: null },
      { partition: 1, records: 1, voidRecords: 1, problem: null },
    ]);
    expect(ran.err).toContain('no live state was compared');
  });

  it('ends with 5 when there is no log, and makes none', async () => {
    expect((await runLine(['verify', '--data', path])).exitCode).toBe(5);
    expect(existsSync(join(path, 'log'))).toBe(false);
  });

  it('asks the running process, and ends with 3 for what does not verify', async () => {
    const good = {
      partition: 0,
      records: 4,
      voidRecords: 0,
      head: 'ab',
      stateHash: 'cd',
      isLive: true,
    };
    const socket = await openControlSocket(data, 'control', {
      halt: null,
      verify: async () => [
        { ...good, problem: null },
        { ...good, partition: 1, problem: 'the rebuilt state differs from the live one' },
      ],
    });
    const ran = await runLine(['verify', '--data', path]);
    expect(ran.exitCode).toBe(3);
    expect(ran.out).toMatch(/^1 +4 +0 +ab +cd +the rebuilt state differs/m);
    expect(statSync(join(path, 'control.sock')).mode & 0o777).toBe(0o600);
    await socket.close();
  });

  it.each([
    [[true, true], 'and its state is the live one'],
    [[true, false], 'and of the 1 partitions decided here, its state is the live one'],
    [[false, false], 'no live state was compared'],
  ])('says of how many partitions the state is the live one: %o', async (areLive, text) => {
    const verdict = { records: 4, voidRecords: 0, head: 'ab', stateHash: 'cd', problem: null };
    const verdicts = areLive.map((isLive, partition) => ({ ...verdict, partition, isLive }));
    const socket = await openControlSocket(data, 'control', {
      halt: null,
      verify: async () => verdicts,
    });
    const ran = await runLine(['verify', '--data', path]);
    expect(ran.exitCode).toBe(0);
    expect(ran.err).toContain(`the log verifies, ${text}`);
    await socket.close();
  });
});
