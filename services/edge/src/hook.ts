/**
 * One event of a coding agent: asks whether the call may be made, or reports what became of it. A
 * hook is a process of a moment, with no control stream: it holds a lease for one question, from
 * before it is asked.
 */
import { randomUUID } from 'node:crypto';
import { intentDigest, sha256Text } from '@estop/schemas/digest';
import { messageOf } from '@estop/schemas/errors';
import canonicalize from 'canonicalize';
import type { Answer, Asker } from './asker.ts';
import type { Call, JsonRecord, Outcome, PermitFlaw } from './domain/call.ts';
import {
  type AfterCall,
  type BeforeCall,
  blocked,
  type Host,
  type Reply,
} from './domain/hooks/host.ts';
import { isRecord } from './domain/json.ts';
import { permitRefusal } from './domain/refusals.ts';
import type { HookMemory } from './hook-memory.ts';
import type { HookPermitUse } from './hook-permit.ts';
import { refusalOf } from './refusal-of.ts';

/** Events above this size are refused: what a tool gave back is part of some. */
const EVENT_BYTES_MAX = 16 * 1024 * 1024;
/** An answer that took longer may be older than a halt: it is good for reads alone. */
const LEASE_MS = 3_000;
/** Both events of one call come within this time. */
const TWIN_MS_MAX = 10_000;
const ERROR_CHARS_MAX = 500;
/** Results above this size are reported without a digest. */
const DIGESTED_CHARS_MAX = 1024 * 1024;

export interface HookOptions {
  readonly host: Host;
  /** The enforcement point that the hook is. */
  readonly point: string;
  /** Stands for the agent: calls of two agents on one machine are never the same call. */
  readonly identity: string;
  readonly asker: Asker;
  readonly memory: HookMemory;
  readonly permitFlaw: (permit: string | null, use: HookPermitUse) => PermitFlaw | null;
  readonly clock: { nowMs(): number; monotonicMs(): number };
}

/** Reads one event and answers it. Never throws: any failure is a reply that blocks. */
export async function runHook(
  stdin: AsyncIterable<Buffer | string>,
  options: HookOptions,
): Promise<Reply> {
  try {
    const input = parseEvent(await readBounded(stdin));
    if (input === undefined) return blocked('the event is no JSON object');
    const reading = options.host.read(input);
    if (!reading.ok) return blocked(reading.problem);
    const { event } = reading;
    if (event.kind === 'after') return await report(event, options);
    return await decide(event, input, options);
  } catch (error) {
    return blocked(messageOf(error));
  }
}

async function readBounded(stdin: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > EVENT_BYTES_MAX) throw new Error(`the event has over ${EVENT_BYTES_MAX} bytes`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseEvent(text: string): JsonRecord | undefined {
  try {
    const event: unknown = JSON.parse(text);
    return isRecord(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

async function decide(event: BeforeCall, input: JsonRecord, options: HookOptions): Promise<Reply> {
  const { host, memory, clock, identity } = options;
  if (await isTwinOfAllowed(event, options)) return said(host.answer({ decision: 'allow' }, input));
  const asked = await ask(event.call, options);
  if (asked.refusal !== null) {
    const verdict = { decision: 'deny', message: named(asked.refusal) } as const;
    return said(host.answer(verdict, input));
  }
  const atMs = clock.nowMs();
  await memory.running.keep(event.key, { text: asked.intentId, atMs });
  if (event.twin?.role === 'first')
    await memory.twins.keep(event.twin.key, { text: identity, atMs });
  return said(host.answer({ decision: 'allow' }, input));
}

/** The first event of the same call was let through a moment ago; good for one second event. */
async function isTwinOfAllowed(
  { twin }: BeforeCall,
  { memory, identity, clock }: HookOptions,
): Promise<boolean> {
  if (twin?.role !== 'second') return false;
  const note = await memory.twins.take(twin.key);
  if (note === null || note.text !== identity) return false;
  return Math.abs(clock.nowMs() - note.atMs) <= TWIN_MS_MAX;
}

interface Asked {
  readonly intentId: string;
  /** Null: it may be done. */
  readonly refusal: string | null;
}

async function ask(call: Call, options: HookOptions): Promise<Asked> {
  const { asker, point, clock } = options;
  const argumentsText = canonicalize(call.arguments) ?? '{}';
  const digest = intentDigest(options.identity, call.tool, argumentsText);
  const waiting = await askAgain(digest, options);
  const sentMs = waiting?.sentMs ?? clock.monotonicMs();
  const intentId = waiting?.answer.intentId ?? randomUUID();
  const answer = waiting?.answer ?? (await asker.propose({ ...call, id: intentId, point }));
  if (answer.intentId !== intentId) throw new Error('the answer is about another intent');
  if (answer.decision === 'needs-approval') {
    const { id: approvalId, expiresAt } = answer.approval;
    await options.memory.tickets.keep(digest, { intentId, approvalId, expiresAt });
  }
  if (answer.decision !== 'allow') return { intentId, refusal: refusalText(answer) };
  const ageMs = clock.monotonicMs() - sentMs;
  const use = { intentId, tool: call.tool, argumentsText, point, ageMs };
  const refusal = refusalOfAllowed(answer, use, options);
  if (refusal !== null) await tell(intentId, { status: 'cancelled', error: refusal }, asker);
  return { intentId, refusal };
}

interface AskedAgain {
  readonly answer: Answer;
  /** Before the question that was answered. */
  readonly sentMs: number;
}

/** The decision on the same call that waited for a person; null: there is none, ask for a new one. */
async function askAgain(
  digest: string,
  { asker, memory, clock }: HookOptions,
): Promise<AskedAgain | null> {
  const ticket = await memory.tickets.find(digest);
  if (ticket === null) return null;
  const sentMs = clock.monotonicMs();
  let answer: Answer;
  try {
    answer = await asker.wait(ticket.intentId);
  } catch {
    // The gateway knows no such intent of this agent: nothing waits, and nothing was approved.
    await memory.tickets.drop(digest);
    return null;
  }
  if (answer.intentId !== ticket.intentId) throw new Error('the answer is about another intent');
  if (answer.decision === 'needs-approval') return { answer, sentMs };
  // Without an answer nobody knows: it still waits.
  if (answer.decision === 'deny' && answer.reason === 'timed-out') return { answer, sentMs };
  // One call goes through after one yes; whoever comes second asks anew.
  const isMine = await memory.tickets.claim(digest, ticket.intentId);
  return isMine ? { answer, sentMs } : null;
}

/** Why an allowed call may not run here and now; null: it may. */
function refusalOfAllowed(
  answer: Extract<Answer, { readonly decision: 'allow' }>,
  use: HookPermitUse,
  options: HookOptions,
): string | null {
  if (answer.tier !== 'read' && use.ageMs >= LEASE_MS) {
    const took = Math.round(use.ageMs);
    return `${use.tool} was not run: the answer took ${took} ms, and after ${LEASE_MS} ms only reads are done`;
  }
  const flaw = options.permitFlaw(answer.permit, use);
  return flaw === null ? null : permitRefusal(use.tool, flaw, use.intentId).message;
}

function refusalText(answer: Exclude<Answer, { readonly decision: 'allow' }>): string {
  const { message, approval, retryAfterMs } = refusalOf(answer);
  if (approval !== undefined) {
    return `${message} It can be given until ${new Date(approval.expiresAt).toISOString()}.`;
  }
  const again =
    retryAfterMs === undefined ? '' : `; try again in ${Math.ceil(retryAfterMs / 1_000)} s`;
  return `${message} (${answer.reason}${again})`;
}

/** The model sees it among the words of its host: it must see who says it. */
function named(text: string): string {
  return text.startsWith('estop') ? text : `estop: ${text}`;
}

/** The call is over: a report that does not arrive must not hide what the tool gave back. */
async function report(event: AfterCall, { memory, asker, clock }: HookOptions): Promise<Reply> {
  const note = await memory.running.take(event.key);
  if (note === null) return said({});
  const { status, durationMs, error, result } = event;
  const trouble = await tell(
    note.text,
    {
      status,
      durationMs: durationMs ?? Math.max(0, clock.nowMs() - note.atMs),
      ...(error === null ? {} : { error: error.slice(0, ERROR_CHARS_MAX) }),
      resultDigest: digestOf(result),
    },
    asker,
  );
  return { ...said({}), stderr: trouble === null ? '' : `estop: ${trouble}\n` };
}

/** What was in the way of reporting an outcome; null: nothing. Until it is known it counts as unknown. */
async function tell(intentId: string, outcome: Outcome, asker: Asker): Promise<string | null> {
  try {
    if (await asker.outcome(intentId, outcome)) return null;
    return `the outcome of ${intentId} could not be reported`;
  } catch (error) {
    return `the outcome of ${intentId} was refused: ${messageOf(error)}`;
  }
}

function digestOf(result: unknown): string | undefined {
  const text = JSON.stringify(result);
  return text === undefined || text.length > DIGESTED_CHARS_MAX ? undefined : sha256Text(text);
}

function said(output: JsonRecord): Reply {
  return { stdout: `${JSON.stringify(output)}\n`, stderr: '', exitCode: 0 };
}
