/** What both doors of the MCP proxy do with a request that is judged, before and after the point. */
import { sha256Text } from '@estop/schemas/digest';
import { messageOf } from '@estop/schemas/errors';
import type { Call, JsonRecord, Outcome } from '../domain/call.ts';
import { type InputAsked, inputAskedIn, inputGivenIn } from '../domain/mcp/continuation.ts';
import { VERSION_KEY } from '../domain/mcp/era.ts';
import { isRecord, type RequestFrame } from '../domain/mcp/frame.ts';
import { outcomeOf } from '../domain/mcp/outcome.ts';
import type { ParamHeader } from '../domain/mcp/param-headers.ts';
import { errorReply, HEADER_MISMATCH, refusalText, refusedReply } from '../domain/mcp/replies.ts';
import type { EnforcementPoint, RunningCall } from '../point.ts';
import { type OpenCall, OpenCalls } from './open-calls.ts';
import type { ServerPins } from './server-pins.ts';

/** Requests for one call: a server that asks for input without end is judged again. */
const LEGS_MAX = 10;
/** Pages of a listing that the proxy asks for itself. */
const PAGES_MAX = 100;

export interface JudgedRequest {
  readonly request: RequestFrame;
  readonly call: Call;
  /** The tool, as its server calls it; null for resources and prompts. */
  readonly toolName: string | null;
}

/** What came of a request that was sent on. */
export interface Leg {
  readonly outcome: Outcome;
  /** What the call waits for now; undefined: it is over. */
  readonly input?: InputAsked;
}

/** How a door reaches the tool server for one request. */
export interface Passage {
  /** Fires when the client has gone, or has taken the request back. */
  readonly signal: AbortSignal;
  /** Sends the request, passes the answer on to the client, and says what came of it. Never throws. */
  forward(text: string, running: RunningCall): Promise<Leg>;
  /** Asks the server itself; answers the result. */
  ask(method: string, params: JsonRecord): Promise<JsonRecord>;
  /** Why the request does not say what its headers say, of which the tool declares some. */
  objection?(declared: readonly ParamHeader[]): string | undefined;
}

export class Gate {
  readonly #point: EnforcementPoint;
  readonly #pins: ServerPins;
  readonly #open = new OpenCalls();

  constructor(point: EnforcementPoint, pins: ServerPins) {
    this.#point = point;
    this.#pins = pins;
  }

  /** What the client is still to be answered; null when the tool server has answered it. */
  async pass(judged: JudgedRequest, passage: Passage): Promise<JsonRecord | null> {
    const { request, toolName } = judged;
    const barred = toolName === null ? undefined : await this.#barred(toolName, request, passage);
    if (barred !== undefined) return refusedReply(request, barred);
    const mismatch =
      toolName === null ? undefined : passage.objection?.(this.#pins.paramHeadersOf(toolName));
    if (mismatch !== undefined) {
      return errorReply(request.id, { code: HEADER_MISMATCH, message: mismatch });
    }
    try {
      const open = this.#openCall(judged, passage);
      const refusal =
        open === undefined
          ? await this.#run(judged, passage)
          : await this.#goOn(judged, passage, open);
      return refusal === null ? null : refusedReply(request, refusal);
    } catch (error) {
      // Arguments that have no RFC 8785 form, such as half of a character.
      return refusedReply(request, `estop: it could not be asked: ${messageOf(error)}.`);
    }
  }

  /** Calls that wait for input go on no more. */
  close(): void {
    this.#open.close();
  }

  async #run(judged: JudgedRequest, passage: Passage): Promise<string | null> {
    const { signal } = passage;
    const ran = await this.#point.run(
      judged.call,
      async (running) => {
        // A yes that comes too late: nobody waits for the call any more.
        if (signal.aborted) return { result: null, outcome: CANCELLED };
        const outcome = await new Promise<Outcome>((end) => {
          void this.#send(judged, passage, { running, legs: 0, outcome: NOTHING_YET, end });
        });
        return { result: null, outcome };
      },
      { signal },
    );
    return ran.kind === 'ran' ? null : refusalText(ran);
  }

  /** The call that this request goes on with, when it does. */
  #openCall({ request, call }: JudgedRequest, { signal }: Passage): OpenCall | undefined {
    const given = inputGivenIn(request.params);
    return given === undefined || signal.aborted ? undefined : this.#open.take(call, given);
  }

  /** It was judged when it began; what can have changed meanwhile is looked at again. */
  async #goOn(judged: JudgedRequest, passage: Passage, open: OpenCall): Promise<string | null> {
    const refusal = open.running.recheck();
    if (refusal !== null) {
      open.end(open.outcome);
      return refusalText(refusal);
    }
    await this.#send(judged, passage, open);
    return null;
  }

  async #send({ request, call }: JudgedRequest, passage: Passage, open: OpenCall): Promise<void> {
    const leg = await passage.forward(JSON.stringify(request.frame), open.running);
    const legs = open.legs + 1;
    const outcome = inAll(open.outcome, leg.outcome);
    if (leg.input === undefined || legs >= LEGS_MAX) return open.end(outcome);
    this.#open.keep(call, leg.input, { ...open, legs, outcome });
  }

  /** Why a tool may not be called, whatever estop decides; undefined when nothing speaks against it. */
  async #barred(
    name: string,
    request: RequestFrame,
    passage: Passage,
  ): Promise<string | undefined> {
    if (this.#pins.statusOf(name) === 'unseen') {
      const trouble = await this.#look(request, passage);
      if (trouble !== undefined) return trouble;
    }
    const status = this.#pins.statusOf(name);
    if (status === 'pinned') return undefined;
    const tool = `${this.#pins.server}.${name}`;
    if (status === 'unseen') return `estop: the tool server has no tool ${tool}. Nothing was done.`;
    const what =
      status === 'new'
        ? `${tool} is new: the tool server did not have it when it was first seen`
        : `the definition of ${tool} has changed since it was first seen`;
    const how = `An operator accepts it with \`estop mcp --accept ${tool}\`.`;
    return `estop: ${what}. Nothing was done. ${how}`;
  }

  /** A client may call what it was told of long ago: the server is asked what it says of it now. */
  async #look({ params }: RequestFrame, passage: Passage): Promise<string | undefined> {
    try {
      let cursor: unknown;
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const asked = { ...envelopeOf(params), ...(cursor === undefined ? {} : { cursor }) };
        const result = await passage.ask('tools/list', asked);
        await this.#pins.review(result);
        cursor = result['nextCursor'];
        if (cursor === undefined || cursor === null) break;
      }
      return undefined;
    } catch (error) {
      const why = messageOf(error);
      return `estop: the definitions of the tools could not be read: ${why}. Nothing was done.`;
    }
  }
}

const CANCELLED: Outcome = { status: 'cancelled' };
const NOTHING_YET: Outcome = { status: 'unknown' };

/** What came of the last request for a call, with the time that all of them took. */
function inAll({ durationMs: before = 0 }: Outcome, { durationMs, ...last }: Outcome): Outcome {
  return durationMs === undefined ? last : { ...last, durationMs: before + durationMs };
}

/** What a modern request says of its client, for a request of our own in its name. */
function envelopeOf({ _meta: meta }: JsonRecord): JsonRecord {
  if (!isRecord(meta) || typeof meta[VERSION_KEY] !== 'string') return {};
  const { progressToken: _, ...envelope } = meta;
  return { _meta: envelope };
}

/** What the answer says that came to a request with `params`, `durationMs` after it was sent. */
export function legOf(params: JsonRecord, response: JsonRecord, durationMs: number): Leg {
  const said = { ...outcomeOf(response), durationMs: Math.round(durationMs) };
  const resultDigest = digestOf(response['result']);
  const outcome = resultDigest === undefined ? said : { ...said, resultDigest };
  const input = inputAskedIn(params, response);
  return input === undefined ? { outcome } : { outcome, input };
}

function digestOf(result: unknown): string | undefined {
  try {
    return result === undefined ? undefined : sha256Text(JSON.stringify(result));
  } catch {
    // Nested too deep to be written again.
    return undefined;
  }
}
