/** What every command is given: the streams, the output format, the way to the gateway. */
import { resolve } from 'node:path';
import { type Api, createApi } from './api.ts';
import { CliError } from './cli-error.ts';
import { type DataFolder, dataFolder, readTextFile } from './data-folder.ts';
import { EXIT } from './domain/exit.ts';
import { createPainter, type Painter } from './domain/paint.ts';
import type { Io } from './io.ts';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** Options that every command takes. */
export interface GlobalOptions {
  readonly output: 'text' | 'json';
  readonly data?: string;
}

export interface Context {
  readonly io: Io;
  readonly painter: Painter;
  readonly data: DataFolder;
  readonly isJson: boolean;
  /** The gateway; throws when neither environment nor data folder say where it is. */
  api(): Api;
  /** Where the gateway is, and the key to use there. Throws as `api` does. */
  gateway(): { readonly url: string; readonly key: string };
  /** One line of data. */
  line(text: string): Promise<void>;
  /** One value of data, as a single line of JSON. */
  json(value: unknown): Promise<void>;
  /** One line for people. */
  note(text: string): void;
}

export function createContext(io: Io, options: GlobalOptions): Context {
  const data = dataFolder(io, options.data);
  const isColoured = io.outIsTty && (io.env['NO_COLOR'] ?? '') === '' && io.env['TERM'] !== 'dumb';
  return {
    io,
    painter: createPainter(isColoured),
    data,
    isJson: options.output === 'json',
    gateway: () => gatewayOf(io, data),
    api: () => createApi({ ...gatewayOf(io, data), fetch, signal: io.signal }),
    line: (text) => io.out(`${text}\n`),
    json: (value) => io.out(`${JSON.stringify(value)}\n`),
    note: (text) => io.err(`${text}\n`),
  };
}

function gatewayOf(io: Io, data: DataFolder): { readonly url: string; readonly key: string } {
  const url = io.env['ESTOP_URL'] || readTextFile(data.addressFile);
  if (url === undefined || !URL.canParse(url)) {
    const hint = 'start estop here (`npm start`), or set ESTOP_URL';
    throw new CliError(EXIT.error, `no estop is running on ${data.path}`, hint);
  }
  const key = keyOf(io, data, url);
  if (key !== undefined && key !== '') return { url, key };
  const hint = 'set ESTOP_KEY or ESTOP_KEY_FILE';
  throw new CliError(EXIT.notAuthorised, `there is no key for ${url}`, hint);
}

/** The key to use at this address. The local operator's key never goes to another machine. */
function keyOf(io: Io, data: DataFolder, url: string): string | undefined {
  const keyFile = io.env['ESTOP_KEY_FILE'];
  if (io.env['ESTOP_KEY']) return io.env['ESTOP_KEY'];
  if (keyFile) return readTextFile(resolve(io.cwd, keyFile));
  const { hostname } = new URL(url);
  return LOOPBACK.includes(hostname) ? readTextFile(data.keyFile) : undefined;
}
