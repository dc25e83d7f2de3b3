/** The breaker of an agent as operators see it. */
import type { AgentView, BreakerCause, BreakerState } from '@estop/schemas/messages';
import Type from 'typebox';
import { nullable, strict, TimeMs } from '../http/schemas.ts';

export const MODES = ['closed', 'step-up', 'open', 'half-open'] as const satisfies BreakerState[];
const CAUSES = [
  'tripped',
  'stepped-up',
  'time-over',
  'kill-lifted',
  'probe-failed',
  'probes-passed',
  'rearmed',
] as const satisfies BreakerCause[];

export const Breaker = strict(
  {
    mode: Type.Union(
      MODES.map((mode) => Type.Literal(mode)),
      {
        description:
          'closed lets through; step-up asks a person for every call above read; open denies all; ' +
          'half-open lets up to five reads through to see how they end.',
      },
    ),
    since: nullable(TimeMs),
    until: nullable(TimeMs),
    opens: Type.Integer({
      description: 'How often it opened, each time within a day of the last.',
    }),
    probes: Type.Integer({ description: 'Half-open: reads in flight or gone well.' }),
    passed: Type.Integer({ description: 'Of these, gone well; five close it.' }),
    cause: nullable(Type.Union(CAUSES.map((cause) => Type.Literal(cause)))),
    signal: nullable(Type.String()),
    explanation: nullable(Type.String({ description: 'Why, in one sentence.' })),
    held: Type.Boolean({
      description: 'It was open: destructive and financial calls wait until a person re-arms it.',
    }),
    proposesKill: Type.Boolean({
      description: 'It opened so often that a kill is proposed.',
    }),
  },
  { title: 'Breaker' },
);

const CLOSED: NonNullable<AgentView['breaker']> = {
  mode: 'closed',
  since: null,
  until: null,
  opens: 0,
  probes: 0,
  passed: 0,
  cause: null,
  signal: null,
  explanation: null,
  held: false,
  proposesKill: false,
};

/** Closed of an agent that nobody has heard of. */
export function breakerBody(view: Pick<AgentView, 'breaker'> | undefined) {
  return view?.breaker ?? CLOSED;
}
