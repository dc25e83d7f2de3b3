/**
 * Policy checks off the main thread. cedar-wasm takes tens of milliseconds and can be brought to
 * its knees by hostile input: a worker can be ended, the thread that decides cannot.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { messageOf } from '@estop/schemas/errors';
import type { PolicyCheck, PolicyCheckInput } from './policy-check.ts';

/** All policy files of a fleet together. */
export const POLICY_BYTES_MAX = 1_048_576;
/** A check that takes longer is given up. */
export const POLICY_CHECK_MS_MAX = 10_000;
/** JavaScript heap of the worker. */
const WORKER_HEAP_MB_MAX = 512;

/**
 * Parses and strictly validates policy files. Never throws for bad input: what is wrong is in
 * `problems`, and a checker that breaks down or takes too long is one too.
 */
export async function checkPolicies(input: PolicyCheckInput): Promise<PolicyCheck> {
  const bytes = input.files.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  if (bytes > POLICY_BYTES_MAX) {
    return unchecked(input, `the policies have ${bytes} bytes; ${POLICY_BYTES_MAX} are allowed`);
  }
  let worker: Worker;
  try {
    worker = startWorker(input);
  } catch (error) {
    return unchecked(input, `the policy checker could not start: ${messageOf(error)}`);
  }
  try {
    return await answerOf(worker, input);
  } finally {
    await worker.terminate();
  }
}

function answerOf(worker: Worker, input: PolicyCheckInput): Promise<PolicyCheck> {
  return new Promise((resolve) => {
    const giveUp = (message: string): void => {
      clearTimeout(deadline);
      resolve(unchecked(input, message));
    };
    const deadline = setTimeout(
      () => giveUp(`the check took longer than ${POLICY_CHECK_MS_MAX / 1_000} s`),
      POLICY_CHECK_MS_MAX,
    );
    worker.once('message', (answer: PolicyCheck) => {
      clearTimeout(deadline);
      resolve(answer);
    });
    worker.once('error', (error) => giveUp(`the policy checker failed: ${messageOf(error)}`));
    worker.once('exit', () => giveUp('the policy checker ended without an answer'));
  });
}

function unchecked(input: PolicyCheckInput, message: string): PolicyCheck {
  const file = input.files[0]?.path ?? 'policies';
  return { ok: false, problems: [{ file, line: 1, column: 1, message }] };
}

function startWorker(input: PolicyCheckInput): Worker {
  const options: WorkerOptions = {
    workerData: input,
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB_MAX },
  };
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./cedar-worker.js', import.meta.url), options);
  }
  // Run from source, a worker has no TypeScript loader, even where its parent has one: it is
  // registered by a line of JavaScript before the real entry is imported.
  const loader = import.meta.resolve('tsx/esm/api');
  const entry = new URL('./cedar-worker.ts', import.meta.url).href;
  const start = `import('${loader}').then(({ register }) => (register(), import('${entry}')))`;
  return new Worker(start, { ...options, eval: true, execArgv: ['--conditions=@estop/source'] });
}
