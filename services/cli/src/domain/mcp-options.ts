/** Options of `estop mcp` that are more than a text. */

const PORT_MAX = 65_535;
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

export interface ListenAt {
  readonly host: string;
  readonly port: number;
  /** Whether only this machine reaches it. */
  readonly isLocal: boolean;
}

/** `PORT`, `:PORT` or `HOST:PORT`; a text says what is wrong with it. */
export function listenAt(text: string): ListenAt | string {
  const [, host, port] = /^(?:(.*):)?(\d+)$/.exec(text) ?? [];
  if (port === undefined || Number(port) > PORT_MAX) {
    return `--listen takes a port, or HOST:PORT, not ${JSON.stringify(text)}`;
  }
  const name = host === undefined || host === '' ? '127.0.0.1' : host.replace(/^\[|\]$/g, '');
  return { host: name, port: Number(port), isLocal: LOOPBACK.includes(name) };
}

/** `NAME=VARIABLE`: the header's value is in the environment, not on the command line. */
export function upstreamHeader(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly name: string; readonly value: string } | string {
  const [name = '', variable = ''] = text.split('=', 2);
  if (!HEADER_NAME.test(name) || variable === '') {
    return `--upstream-header takes NAME=VARIABLE, not ${JSON.stringify(text)}`;
  }
  const value = env[variable];
  if (value === undefined || value === '') return `the variable ${variable} is not set`;
  return { name: name.toLowerCase(), value };
}
