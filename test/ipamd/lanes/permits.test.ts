import { expect, test } from 'bun:test';
import { permitsOf, provisions } from '../../../src/ipamd/lanes/index.ts';
import { createFiles, withTemporaryDirectory } from '../../../src/sys/index.ts';

const SETTINGS = {
  DISABLE_NETWORK_RESOURCE_PROVISIONING: false,
  ENABLE_IMDS_ONLY_MODE: false,
  AWS_MANAGE_ENIS_NON_SCHEDULABLE: false,
};
const ALL = { grow: true, shrink: true, freeEnis: true };
const NONE = { grow: false, shrink: false, freeEnis: false };

test('permitsOf(): settings, and the switch of the operator', () =>
  withTemporaryDirectory((root) => {
    const files = createFiles(root);
    files.ensureDirectory('/run/vpc-cni', 0o700);
    expect(permitsOf(SETTINGS, files)).toEqual({ permits: ALL, because: undefined });
    for (const key of ['DISABLE_NETWORK_RESOURCE_PROVISIONING', 'ENABLE_IMDS_ONLY_MODE'] as const) {
      const settings = { ...SETTINGS, [key]: true };
      expect(permitsOf(settings, files)).toEqual({ permits: NONE, because: `${key}=true` });
      expect(provisions(settings)).toBe(false);
    }
    files.replace({ path: '/run/vpc-cni/unschedulable', text: '', mode: 0o644 });
    const { permits, because } = permitsOf(SETTINGS, files);
    expect(permits).toEqual({ grow: false, shrink: true, freeEnis: false });
    expect(because).toContain('/run/vpc-cni/unschedulable');
    expect(permitsOf({ ...SETTINGS, AWS_MANAGE_ENIS_NON_SCHEDULABLE: true }, files).permits).toEqual(ALL);
    return Promise.resolve();
  }));
