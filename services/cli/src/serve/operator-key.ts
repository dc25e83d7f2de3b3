/** The key of the built-in operator of a local start: made once, readable by its owner only. */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { EstopError } from '@estop/schemas/errors';
import type { DataFolder } from '../data-folder.ts';
import { ensureSecretFile } from './secret-file.ts';

const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_CHARS = 12;
const SECRET_BYTES = 32;
const KEY_PATTERN = /^estop_[a-z0-9]{12}_[A-Za-z0-9_-]{43}$/;

export interface OperatorKey {
  readonly key: string;
  /** Lower-case hex SHA-256 of the key: all the gateway needs to know. */
  readonly hash: string;
}

/**
 * The key that is given (ESTOP_OPERATOR_KEY), else the one in the data folder, made when there is
 * none. Throws `config-invalid` when the file holds another text.
 */
export function ensureOperatorKey(data: DataFolder, given: string | null): OperatorKey {
  const key = given ?? ensureKeyFile(data);
  return { key, hash: createHash('sha256').update(key, 'utf8').digest('hex') };
}

function ensureKeyFile({ keyFile }: DataFolder): string {
  const key = ensureSecretFile(keyFile, newKey);
  if (KEY_PATTERN.test(key)) return key;
  throw new EstopError('config-invalid', `${keyFile} holds no API key; delete it for a new one`);
}

function newKey(): string {
  const id = Array.from({ length: ID_CHARS }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]);
  return `estop_${id.join('')}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
}
