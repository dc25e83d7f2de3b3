/** Plays the 3 AM story: an agent goes astray, its breaker opens, and a person stops it for good. */
import type { Verdict } from './domain/narrator.ts';
import { ON_CALL } from './domain/roster.ts';
import { FIRST_STEP, type Pace, type Phase, STORY_TASK } from './domain/story.ts';
import { goAstray, isStopped } from './go-astray.ts';
import type { Operator } from './operator.ts';
import { rest, tryStep, type Worker } from './work-loop.ts';

/** A breaker that is open from before is asked again after so long. */
const BREAKER_RETRY_MS = 5_000;

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
  const { worker, tell, onPhase } = story;
  const { agent } = worker.member;
  const session = worker.client.session({ task: STORY_TASK });
  session.sawUser(STORY_TASK);
  let first = await tryStep(worker, session, FIRST_STEP);
  if (first.reason === 'breaker-open') tell(`${agent} waits: ${first.message}`);
  while (first.reason === 'breaker-open') {
    await rest(BREAKER_RETRY_MS / worker.speed, worker.signal);
    first = await tryStep(worker, session, FIRST_STEP);
  }
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
  const person = personInTime(story, AbortSignal.any([worker.signal, giveUp.signal]));
  await goAstray({ ...story, onTripped: person.onTripped }, session);
  giveUp.abort();
  await person.isDone;
  if (!worker.signal.aborted) onPhase('halted');
}

/** Whoever is on call: is told what goes on, and kills the agent when nobody else stops it. */
function personInTime(
  { worker, operator, onCallKey: key, pace, tell }: Story,
  signal: AbortSignal,
) {
  const { agent } = worker.member;
  const endMs = performance.now() + pace.astrayMs / worker.speed;
  return { onTripped, isDone: killInTime() };

  async function onTripped({ message }: Verdict): Promise<void> {
    const seen = await operator.lookAt(agent, key).catch(() => undefined);
    if (seen?.isOpen === true) tell(`the breaker opened ${agent}: ${seen.sentence ?? message}`);
    else tell(`the breaker holds ${agent}: ${message}`);
    tellCommands();
  }

  function tellCommands(): void {
    const leftS = Math.max(0, Math.round(((endMs - performance.now()) * worker.speed) / 1_000));
    tell(`look at it with   npx estop breakers ${agent}`);
    tell(`stop it with      npx estop halt ${agent}   (the demo does it in ${leftS} s)`);
  }

  async function killInTime(): Promise<void> {
    await rest(endMs - performance.now(), signal);
    if (signal.aborted) return;
    tell('nobody did, so the demo does it:');
    tell(`  estop breakers ${agent}`);
    const seen = await operator.lookAt(agent, key).catch((error: unknown) => String(error));
    tell(`    ${typeof seen === 'string' ? seen : seen.summary}`);
    tell(`  estop halt ${agent} --mode kill`);
    await operator.killAgent(agent, { key, reason: 'the demo ends its story' }).then(
      (confirmed) => tell(`    killed by ${ON_CALL}: ${confirmed}`),
      (error: unknown) => tell(`    that failed: ${String(error)}`),
    );
  }
}
