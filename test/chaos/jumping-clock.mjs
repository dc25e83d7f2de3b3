// @ts-check
// Preloaded into a service: each SIGUSR2 moves its wall clock, an hour ahead, an hour back, and to
// the right time again. What runs by the monotonic clock is not moved, as on a real machine.
const JUMPS_MS = [3_600_000, -3_600_000, 0];
const RealDate = Date;
let jumps = 0;
let shiftMs = 0;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [target.now() + shiftMs] : args, newTarget),
  apply: (target) => new target(target.now() + shiftMs).toString(),
  get: (target, name, receiver) =>
    name === 'now' ? () => target.now() + shiftMs : Reflect.get(target, name, receiver),
});

process.on('SIGUSR2', () => {
  shiftMs = JUMPS_MS[jumps % JUMPS_MS.length] ?? 0;
  jumps += 1;
});
