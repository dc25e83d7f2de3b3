import { readdirSync } from 'node:fs';
import { VARIABLES } from '@estop/runtime/variables';
import { describe, expect, it } from 'vitest';
import { documents, TOPOLOGIES } from './documents.ts';

describe('the documents that are written from tables in the code', () => {
  it.each(documents())('$path is what `npm run generate` writes', ({ current, wanted }) => {
    expect(current).toBe(wanted);
  });
});

describe('the topologies', () => {
  it('name every folder under services', () => {
    const folders = readdirSync(new URL('../../services', import.meta.url), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    expect(TOPOLOGIES.map((one) => one.service).sort()).toEqual(folders.sort());
  });

  it('together read every environment variable there is, and none twice', () => {
    const names = new Set(TOPOLOGIES.flatMap((one) => one.variables));
    expect([...names].sort()).toEqual(Object.keys(VARIABLES).sort());
    for (const { variables } of TOPOLOGIES) expect(new Set(variables).size).toBe(variables.length);
  });

  it('ask only services that listen', () => {
    const listening = TOPOLOGIES.filter((one) => one.http !== null).map((one) => one.service);
    for (const { calls } of TOPOLOGIES)
      expect(listening).toEqual(expect.arrayContaining([...calls]));
  });

  it('let policy alone write the audit log', () => {
    const writers = TOPOLOGIES.filter((one) => one.writes.some((use) => use.topic === 'audit.v1'));
    expect(writers.map((one) => one.service)).toEqual(['policy']);
  });
});
