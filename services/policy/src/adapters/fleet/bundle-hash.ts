/** The name of a fleet: the hash of its files. */
import { createHash } from 'node:crypto';
import { type PolicyHash, parsePolicyHash } from '@estop/schemas/ids';
import { invariant } from '@estop/schemas/invariant';

/**
 * SHA-256 over the RFC 8785 text of the map from path to content: keys in order of their UTF-16
 * code units, strings as JSON.stringify writes them, no spaces.
 */
export function bundleHash(files: ReadonlyMap<string, string>): PolicyHash {
  const paths = [...files.keys()].sort();
  const members = paths.map((path) => `${JSON.stringify(path)}:${JSON.stringify(files.get(path))}`);
  const digest = createHash('sha256')
    .update(`{${members.join(',')}}`)
    .digest('hex');
  const hash = parsePolicyHash(`sha256:${digest}`);
  invariant(hash !== undefined, 'a SHA-256 in hex is a policy hash');
  return hash;
}
