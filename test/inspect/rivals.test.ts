import { expect, test } from 'bun:test';
import { diagnoseRivals } from '../../src/inspect/doctor/rivals.ts';
import { observeRivals } from '../../src/inspect/index.ts';
import { createFiles, withTemporaryDirectory } from '../../src/sys/index.ts';

test('nm-cloud-setup is found by the links that start it, and not where it is merely installed', () =>
  withTemporaryDirectory(async (root) => {
    const files = createFiles(root);
    const timer = '/usr/lib/systemd/system/nm-cloud-setup.timer';
    const link = '/etc/systemd/system/timers.target.wants/nm-cloud-setup.timer';
    for (const path of [timer, link]) files.ensureDirectory(path.slice(0, path.lastIndexOf('/')), 0o755);
    files.replace({ path: timer, text: '[Timer]\n', mode: 0o644 });
    expect(observeRivals(files)).toEqual([]);
    files.link({ path: link, target: timer });
    const findings = diagnoseRivals(observeRivals(files));
    expect(findings.map(({ code, severity, evidence }) => [code, severity, evidence])).toEqual([
      ['NM_CLOUD_SETUP', 'fault', `${link} starts it at boot`],
    ]);
  }));
