/** An enforcement point that allows everything: what is left is the door in front of it. */
export function pointAllowingAll(onKill) {
  return {
    name: 'bench',
    hasLease: true,
    async run(_call, execute) {
      const signal = new AbortController().signal;
      const { result } = await execute({ intentId: 'i', signal, recheck: () => null });
      return { kind: 'ran', result };
    },
    onKill,
  };
}
