import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { BEHAVIOURS } from './behaviours.ts';
import { FAULTS, type Fault } from './faults.ts';
import { LOOP_BEHAVIOURS } from './loop-behaviours.ts';
import type { Detectors } from './rig.ts';

const SOURCES = fileURLToPath(new URL('../../src/domain', import.meta.url));
/** Beside the build, where nothing is checked or committed and packages are still found. */
const COPIES = fileURLToPath(new URL('../../dist/', import.meta.url));
const ALL = { ...BEHAVIOURS, ...LOOP_BEHAVIOURS };

const copies: string[] = [];

afterAll(() => {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
});

/** The detectors out of a copy of their sources, with one text in the place of another. */
async function planted({
  file,
  from,
  to,
}: Pick<Fault, 'file' | 'from' | 'to'>): Promise<Detectors> {
  mkdirSync(COPIES, { recursive: true });
  const copy = mkdtempSync(join(COPIES, 'planted-'));
  copies.push(copy);
  cpSync(SOURCES, copy, { recursive: true });
  const source = readFileSync(join(copy, file), 'utf8');
  expect(source.split(from), `${file} says it once`).toHaveLength(2);
  writeFileSync(join(copy, file), source.replace(from, to));
  const load = (path: string) => import(pathToFileURL(join(copy, path)).href);
  const { observe, tick, setFrozen } = await load('observe.ts');
  const { emptyState, encodeState, decodeState } = await load('state/layout.ts');
  const { DEFAULT_CONFIG } = await load('config/breaker-config.ts');
  const detectors = { observe, tick, setFrozen, emptyState, encodeState, decodeState };
  return { ...detectors, defaults: DEFAULT_CONFIG };
}

describe('a fault planted in the detectors is found', () => {
  it.each(Object.entries(FAULTS))('%s', async (_, fault) => {
    const check = ALL[fault.breaks];
    if (check === undefined) throw new Error(`there is no behaviour "${fault.breaks}"`);
    const detectors = await planted(fault);
    expect(() => check(detectors)).toThrow();
  });

  it('and nothing is found in a copy without one', async () => {
    const line = 'export const FLOOR = 10;';
    const detectors = await planted({ file: 'detectors/minute-tail.ts', from: line, to: line });
    for (const title of new Set(Object.values(FAULTS).map(({ breaks }) => breaks))) {
      ALL[title]?.(detectors);
    }
  });
});
