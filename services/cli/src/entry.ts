/** Which half of the command runs: hooks start on every tool call, and load nothing but themselves. */

export async function runEntry(): Promise<void> {
  const [, , command, ...args] = process.argv;
  if (command === 'hook') {
    const { runHookProcess } = await import('./hook-process.ts');
    await runHookProcess(args);
  } else {
    const { runProcess } = await import('./main.ts');
    await runProcess();
  }
}
