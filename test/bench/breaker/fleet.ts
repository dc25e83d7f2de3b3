/**
 * A simulated fleet: 400 agents for 30 days in minutes, log-normal rates, a daily swing, minutes
 * 1.5 to 20 times as varied as Poisson's, and a fifth of the agents with a batch on the hour.
 */
import { type Draws, drawsOf } from './draws.ts';

export interface FleetAgent {
  /** Calls a minute, on the average of its day without batches. */
  readonly rate: number;
  readonly swing: number;
  /** Minute of the day at which it is busiest. */
  readonly peak: number;
  /** How a minute's mean itself varies: gamma of this shape, or of this scale. */
  readonly spread: { readonly shape: number } | { readonly scale: number };
  /** Its batches' calls, in rates; 0: none. */
  readonly batch: number;
  readonly draws: Draws;
}

const RATE_MEDIAN = 10;
const RATE_SIGMA = 0.8;
const DAY_MINUTES = 1_440;

export function fleetOf(agents: number, seed: number, kind: Spread): readonly FleetAgent[] {
  return Array.from({ length: agents }, (_, n) => {
    const draws = drawsOf(seed * 1_000_003 + n);
    const rate = Math.min(120, RATE_MEDIAN * Math.exp(RATE_SIGMA * draws.normal()));
    return {
      rate,
      swing: 0.2 + 0.7 * draws.uniform(),
      peak: Math.floor(draws.uniform() * DAY_MINUTES),
      spread: spreadOf(kind, 1.5 + 18.5 * draws.uniform()),
      batch: n % 5 === 0 ? 5 + 25 * draws.uniform() : 0,
      draws,
    };
  });
}

/** Calls of one minute since the start of the fleet, times `factor`. */
export function callsOf(agent: FleetAgent, minute: number, factor = 1): number {
  const mean = factor * meanOf(agent, minute);
  const shape = shapeOf(agent, mean);
  return agent.draws.poisson((mean * agent.draws.gamma(shape)) / shape);
}

/** What the agent really does in this minute on average. */
export function meanOf(agent: FleetAgent, minute: number): number {
  const angle = (2 * Math.PI * (minute - agent.peak)) / DAY_MINUTES;
  const batch = agent.batch > 0 && minute % 60 === 0 ? agent.batch : 0;
  return agent.rate * (1 + agent.swing * Math.cos(angle) + batch);
}

/** How its minutes really vary: what a detector would know that knows everything. */
export function varianceOf(agent: FleetAgent, minute: number): number {
  const mean = meanOf(agent, minute);
  return mean + (mean * mean) / shapeOf(agent, mean);
}

/** "Overdispersion 1.5 to 20" read as the negative binomial's shape, or as variance in means. */
export type Spread = 'shape' | 'variance';

function spreadOf(kind: Spread, overdispersion: number): FleetAgent['spread'] {
  return kind === 'shape' ? { shape: overdispersion } : { scale: overdispersion - 1 };
}

function shapeOf({ spread }: FleetAgent, mean: number): number {
  return 'shape' in spread ? spread.shape : mean / spread.scale;
}
