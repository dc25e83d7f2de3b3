/** What comes from the tool server: passed on as it is, held against what the client has asked. */
import { messageOf } from '@estop/schemas/errors';
import type { JsonRecord } from '../domain/call.ts';
import { idIn, isRecord } from '../domain/mcp/frame.ts';
import { type Ends, idOfOversize } from '../domain/mcp/oversize-id.ts';
import { errorReply, REFUSED } from '../domain/mcp/replies.ts';
import type { Entry, InFlight } from './in-flight.ts';
import { textOf } from './line-splitter.ts';
import type { ServerPins } from './server-pins.ts';

const SHOWN_CHARS = 200;

interface ServerFramesDeps {
  readonly inFlight: InFlight;
  readonly pins: ServerPins;
  readonly bytesMax: number;
  note(text: string): void;
  /** To the client. */
  send(bytes: Buffer | string): void;
  /** The server cannot be followed any more. */
  broken(why: string): void;
}

export class ServerFrames {
  readonly #deps: ServerFramesDeps;

  constructor(deps: ServerFramesDeps) {
    this.#deps = deps;
  }

  /**
   * What is no message, or answers what was not asked, is dropped: a client that reads it in another
   * way than we do would be told what was never looked at.
   */
  line(bytes: Buffer): void {
    const text = textOf(bytes);
    if (text?.trim() === '') return this.#deps.send(bytes);
    const frame = parseServerFrame(text);
    if (frame === undefined) return this.#drop('what is no message', text ?? '');
    if ('method' in frame) return this.#message(frame, bytes);
    if (frame['id'] === null || frame['id'] === undefined) return this.#deps.send(bytes);
    const id = idIn(frame);
    const entry = id === null ? undefined : this.#deps.inFlight.find(id);
    if (entry === undefined) return this.#drop('an answer to no request', text ?? '');
    this.#answer(entry, frame, bytes);
  }

  oversize(ends: Ends): void {
    const { inFlight, bytesMax, send, broken } = this.#deps;
    const id = idOfOversize(ends);
    const entry = id === null ? undefined : inFlight.find(id);
    const why = `a message of the tool server has more than ${bytesMax} bytes`;
    if (entry === undefined) return broken(why);
    inFlight.remove(entry);
    const error = errorReply(entry.id, { code: REFUSED, message: why });
    if (isAwaited(entry)) send(`${JSON.stringify(error)}\n`);
    entry.settle?.(error);
  }

  #message(frame: JsonRecord, bytes: Buffer): void {
    if ('result' in frame || 'error' in frame) {
      return this.#drop('what is a request and an answer', JSON.stringify(frame));
    }
    if (frame['method'] === 'notifications/tools/list_changed') this.#deps.pins.forget();
    this.#deps.send(bytes);
  }

  #answer(entry: Entry, frame: JsonRecord, bytes: Buffer): void {
    const { inFlight, send } = this.#deps;
    if (entry.state === 'undecided' || entry.state === 'withdrawn') {
      return this.#drop('an answer to a request that it was not sent', JSON.stringify(frame));
    }
    if (entry.state === 'passed' && entry.request?.method === 'tools/list') {
      return void this.#listed(entry, frame, bytes);
    }
    inFlight.remove(entry);
    if (entry.state !== 'own') send(bytes);
    entry.settle?.(frame);
  }

  /** The client is shown no tool whose definition has changed. */
  async #listed(entry: Entry, frame: JsonRecord, bytes: Buffer): Promise<void> {
    const { inFlight, pins, send } = this.#deps;
    const { result } = frame;
    const answer = await reviewed(pins, result).catch((error: unknown) => {
      const message = `estop: the tools could not be pinned: ${messageOf(error)}`;
      return errorReply(entry.id, { code: REFUSED, message });
    });
    if (inFlight.find(entry.id) !== entry) return;
    inFlight.remove(entry);
    if (answer === result) send(bytes);
    else if (isRecord(answer) && 'jsonrpc' in answer) send(`${JSON.stringify(answer)}\n`);
    else send(`${JSON.stringify({ ...frame, result: answer })}\n`);
  }

  #drop(what: string, text: string): void {
    const shown = text.slice(0, SHOWN_CHARS).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
    this.#deps.note(`dropped from the tool server: ${what}: ${shown}`);
  }
}

async function reviewed(pins: ServerPins, result: unknown): Promise<unknown> {
  return isRecord(result) ? await pins.review(result) : result;
}

function parseServerFrame(text: string | undefined): JsonRecord | undefined {
  // A reader that ends lines at carriage returns would see other messages than this one.
  if (text === undefined || text.includes('\r')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isAwaited({ state }: Entry): boolean {
  return state === 'passed' || state === 'running';
}
