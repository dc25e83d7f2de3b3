/**
 * A partition's part of a shared limit (DESIGN §5): what its home has granted, and what became of
 * it. Only the fold changes an account; the decider reads it.
 */
import type { LimitId } from '@estop/schemas/ids';
import type { LimitKind, SliceUse } from '@estop/schemas/messages';
import { SLICE_USES_MAX } from '../limits.ts';
import { bucketIn, bucketOf } from '../rate-window.ts';
import type { PartitionState } from '../state.ts';
import type { SliceAccount } from './slice-state.ts';

/** A shared limit in the window of a time. */
export interface LimitRef {
  readonly kind: LimitKind;
  readonly limitId: LimitId;
  /** 0 for rates. */
  readonly windowStart: number;
  /** Its length; 0 for a lifetime. */
  readonly windowMs: number;
}

/** The window of a limit that an account may be in. */
type WindowRef = Pick<LimitRef, 'windowStart'>;

/** The key of accounts and pools: budgets and rates of one id are two limits. */
export function limitKey({ kind, limitId }: Pick<LimitRef, 'kind' | 'limitId'>): string {
  return `${kind}:${limitId}`;
}

/** What may be used here and now without asking. */
export function availableOf(account: SliceAccount | undefined, ref: WindowRef): number {
  if (account === undefined || account.windowStart !== ref.windowStart) return 0;
  return Math.max(0, account.granted - account.spent - account.reserved);
}

/** Whether the home has said that it has nothing, a moment ago. */
export function isDry(account: SliceAccount | undefined, ref: WindowRef, atMs: number): boolean {
  return (
    account !== undefined && account.windowStart === ref.windowStart && atMs < account.dryUntilMs
  );
}

/** Whether somebody here waits for an answer already. */
export function isAsking(account: SliceAccount | undefined): boolean {
  return account?.open.some(({ ask }) => ask.need > 0) === true;
}

export function newAccount({ kind, limitId, windowMs, windowStart }: LimitRef): SliceAccount {
  return {
    kind,
    limitId,
    windowMs,
    windowStart,
    granted: 0,
    spent: 0,
    reserved: 0,
    uses: [],
    sequence: 0,
    open: [],
    lastGrant: 0,
    homeFree: 0,
    dryUntilMs: 0,
    recalledSequence: 0,
    usedAtMs: 0,
  };
}

/** The account, in the window of the ask: a new window begins with nothing. */
export function accountInWindow(state: PartitionState, ref: LimitRef): SliceAccount {
  const key = limitKey(ref);
  let account = state.accountByLimit.get(key);
  if (account === undefined) {
    account = newAccount(ref);
    state.accountByLimit.set(key, account);
  }
  const uses = unreported(account, ref.windowMs);
  account.windowMs = ref.windowMs;
  account.uses.splice(0, account.uses.length, ...uses.map((use) => ({ ...use })));
  // Before, when the fleet has changed the length of its windows.
  if (account.windowStart !== ref.windowStart) {
    account.windowStart = ref.windowStart;
    account.granted = 0;
    account.spent = 0;
    account.reserved = 0;
    account.lastGrant = 0;
    account.dryUntilMs = 0;
    account.recalledSequence = 0;
  }
  return account;
}

/** One call of a shared rate. */
export function useOnce(account: SliceAccount, atMs: number): void {
  account.granted -= 1;
  account.usedAtMs = atMs;
  const bucket = bucketOf(account.windowMs, atMs);
  const last = account.uses.at(-1);
  // The newest may seem to lie ahead when windows have become shorter.
  if (last !== undefined && last.bucket >= bucket) last.calls += 1;
  else account.uses.push({ bucket, calls: 1 });
  // Late is safe: merged calls count longer, never shorter.
  const [oldest, second] = account.uses;
  if (account.uses.length <= SLICE_USES_MAX || oldest === undefined || second === undefined) return;
  second.calls += oldest.calls;
  account.uses.shift();
}

/**
 * Calls that an ask reports. A call of the same record is newer than the report; it may have made one
 * of the oldest two that were reported apart.
 */
export function forgetReported(account: SliceAccount, reported: readonly SliceUse[]): void {
  for (const { bucket, calls } of reported) {
    const at = Math.max(
      0,
      account.uses.findIndex((use) => use.bucket === bucket),
    );
    const use = account.uses[at];
    if (use === undefined) continue;
    use.calls -= calls;
    if (use.calls <= 0) account.uses.splice(at, 1);
  }
}

/** The uses not reported yet, for an ask, by the sub-windows of its length. */
export function unreported(
  account: SliceAccount | undefined,
  windowMs: number,
): readonly SliceUse[] {
  const uses: { readonly bucket: number; calls: number }[] = [];
  for (const { bucket: own, calls } of account?.uses ?? []) {
    const bucket = bucketIn(windowMs, own, account?.windowMs ?? windowMs);
    const last = uses.at(-1);
    if (last?.bucket === bucket) last.calls += calls;
    else uses.push({ bucket, calls });
  }
  return uses;
}
