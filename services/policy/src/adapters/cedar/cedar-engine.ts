/** Checked policies, ready to decide: compiled, with cedar-wasm where the compiler stops. */
import {
  type CedarResult,
  type CompileOptions,
  compilePolicies,
  evaluate,
  needsFallback,
} from '../../domain/cedar/policy-set.ts';
import type { CedarRequest } from '../../domain/cedar/request.ts';
import type { CheckedPolicy } from './policy-check.ts';

export interface CedarEngine {
  /** Cedar's answer; the caller denies when there is any error. */
  readonly evaluate: (request: CedarRequest) => CedarResult;
  /** Ids of the policies that only cedar-wasm can evaluate: for a warning, they are slow. */
  readonly fallback: readonly string[];
  /** To be called when other policies have taken over. */
  readonly close: () => void;
}

/** The wasm module is loaded only when some policy needs it. */
export async function createCedarEngine(
  policies: readonly CheckedPolicy[],
  options: CompileOptions,
): Promise<CedarEngine> {
  const set = compilePolicies(policies, options);
  if (set.fallback.length === 0) {
    return {
      evaluate: (request) => evaluate(set, request),
      fallback: [],
      close: () => undefined,
    };
  }
  const { createCedarOracle } = await import('./cedar-oracle.ts');
  const oracle = createCedarOracle(policies, options);
  return {
    evaluate: (request) =>
      needsFallback(set, request.action) ? oracle.evaluate(request) : evaluate(set, request),
    fallback: set.fallback,
    close: oracle.close,
  };
}
