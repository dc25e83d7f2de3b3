// Adds up reports of test suites: `node scripts/test-totals.mjs REPORT…` prints one last line,
// `N passed, N failed`, and fails when a test failed, none ran, or a report is missing.
import { readFileSync } from 'node:fs';

const totals = process.argv.slice(2).map(countReport);
const passed = sum(totals.map((count) => count.passed));
const failed = sum(totals.map((count) => count.failed));
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

/** A suite without a readable report counts as one failure, so does a file that did not load. */
function countReport(file) {
  try {
    const { numPassedTests, testResults } = JSON.parse(readFileSync(file, 'utf8'));
    return { passed: numPassedTests, failed: sum(testResults.map(countFailures)) };
  } catch (error) {
    process.stderr.write(`no report of a suite: ${error.message}\n`);
    return { passed: 0, failed: 1 };
  }
}

function countFailures({ status, assertionResults }) {
  const failures = assertionResults.filter((result) => result.status === 'failed').length;
  return status === 'failed' ? Math.max(1, failures) : failures;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
