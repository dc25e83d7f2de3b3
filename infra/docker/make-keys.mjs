// Makes the keys of a deployment in a folder, once: `link.key`, with which services prove to each
// other what they wrote, and `operator.key`, the API key of the built-in operator.
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_CHARS = 12;
const SECRET_BYTES = 32;

const folder = process.argv[2];
if (folder === undefined) throw new Error('give the folder for the keys');
makeOnce('link.key', randomSecret());
makeOnce('operator.key', `estop_${randomId()}_${randomSecret()}`);

function makeOnce(name, text) {
  const file = join(folder, name);
  if (existsSync(file)) return;
  writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' });
  process.stderr.write(`made ${file}\n`);
}

function randomSecret() {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function randomId() {
  return Array.from({ length: ID_CHARS }, () => ID_ALPHABET[randomInt(ID_ALPHABET.length)]).join(
    '',
  );
}
