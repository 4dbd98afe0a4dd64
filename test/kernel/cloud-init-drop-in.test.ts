import { expect, test } from 'bun:test';
import { dropIns } from '../../src/hostspec/index.ts';
import { createFiles, systemExec, withTemporaryDirectory } from '../../src/sys/index.ts';

/** Asks the real cloud-init, given the files of /etc/cloud, which events make it configure the network again. */
const ASK = `
import json, sys
from cloudinit import util
from cloudinit.event import EventScope, EventType
from cloudinit.sources.DataSourceEc2 import DataSourceEc2
from cloudinit.stages import update_event_enabled
cfg = util.read_conf_with_confd(sys.argv[1] + "/etc/cloud/cloud.cfg")
source = DataSourceEc2({}, None, None)
# As releases from 24.1 on have it for EC2.
source.default_update_events = {EventScope.NETWORK: {EventType.BOOT_NEW_INSTANCE, EventType.HOTPLUG}}
events = (EventType.BOOT_NEW_INSTANCE, EventType.BOOT, EventType.HOTPLUG)
print(json.dumps([str(e) for e in events if update_event_enabled(source, cfg, e, EventScope.NETWORK)]))
`;

async function events(root: string): Promise<unknown> {
  const { stdout } = await systemExec.run({ argv: ['/usr/bin/python3', '-c', ASK, root], timeoutMs: 30_000 });
  return JSON.parse(stdout);
}

test('cloud-init configures the network for a new instance, and for no ENI that comes later', () =>
  withTemporaryDirectory(async (root) => {
    const files = createFiles(root);
    files.ensureDirectory('/etc/cloud/cloud.cfg.d', 0o755);
    files.replace({ path: '/etc/cloud/cloud.cfg', text: 'datasource_list: [Ec2]\n', mode: 0o644 });
    const image = 'updates:\n  network:\n    when: [boot-new-instance, hotplug]\n';
    files.replace({ path: '/etc/cloud/cloud.cfg.d/10-image.cfg', text: image, mode: 0o644 });
    expect(await events(root)).toEqual(['boot-new-instance', 'hotplug']);
    const ours = dropIns({ AWS_VPC_K8S_CNI_VETHPREFIX: 'eni' }).filter(({ program }) => program === 'cloud-init');
    for (const { path, text } of ours) files.replace({ path, text, mode: 0o644 });
    expect(await events(root)).toEqual(['boot-new-instance']);
  }));
