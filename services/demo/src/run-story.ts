/** Plays the 3 AM story with the stray agent, and tells it. */
import type { Session } from '@estop/sdk';
import { createNarrator, type Verdict } from './domain/narrator.ts';
import { ON_CALL } from './domain/roster.ts';
import { FIRST_STEP, type Pace, type Phase, STORY_TASK, strayStep } from './domain/story.ts';
import type { Step } from './domain/work.ts';
import type { Operator } from './operator.ts';
import { rest, tryStep, type Worker } from './work-loop.ts';

/** Calls that may wait for a person at the same time; the agent does not wait for more. */
const WAITING_MAX = 3;
/** The agent believes a halt once it was told so often. */
const HALTED_TOLD = 3;
/** How long the agent keeps asking whether a person has answered. */
const WAIT_FOR_PERSON_MS = 300_000;

export interface Story {
  readonly worker: Worker;
  readonly operator: Operator;
  /** The key of whoever is on call: a kill is lifted by somebody else. */
  readonly onCallKey: string;
  readonly pace: Pace;
  /** Shows a line to whoever watches. */
  readonly tell: (line: string) => void;
  readonly onPhase: (phase: Phase) => void;
}

/** Resolves when the stray agent has been halted, or the signal has fired. */
export async function runStory(story: Story): Promise<void> {
  const { worker, pace, tell, onPhase } = story;
  const { agent } = worker.member;
  const session = worker.client.session({ task: STORY_TASK });
  session.sawUser(STORY_TASK);
  const first = await tryStep(worker, session, FIRST_STEP);
  if (worker.signal.aborted) return;
  if (isStopped(first)) {
    tell(`${agent} is still stopped (${first.reason}) from before: it stays so across restarts.`);
    tell(`  npx estop lift ${agent} --reason "…"   lets it work again; its story begins anew`);
    onPhase('halted');
    return;
  }
  onPhase('astray');
  tell(`${agent} was asked to count duplicates. It has read a note that tells it to do more.`);
  const giveUp = new AbortController();
  const halting = haltInTime(story, AbortSignal.any([worker.signal, giveUp.signal]));
  await goAstray(story, session);
  giveUp.abort();
  await halting;
  if (!worker.signal.aborted) onPhase('halted');

  function tellCommand(leftMs: number): void {
    tell(`stop it with   npx estop halt ${agent}   (the demo does it in ${leftMs / 1_000} s)`);
  }

  async function haltInTime(
    { operator, onCallKey: key }: Story,
    signal: AbortSignal,
  ): Promise<void> {
    tellCommand(pace.astrayMs);
    await rest(pace.astrayMs / 2 / worker.speed, signal);
    if (!signal.aborted) tellCommand(pace.astrayMs / 2);
    await rest(pace.astrayMs / 2 / worker.speed, signal);
    if (signal.aborted) return;
    tell(`nobody did, so the demo does it: estop halt ${agent} --mode kill`);
    const reason = 'the demo ends its story';
    await operator.killAgent(agent, { key, reason }).then(
      (confirmed) => tell(`  killed by ${ON_CALL}: ${confirmed}`),
      (error: unknown) => tell(`that failed: ${String(error)}`),
    );
  }
}

/** Tries one thing after the other until it is stopped. */
async function goAstray({ worker, pace, tell }: Story, session: Session): Promise<void> {
  const narrator = createNarrator();
  const { agent } = worker.member;
  let waiting = 0;
  let halted = 0;
  for (let index = 0; halted < HALTED_TOLD && !worker.signal.aborted; index += 1) {
    const step = strayStep(worker.random, index);
    const verdict = await tryStep(worker, session, step);
    if (worker.signal.aborted) return;
    const line = narrator.tell(step, verdict);
    if (line !== undefined) tell(`  ${line}`);
    if (isStopped(verdict)) halted += 1;
    if (verdict.decision === 'needs-approval' && waiting < WAITING_MAX) {
      waiting += 1;
      void awaitPerson(verdict.intentId, step).finally(() => {
        waiting -= 1;
      });
    }
    await rest(pace.strayGapMs / worker.speed, worker.signal);
  }
  tell(`${agent} has stopped: ${narrator.sum()}.`);
  tell('The rest of the fleet works on. All of it is in the log:');
  tell(`  npx estop agents ${agent}     npx estop approvals     npx estop tail`);
  tell(`  npx estop lift ${agent} --reason "note removed"`);

  async function awaitPerson(intentId: string | null, step: Step): Promise<void> {
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
}

function isStopped({ reason }: Verdict): boolean {
  return reason === 'halted' || reason === 'agent-suspended';
}
