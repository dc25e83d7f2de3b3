/** One golden case: an event as a host writes it, what the gateway says, and what goes back. */
import { readFileSync } from 'node:fs';
import type { Answer, Asker } from '../src/asker.ts';
import type { Outcome } from '../src/domain/call.ts';
import type { Reply } from '../src/domain/hooks/host.ts';
import { hostNamed } from '../src/domain/hooks/hosts.ts';
import { runHook } from '../src/hook.ts';
import type { HookMemory, Note, Notes } from '../src/hook-memory.ts';
import { memoryTickets } from '../src/tickets.ts';

export interface HookCase {
  /** The version of the host, or of its documents, that the case was written from. */
  readonly observed: string;
  /** What the host writes: an object for its JSON, a text as it is. */
  readonly stdin: unknown;
  /** What the gateway answers, without the intent id; null: it is not asked. */
  readonly answer: Readonly<Record<string, unknown>> | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export function readCase(file: string): HookCase {
  return JSON.parse(readFileSync(file, 'utf8'));
}

export interface Scripted {
  readonly asker: Asker;
  readonly asked: string[];
  readonly outcomes: (Outcome & { readonly intentId: string })[];
}

/** A gateway that answers every question alike; `answer` null: none may be asked. */
export function scripted(answer: (intentId: string) => Answer | null): Scripted {
  const asked: string[] = [];
  const outcomes: (Outcome & { readonly intentId: string })[] = [];
  const answerTo = async (intentId: string): Promise<Answer> => {
    asked.push(intentId);
    const found = answer(intentId);
    if (found === null) throw new Error('nothing may be asked here');
    return found;
  };
  return {
    asked,
    outcomes,
    asker: {
      propose: ({ id = '' }) => answerTo(id),
      wait: answerTo,
      outcome: async (intentId, outcome) => outcomes.push({ intentId, ...outcome }) > 0,
    },
  };
}

export function memoryInProcess(): HookMemory {
  return { tickets: memoryTickets(), running: notes(), twins: notes() };
}

function notes(): Notes {
  const byKey = new Map<string, Note>();
  return {
    keep: async (key, note) => void byKey.set(key, note),
    take: async (key) => {
      const note = byKey.get(key) ?? null;
      byKey.delete(key);
      return note;
    },
  };
}

export interface Setting {
  readonly host: string;
  readonly asker: Asker;
  readonly memory?: HookMemory;
  readonly identity?: string;
  /** Of the monotonic clock, one after the other; the last one stays. */
  readonly timesMs?: readonly number[];
  readonly nowMs?: () => number;
  readonly permitFlaw?: Parameters<typeof runHook>[1]['permitFlaw'];
}

export function replyTo(stdin: unknown, setting: Setting): Promise<Reply> {
  const host = hostNamed(setting.host);
  if (host === undefined) throw new Error(`no host ${setting.host}`);
  const text = typeof stdin === 'string' ? stdin : JSON.stringify(stdin);
  const times = [...(setting.timesMs ?? [0])];
  async function* chunks() {
    yield text;
  }
  return runHook(chunks(), {
    host,
    point: `hook-${host.name}-box`,
    identity: setting.identity ?? 'sha256:one',
    asker: setting.asker,
    memory: setting.memory ?? memoryInProcess(),
    permitFlaw: setting.permitFlaw ?? (() => null),
    clock: {
      nowMs: setting.nowMs ?? (() => 1_768_446_000_000),
      monotonicMs: () => (times.length > 1 ? (times.shift() ?? 0) : (times[0] ?? 0)),
    },
  });
}
