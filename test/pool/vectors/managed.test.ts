import { describe, expect, test } from 'bun:test';
import { isManaged, roleOf } from '../../../src/pool/index.ts';

const NO_MANAGE = 'node.k8s.amazonaws.com/no_manage';
const INSTANCE = 'node.k8s.amazonaws.com/instance_id';

describe('managed ENIs of i-A', () => {
  const rows = [
    { tags: { [NO_MANAGE]: 'true' }, byDefault: false, taggedOnly: false },
    { tags: { [NO_MANAGE]: 'true', [INSTANCE]: 'i-A' }, byDefault: false, taggedOnly: false },
    { tags: { [NO_MANAGE]: 'false' }, byDefault: true, taggedOnly: true },
    { tags: { [INSTANCE]: 'i-A' }, byDefault: true, taggedOnly: true },
    { tags: { [INSTANCE]: 'i-B' }, byDefault: true, taggedOnly: false },
    { tags: {}, byDefault: true, taggedOnly: false },
  ];
  for (const { tags, byDefault, taggedOnly } of rows)
    test(JSON.stringify(tags), () => {
      const claims = (manageUntagged: boolean) => ({ instanceId: 'i-A', manageUntagged });
      expect(isManaged({ primary: false, tags }, claims(true))).toBe(byDefault);
      expect(isManaged({ primary: false, tags }, claims(false))).toBe(taggedOnly);
      expect(isManaged({ primary: true, tags }, claims(false))).toBe(true);
    });
});

describe('roles of attached ENIs', () => {
  const claim = { instanceId: 'i-A', manageUntagged: true };
  const rows = [
    { interfaceType: 'interface', role: { pods: true, efa: false } },
    { interfaceType: 'efa', role: { pods: true, efa: true } },
    { interfaceType: 'trunk', role: { pods: false, why: 'trunk' } },
    { interfaceType: 'efa-only', role: { pods: false, why: 'efa-only' } },
    { interfaceType: 'branch', role: { pods: false, why: 'unmanaged' } },
  ] as const;
  for (const { interfaceType, role } of rows)
    test(interfaceType, () => expect(roleOf({ primary: false, interfaceType, tags: {} }, claim)).toEqual(role));

  test('an unmanaged trunk is unmanaged, so that nobody counts on it', () => {
    const tags = { [NO_MANAGE]: 'true' };
    expect(roleOf({ primary: false, interfaceType: 'trunk', tags }, claim)).toEqual({ pods: false, why: 'unmanaged' });
  });
});
