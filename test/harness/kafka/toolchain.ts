// Finds Java and Maven, or says what to install.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const MIN_JAVA_MAJOR = 17;

const HOW_TO_INSTALL = [
  `The Kafka harness needs Java ${MIN_JAVA_MAJOR} or later and Maven:`,
  '  Debian, Ubuntu  apt-get install -y openjdk-17-jre-headless maven',
  '  Fedora          dnf install -y java-21-openjdk-headless maven',
  '  macOS           brew install openjdk@21 maven',
  'Both must be on the PATH (or JAVA_HOME set). `npm start` and `npm test` need neither.',
].join('\n');

const execute = promisify(execFile);

/** The `java` command to use. Throws with instructions when it is absent or older than 17. */
export async function findJava(): Promise<string> {
  const home = process.env['JAVA_HOME'];
  const java = home ? join(home, 'bin', 'java') : 'java';
  const version = await versionText(java, '-version');
  const major = Number(/version "(\d+)/.exec(version)?.[1] ?? 0);
  if (major < MIN_JAVA_MAJOR) {
    throw new Error(`${java} is too old (${version.split('\n')[0]}).\n${HOW_TO_INSTALL}`);
  }
  return java;
}

/** The `mvn` command to use. Throws with instructions when it is absent. */
export async function findMaven(): Promise<string> {
  await versionText('mvn', '--version');
  return 'mvn';
}

async function versionText(command: string, flag: string): Promise<string> {
  try {
    const { stdout, stderr } = await execute(command, [flag]);
    return `${stderr}${stdout}`;
  } catch (error) {
    throw new Error(`${command} cannot be run.\n${HOW_TO_INSTALL}`, { cause: error });
  }
}
