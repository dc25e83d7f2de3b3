import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedLog } from '@estop/log/embedded/embedded-log';
import { describe, expect, it } from 'vitest';
import { EstopProcess } from '../e2e/estop-process.ts';
import { fleetFiles } from './convert.ts';
import { decideSet } from './decide.ts';
import { decideOnLog } from './decide-on-log.ts';
import { decideOverHttp } from './decide-over-http.ts';
import { timeless } from './score.ts';
import { setUnderTest } from './sets-under-test.ts';

describe('recorded sessions are decided the same, line by line', () => {
  const set = setUnderTest();

  it('offline and over HTTP', async () => {
    const estop = new EstopProcess({ files: Object.fromEntries(fleetFiles(set)) });
    try {
      await estop.start();
      const online = await decideOverHttp(estop, set);
      expect(timeless(online)).toEqual(timeless(await decideSet(set)));
    } finally {
      await estop.dispose();
    }
  }, 180_000);

  it('offline and as Avro records on the embedded log', async () => {
    const path = mkdtempSync(join(tmpdir(), 'estop-cases-'));
    const log = await openEmbeddedLog({ path, partitions: 12 });
    try {
      expect(timeless(await decideOnLog(log, set))).toEqual(timeless(await decideSet(set)));
    } finally {
      await log.close();
      rmSync(path, { recursive: true, force: true });
    }
  }, 180_000);
});
