/** Breakers in words: how one is now, and when it changes. */
import { formatTime } from './amounts.ts';
import { type Fields, numberIn, objectIn, textIn } from './fields.ts';
import { type Painter, plain } from './paint.ts';

/** Agents of whom the last change is remembered; beyond that all are heard of anew. */
const AGENTS_MAX = 10_000;

/** `open until 03:00:12 (tripped): the same call 40 times`; undefined: closed, as most are. */
export function describeBreaker(breaker: Fields): string | undefined {
  const mode = textIn(breaker, 'mode') ?? 'closed';
  return mode === 'closed' ? undefined : wordsOf(breaker, mode);
}

function wordsOf(breaker: Fields, mode: string): string {
  const until = numberIn(breaker, 'until');
  const passed = mode === 'half-open' ? `, ${numberIn(breaker, 'passed') ?? 0} of 5 probes` : '';
  const end = until === null ? '' : ` until ${formatTime(until)}`;
  const cause = textIn(breaker, 'cause');
  const why = textIn(breaker, 'explanation');
  const because = cause === null ? '' : ` (${cause})${why === null ? '' : `: ${plain(why)}`}`;
  return `${mode}${passed}${end}${because}`;
}

/** What the events of agents tell of their breakers: each change once. */
export class BreakerNews {
  readonly #sinceByAgent = new Map<string, number | null>();

  /** The line for an event of an agent; undefined when its breaker is as it was. */
  line(event: Fields, painter: Painter): string | undefined {
    const agent = textIn(event, 'id') ?? '';
    const breaker = objectIn(event, 'breaker');
    const since = numberIn(breaker, 'since');
    const known = this.#sinceByAgent.get(agent);
    if (this.#sinceByAgent.size >= AGENTS_MAX) this.#sinceByAgent.clear();
    this.#sinceByAgent.set(agent, since);
    if (known === since) return undefined;
    const mode = textIn(breaker, 'mode') ?? 'closed';
    // Of one that is closed already nobody knows whether it is news.
    if (known === undefined && mode === 'closed') return undefined;
    const paint = mode === 'closed' ? painter.good : painter.bad;
    return `breaker  ${agent.padEnd(14)}  ${paint(wordsOf(breaker, mode))}`;
  }
}
