/** Which files make a fleet, and how large it may be. */

export const FILES_MAX = 2_000;
export const FLEET_BYTES_MAX = 8 * 1_048_576;

const YAML_FILES: ReadonlySet<string> = new Set([
  'agents.yaml',
  'tools.yaml',
  'limits.yaml',
  'people.yaml',
  'breakers.yaml',
]);
const POLICY_PATTERN = /^policies\/(?:[A-Za-z0-9_][A-Za-z0-9._-]*\/)*[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** Paths have `/` and are relative to the fleet folder. */
export function isFleetPath(path: string): boolean {
  return YAML_FILES.has(path) || isPolicyPath(path);
}

export function isPolicyPath(path: string): boolean {
  return path.endsWith('.cedar') && path.length <= 300 && POLICY_PATTERN.test(path);
}

/** Files for people, which are nothing to warn of. */
export function isForPeople(path: string): boolean {
  return path === 'README.md' || path === 'LICENSE';
}

/** The file a path was probably meant to be. */
export function fleetFileNames(): readonly string[] {
  return [...YAML_FILES, 'policies/rules.cedar'];
}
