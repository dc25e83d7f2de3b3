// A real schema registry (Apicurio, in memory) that speaks the Confluent API.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { apicurioFolder } from './artifacts.ts';
import { HOST } from './broker-config.ts';
import { retryWhenPortTaken, startJavaServer } from './java-server.ts';
import { findFreePorts } from './ports.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';
import { findJava } from './toolchain.ts';

const JVM_OPTIONS = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export type Registry = {
  /** Base address of the Confluent-compatible API, version 7. */
  readonly url: string;
  /** Ends it; its schemas are gone and nothing is left when it resolves. */
  stop(): Promise<void>;
};

/**
 * Starts an empty registry and resolves when it answers. Fetches it on first use. Throws when Java
 * or Maven is missing, or it does not start; then nothing is left running.
 */
export async function startRegistry(): Promise<Registry> {
  const java = await findJava();
  const appDir = await apicurioFolder();
  const jar = await findRunnerJar(appDir);
  return retryWhenPortTaken(async () => {
    const sandbox = await openSandbox();
    try {
      const url = await launch(sandbox, java, jar);
      return { url, stop: () => sandbox.close() };
    } catch (error) {
      await sandbox.close();
      throw error;
    }
  });
}

async function findRunnerJar(appDir: string): Promise<string> {
  const jar = (await readdir(appDir)).find((name) => name.endsWith('-runner.jar'));
  if (jar === undefined) throw new Error(`${appDir} holds no registry: remove it and try again`);
  return join(appDir, jar);
}

async function launch(sandbox: Sandbox, java: string, jar: string): Promise<string> {
  const [port = 0] = await findFreePorts(1);
  const url = `http://${HOST}:${port}/apis/ccompat/v7`;
  const address = [`-Dquarkus.http.host=${HOST}`, `-Dquarkus.http.port=${port}`];
  const temporary = `-Djava.io.tmpdir=${sandbox.folder}`;
  await startJavaServer(sandbox, {
    title: 'Apicurio registry',
    java,
    args: [...JVM_OPTIONS, ...address, temporary, '-jar', jar],
    cwd: sandbox.folder,
    output: join(sandbox.folder, 'registry.log'),
    isReady: () => answers(`${url}/subjects`),
  });
  return url;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
