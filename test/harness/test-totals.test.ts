import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/test-totals.mjs', import.meta.url));

let dir = '';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'harness-test-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('the totals of the test suites', () => {
  it('add up and succeed when every test passed', () => {
    const reports = [
      report('a', [file('passed', 'passed', 'passed')]),
      report('b', [file('passed', 'passed')]),
    ];
    expect(totals(reports)).toEqual({ line: '3 passed, 0 failed\n', status: 0 });
  });

  it('fail when one test failed', () => {
    const reports = [report('a', [file('failed', 'passed', 'failed')])];
    expect(totals(reports)).toEqual({ line: '1 passed, 1 failed\n', status: 1 });
  });

  it('count a file that did not load as one failure', () => {
    const reports = [report('a', [file('passed', 'passed'), file('failed')])];
    expect(totals(reports)).toEqual({ line: '1 passed, 1 failed\n', status: 1 });
  });

  it('count a suite without a report as one failure', () => {
    const reports = [report('a', [file('passed', 'passed')]), join(dir, 'absent.json')];
    expect(totals(reports)).toEqual({ line: '1 passed, 1 failed\n', status: 1 });
  });

  it('fail when no test ran', () => {
    expect(totals([report('a', [])])).toEqual({ line: '0 passed, 0 failed\n', status: 1 });
  });
});

type FileReport = { status: string; assertionResults: { status: string }[] };

function file(status: string, ...tests: string[]): FileReport {
  return { status, assertionResults: tests.map((test) => ({ status: test })) };
}

function report(name: string, testResults: FileReport[]): string {
  const path = join(dir, `${name}.json`);
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const numPassedTests = tests.filter(({ status }) => status === 'passed').length;
  writeFileSync(path, JSON.stringify({ numPassedTests, testResults }));
  return path;
}

function totals(reports: string[]): { line: string; status: number | null } {
  const { stdout, status } = spawnSync(process.execPath, [SCRIPT, ...reports], {
    encoding: 'utf8',
  });
  return { line: stdout, status };
}
