// What the tests of the harness look at to see whether anything was left behind.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** Command lines of all processes that name `text`, such as a folder they work in. */
export function commandsNaming(text: string): string[] {
  const table = execFileSync('ps', ['-axww', '-o', 'stat=,args='], { encoding: 'utf8' });
  return table.split('\n').filter((line) => line.includes(text) && !line.startsWith('Z'));
}

/** The sandbox folders in a temporary directory. */
export function sandboxFolders(dir: string): string[] {
  return readdirSync(dir).filter((name) => name.startsWith('estop-sandbox-'));
}
