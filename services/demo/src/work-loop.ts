/** One agent at work: waits for work, does it call by call, lives with what is refused. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, DeniedError, RequestError, type Session } from '@estop/sdk';
import { createArrivals } from './domain/arrivals.ts';
import type { Verdict } from './domain/narrator.ts';
import { integerBetween, pick, type Random } from './domain/random.ts';
import type { Member } from './domain/roster.ts';
import type { Step } from './domain/work.ts';

const TOOL_TAKES_MS_MAX = 120;
const TASK_CHARS_MAX = 200;

export interface Worker {
  readonly member: Member;
  readonly client: Client;
  readonly random: Random;
  /** 2: twice as fast. */
  readonly speed: number;
  readonly signal: AbortSignal;
}

/** Works until a signal fires. Throws RequestError when estop does not accept the agent. */
export async function workOn(worker: Worker, until: AbortSignal = worker.signal): Promise<void> {
  const { member, random, speed, client } = worker;
  const arrivals = createArrivals(random, member.meanGapMs);
  while (!until.aborted) {
    await rest(arrivals.nextGapMs() / speed, until);
    if (until.aborted) return;
    const task = pick(random, member.tasks)(random);
    const session = client.session({ task: task.userText.slice(0, TASK_CHARS_MAX) });
    session.sawUser(task.userText);
    for (const step of task.steps) {
      const { decision } = await tryStep(worker, session, step);
      if (decision !== 'allow') break;
    }
  }
}

/** Asks for one step and takes it when it is allowed. Answers what estop said. */
export async function tryStep(
  worker: Worker,
  session: Session,
  step: Step,
): Promise<Verdict & { readonly intentId: string | null }> {
  const { signal, random, speed } = worker;
  const tookMs = integerBetween(random, 5, TOOL_TAKES_MS_MAX) / speed;
  const call = session.guard(
    step.tool,
    async () => {
      await rest(tookMs, signal);
      return step.result;
    },
    { arguments: () => step.arguments, reason: () => step.reason, signal },
  );
  try {
    await call();
    return { decision: 'allow', reason: 'permitted', message: '', intentId: null };
  } catch (error) {
    if (signal.aborted)
      return { decision: 'deny', reason: 'cancelled', message: '', intentId: null };
    if (error instanceof DeniedError) return error.decision;
    if (error instanceof RequestError) throw error;
    return { decision: 'deny', reason: 'error', message: String(error), intentId: null };
  }
}

/** Sleeps, or wakes up early when the signal fires. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
