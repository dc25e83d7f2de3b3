import { DEFAULT_CONFIG } from '../../src/domain/config/breaker-config.ts';
import { observe, setFrozen, tick } from '../../src/domain/observe.ts';
import { decodeState, emptyState, encodeState } from '../../src/domain/state/layout.ts';
import type { Detectors } from './rig.ts';

export const PRODUCTION: Detectors = {
  observe,
  tick,
  setFrozen,
  emptyState,
  encodeState,
  decodeState,
  defaults: DEFAULT_CONFIG,
};
