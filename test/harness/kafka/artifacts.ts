// What the tests need of others, fetched once into a cache outside the repository: Apache Kafka and
// the Apicurio registry, by Maven.
import { access, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withFileLock } from './file-lock.ts';
import { openSandbox, type Sandbox, tailOf } from './sandbox.ts';
import { findMaven } from './toolchain.ts';

const KAFKA_VERSION = '4.4.0';
const APICURIO_VERSION = '3.0.9';

const SCALA_VERSION = '2.13';
// Kafka 4 brings slf4j 1.7, hence not the slf4j2 binding.
const LOG4J_VERSION = '2.24.3';
// 2.8 copies an archive by its coordinates alone; later ones also want its parent POM.
const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:2.8';
const MAX_ATTEMPTS = 3;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>estop</groupId>
  <artifactId>kafka-harness</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_${SCALA_VERSION}</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>${LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

type Artifact = {
  /** Folder name in the cache; holds the version, so that versions live side by side. */
  readonly key: string;
  readonly title: string;
  /** Fills `target`, an empty folder. */
  readonly fetch: (sandbox: Sandbox, target: string) => Promise<void>;
};

/** Folder with the jars of the Kafka broker. Fetches them on first use (43 MB). */
export function kafkaJars(): Promise<string> {
  return cached({
    key: `kafka-${KAFKA_VERSION}`,
    title: `Apache Kafka ${KAFKA_VERSION} (43 MB)`,
    fetch: fetchKafka,
  });
}

/** Folder with the unpacked registry. Fetches it on first use (109 MB). */
export function apicurioFolder(): Promise<string> {
  return cached({
    key: `apicurio-${APICURIO_VERSION}`,
    title: `Apicurio registry ${APICURIO_VERSION} (109 MB)`,
    fetch: fetchApicurio,
  });
}

/** Where fetched software is kept: `ESTOP_CACHE_DIR`, or `estop` in the user's cache folder. */
function cacheRoot(): string {
  const own = process.env['ESTOP_CACHE_DIR'];
  if (own) return own;
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'estop');
}

/** The folder of the artifact in the cache; fetches it on first use. */
export async function cached(artifact: Artifact): Promise<string> {
  const root = cacheRoot();
  const final = join(root, artifact.key);
  if (await exists(final)) return final;
  await mkdir(root, { recursive: true });
  // One lock for all: Maven's own repository is not made for two writers at a time.
  return withFileLock(join(root, 'maven.lock'), async () => {
    if (!(await exists(final))) await fetchInto(final, artifact);
    return final;
  });
}

/** Fetches beside the final folder and renames: the final folder is either absent or complete. */
async function fetchInto(final: string, artifact: Artifact): Promise<void> {
  process.stderr.write(`fetching ${artifact.title}, once, to ${final}\n`);
  const sandbox = await openSandbox(cacheRoot());
  try {
    const target = join(sandbox.folder, 'content');
    await mkdir(target);
    await artifact.fetch(sandbox, target);
    await rename(target, final).catch(async (error: unknown) => {
      if (!(await exists(final))) throw error;
    });
  } finally {
    await sandbox.close();
  }
}

async function fetchKafka(sandbox: Sandbox, target: string): Promise<void> {
  await writeFile(join(sandbox.folder, 'pom.xml'), POM);
  await maven(sandbox, [
    `${DEPENDENCY_PLUGIN}:copy-dependencies`,
    '-DincludeScope=runtime',
    `-DoutputDirectory=${target}`,
  ]);
}

async function fetchApicurio(sandbox: Sandbox, target: string): Promise<void> {
  const archives = join(sandbox.folder, 'archives');
  const coordinates = `io.apicurio:apicurio-registry-app:${APICURIO_VERSION}:tar.gz:all`;
  await maven(sandbox, [
    `${DEPENDENCY_PLUGIN}:copy`,
    `-Dartifact=${coordinates}`,
    `-DoutputDirectory=${archives}`,
  ]);
  const [archive] = await readdir(archives);
  if (archive === undefined) throw new Error(`Maven copied nothing for ${coordinates}`);
  await runToEnd(sandbox, 'tar', [
    '-xzf',
    join(archives, archive),
    '--no-same-owner',
    '-C',
    target,
  ]);
}

/** Networks fail now and then: Maven is asked up to three times. */
async function maven(sandbox: Sandbox, args: readonly string[]): Promise<void> {
  const command = await findMaven();
  for (let attempt = 1; ; attempt++) {
    try {
      return await runToEnd(sandbox, command, ['-q', '-B', '-C', ...args]);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Throws with the end of its output when it fails. */
export async function runToEnd(
  sandbox: Sandbox,
  command: string,
  args: readonly string[],
): Promise<void> {
  const output = join(sandbox.folder, 'output.log');
  const { ended } = await sandbox.run({ command, args, output });
  const { code } = await ended;
  if (code === 0) return;
  throw new Error(`${command} ${args.join(' ')} failed:\n${await tailOf(output)}`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
