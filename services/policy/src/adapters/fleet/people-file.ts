/** people.yaml: who may watch, approve, operate and administrate. */
import {
  type GroupName,
  NAME_PATTERN,
  type PersonId,
  parseGroupName,
  parsePersonId,
} from '@estop/schemas/ids';
import type { FleetPerson, Role } from '../../domain/fleet.ts';
import { LOCAL_OPERATOR } from '../../domain/people.ts';
import { readChoice, readFields, readKey, readList, readParsed, readRoot } from './fields.ts';
import type { FileReport } from './report.ts';
import type { YamlNode } from './yaml-tree.ts';

const ROLES: readonly Role[] = ['viewer', 'approver', 'operator', 'admin'];

export const NAME_RULE = `a name: letters, digits and . _ @ + -, at most 128 (${NAME_PATTERN})`;
export const PERSON = {
  what: 'the person',
  right: 'an id: letters, digits and . _ @ + -, at most 254',
  parse: parsePersonId,
};

export function readPeople(root: YamlNode, report: FileReport): readonly FleetPerson[] {
  return [...readRoot(root, 'people', report)].flatMap(([key, entry]) => {
    const id = readKey(key, entry, { ...PERSON, report });
    if (id === undefined) return [];
    if (id === LOCAL_OPERATOR.id) {
      report.problem(entry.keyPlace, `${id} is built in`, 'leave it out: it is always an admin');
      return [];
    }
    const person = readPerson(id, entry.value, report);
    return person === undefined ? [] : [person];
  });
}

function readPerson(id: PersonId, node: YamlNode, report: FileReport): FleetPerson | undefined {
  const rules = { what: 'a person', keys: ['role', 'groups'], required: ['role'] };
  const fields = readFields(node, rules, report);
  const roleNode = fields?.get('role');
  if (fields === undefined || roleNode === undefined) return undefined;
  const role = readChoice(roleNode, { what: 'the role', choices: ROLES }, report);
  return role === undefined ? undefined : { id, role, groups: readGroups(fields, report) };
}

/** The field `groups` of an agent or a person, without duplicates. */
export function readGroups(
  fields: ReadonlyMap<string, YamlNode>,
  report: FileReport,
): readonly GroupName[] {
  const node = fields.get('groups');
  if (node === undefined) return [];
  const rules = { what: 'the group', right: NAME_RULE, parse: parseGroupName };
  const read = (item: YamlNode) => readParsed(item, rules, report);
  return [...new Set(readList(node, { what: 'groups', read }, report))];
}
