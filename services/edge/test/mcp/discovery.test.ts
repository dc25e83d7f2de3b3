import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { proposeTier } from '../../src/domain/mcp/propose-tier.ts';
import { draftMcpCatalogue } from '../../src/mcp.ts';
import { MODERN_SERVER, startModernServer } from './http-door.ts';
import { binOf } from './server-bin.ts';

const READ_ONLY = { annotations: { readOnlyHint: true } };
const HARMLESS = { annotations: { destructiveHint: false } };

describe('a proposed tier', () => {
  it.each([
    ['read_file', READ_ONLY, 'read'],
    ['read_file', {}, 'destructive'],
    ['get-env', READ_ONLY, 'destructive'],
    ['listApiKeys', READ_ONLY, 'destructive'],
    ['create_issue', HARMLESS, 'write'],
    ['create_issue', {}, 'destructive'],
    ['delete_issue', READ_ONLY, 'destructive'],
    ['delete_issue', HARMLESS, 'destructive'],
    ['refund', READ_ONLY, 'financial'],
    ['frobnicate', READ_ONLY, 'destructive'],
    ['read_file', { annotations: { readOnlyHint: 'true' } }, 'destructive'],
  ])('of %s with %j is %s', (name, definition, tier) => {
    expect(proposeTier(name, definition).tier).toBe(tier);
  });

  it('is never lower than the name alone suggests, whatever the server says', () => {
    const order = ['read', 'write', 'destructive', 'financial'];
    const rank = (tier: string) => order.indexOf(tier);
    fc.assert(
      fc.property(
        fc.constantFrom('pay', 'delete', 'get_env', 'set'),
        fc.jsonValue(),
        (name, said) => {
          const lowest = proposeTier(name, READ_ONLY).tier;
          expect(rank(proposeTier(name, { annotations: said }).tier)).toBeGreaterThanOrEqual(
            rank(lowest),
          );
        },
      ),
    );
  });
});

describe('a drafted catalogue', () => {
  const run = (server: string, ...command: readonly string[]) =>
    draftMcpCatalogue(server, {
      command: [process.execPath, ...command],
      env: { PATH: process.env['PATH'] },
      cwd: tmpdir(),
      note: () => undefined,
    });

  it('of the everything server does not believe that reading the environment is a read', async () => {
    const { yaml, left } = await run('all', binOf('server-everything'), 'stdio');
    expect(left).toEqual([]);
    const { tools } = parse(yaml);
    expect(tools['mcp.all.get-env'].tier).toBe('destructive');
    expect(tools['mcp.all.echo']).toMatchObject({
      tier: 'read',
      arguments: { properties: { message: { type: 'string' } } },
    });
    expect(tools['mcp.all.resources.read'].tier).toBe('read');
    expect(tools).toHaveProperty(['mcp.all.prompts.get']);
  });

  it('is the same in the newer era, over standard streams and over HTTP', async () => {
    const { yaml } = await run('new', MODERN_SERVER, 'stdio');
    expect(Object.keys(parse(yaml).tools)).toEqual([
      'mcp.new.echo',
      'mcp.new.steps',
      'mcp.new.sign',
    ]);
    const url = new URL(await startModernServer());
    expect((await draftMcpCatalogue('new', { url, headers: {} })).yaml).toBe(yaml);
  });

  it('fails clearly when the server ends', async () => {
    await expect(run('none', '-e', 'process.exit(3)')).rejects.toThrow('ended with 3');
  });
});
