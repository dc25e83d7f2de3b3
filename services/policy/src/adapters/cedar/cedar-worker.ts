/** The worker's side of a policy check: one input as workerData, one answer, then it ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { checkPolicyFiles } from './policy-check.ts';

parentPort?.postMessage(checkPolicyFiles(workerData));
