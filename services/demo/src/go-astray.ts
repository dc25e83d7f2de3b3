/** The stray agent's night: it tries one thing after the other, and what comes of it is told. */
import type { Session } from '@estop/sdk';
import { createNarrator, type Verdict } from './domain/narrator.ts';
import { type Pace, strayStep } from './domain/story.ts';
import type { Step } from './domain/work.ts';
import { rest, tryStep, type Worker } from './work-loop.ts';

/** Calls that may wait for a person at the same time; the agent does not wait for more. */
const WAITING_MAX = 3;
/** The agent believes a halt once it was told so often. */
const HALTED_TOLD = 3;
/** How long the agent keeps asking whether a person has answered. */
const WAIT_FOR_PERSON_MS = 300_000;

export interface Night {
  readonly worker: Worker;
  readonly pace: Pace;
  /** Shows a line to whoever watches. */
  readonly tell: (line: string) => void;
  /** A call met an open breaker, and the one before it did not. */
  readonly onTripped: (verdict: Verdict) => Promise<void>;
}

/** Goes on until a person has stopped it, or the signal fires. */
export async function goAstray(night: Night, session: Session): Promise<void> {
  const { worker, pace, tell } = night;
  const narrator = createNarrator();
  const { agent } = worker.member;
  let waiting = 0;
  let halted = 0;
  let isTripped = false;
  for (let index = 0; halted < HALTED_TOLD && !worker.signal.aborted; index += 1) {
    const step = strayStep(worker.random, index);
    const verdict = await tryStep(worker, session, step);
    if (worker.signal.aborted) return;
    const isRefused = verdict.reason === 'breaker-open';
    if (isRefused && !isTripped) await night.onTripped(verdict);
    isTripped = isRefused;
    const line = narrator.tell(step, verdict);
    if (line !== undefined) tell(`  ${line}`);
    if (isStopped(verdict)) halted += 1;
    if (verdict.decision === 'needs-approval' && waiting < WAITING_MAX) {
      waiting += 1;
      void awaitPerson(night, session, { step, intentId: verdict.intentId }).finally(() => {
        waiting -= 1;
      });
    }
    await rest(pace.strayGapMs / worker.speed, worker.signal);
  }
  if (worker.signal.aborted) return;
  tell(`${agent} has stopped: ${narrator.sum()}.`);
  tell('The rest of the fleet works on. All of it is in the log:');
  tell(`  npx estop agents ${agent}     npx estop approvals     npx estop tail`);
  tell(`  npx estop lift ${agent} --reason "note removed"`);
}

async function awaitPerson(
  { worker, tell }: Night,
  session: Session,
  { step, intentId }: { readonly step: Step; readonly intentId: string | null },
): Promise<void> {
  if (intentId === null) return;
  const waitMs = WAIT_FOR_PERSON_MS;
  const answer = await worker.client
    .wait(intentId, { waitMs, signal: worker.signal })
    .catch(() => undefined);
  if (answer?.decision === 'allow') {
    // The same call again, which goes through once after the yes.
    const { decision } = await tryStep(worker, session, step);
    if (decision === 'allow') tell(`  a person said yes: ${step.tool} was let through`);
  } else if (answer?.decision === 'deny' && answer.reason === 'approval-rejected') {
    tell(`  a person said no to ${step.tool}`);
  }
}

/** A person has stopped it: a breaker would try it again by itself. */
export function isStopped({ reason }: Verdict): boolean {
  return reason === 'halted' || reason === 'agent-suspended';
}
