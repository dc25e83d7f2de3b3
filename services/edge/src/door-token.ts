/** The bearer token of the HTTP door: what its clients show, and what is never passed on. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { sha256Text } from '@estop/schemas/digest';

const SCHEME = /^bearer +(\S+) *$/i;
const REALM = 'Bearer realm="estop mcp"';

export class DoorToken {
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = digestOf(token);
  }

  /** The WWW-Authenticate of a refusal; undefined when the right token was shown. */
  challenge({ authorization }: IncomingHttpHeaders): string | undefined {
    const [, shown] = SCHEME.exec(authorization ?? '') ?? [];
    if (shown === undefined) return REALM;
    // Digests are of one length: the time taken tells nothing, not even how long the token is.
    const isRight = timingSafeEqual(digestOf(shown), this.#digest);
    return isRight ? undefined : `${REALM}, error="invalid_token"`;
  }
}

function digestOf(text: string): Buffer {
  return Buffer.from(sha256Text(text));
}
