/** Which settings hold for an agent: the defaults, then its groups' and its own. */
import { type BreakerConfig, DEFAULT_CONFIG } from './breaker-config.ts';
import type { BreakerSettings, BreakersFile } from './parse-breakers.ts';

export interface AgentTraits {
  readonly agentId: string;
  /** In the order in which they apply. */
  readonly groups: readonly string[];
}

/** The later settings are laid over the earlier ones, field by field; thresholds add up. */
export function resolveConfig(file: BreakersFile, agent: AgentTraits): BreakerConfig {
  const layers = [
    file.defaults,
    ...agent.groups.map((group) => file.groups.get(group)),
    file.agents.get(agent.agentId),
  ];
  return layers.reduce<BreakerConfig>(
    (config, settings) => (settings === undefined ? config : laidOver(config, settings)),
    DEFAULT_CONFIG,
  );
}

function laidOver(config: BreakerConfig, settings: BreakerSettings): BreakerConfig {
  return {
    sensitivity: settings.sensitivity ?? config.sensitivity,
    shadow: settings.shadow ?? config.shadow,
    signals: { ...config.signals, ...settings.signals },
    thresholds: [...config.thresholds, ...settings.thresholds],
    prior: { ...config.prior, ...settings.prior },
    loops: { ...config.loops, ...settings.loops },
    ladder: { ...config.ladder, ...settings.ladder },
  };
}
