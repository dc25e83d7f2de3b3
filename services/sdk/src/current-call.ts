/** The guarded call that the running code belongs to. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface CurrentCall {
  readonly intentId: string;
  /** Fires when a person kills what covers this call: stop as soon as you can. */
  readonly signal: AbortSignal;
}

export const runningCall = new AsyncLocalStorage<CurrentCall>();

/** Inside a guarded function, also after its awaits; undefined elsewhere. */
export function currentCall(): CurrentCall | undefined {
  return runningCall.getStore();
}
