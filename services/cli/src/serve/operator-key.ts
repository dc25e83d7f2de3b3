/** The key of the built-in operator of a local start: made once, readable by its owner only. */
import { credentialIdOfKey, hashOfKey, newApiKey } from '@estop/schemas/api-key';
import { EstopError } from '@estop/schemas/errors';
import type { DataFolder } from '../data-folder.ts';
import { ensureSecretFile } from './secret-file.ts';

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
  return { key, hash: hashOfKey(key) };
}

function ensureKeyFile({ keyFile }: DataFolder): string {
  const key = ensureSecretFile(keyFile, () => newApiKey().key);
  if (credentialIdOfKey(key) !== undefined) return key;
  throw new EstopError('config-invalid', `${keyFile} holds no API key; delete it for a new one`);
}
