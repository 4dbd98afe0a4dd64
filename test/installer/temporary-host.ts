import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REQUIRED_PLUGINS } from '../../src/hostspec/index.ts';
import { type Host, type InstallRequest, openHost } from '../../src/installer/index.ts';

/** A root of a host with nothing of ours, an executable and stock plugins to install into it. */
export interface TemporaryHost extends Disposable {
  readonly root: string;
  readonly host: Host;
  readonly executable: string;
  readonly plugins: string;
  readonly request: (change?: Partial<InstallRequest>) => InstallRequest;
}

function program(path: string, text: string): void {
  writeFileSync(path, `#!/bin/sh\n# ${text}\n`);
  chmodSync(path, 0o755);
}

/** Makes one; `endpoint` is where its metadata service is, by default where nobody listens. */
export function temporaryHost(endpoint = 'http://127.0.0.1:9'): TemporaryHost {
  const base = mkdtempSync(join(tmpdir(), 'installer-'));
  const root = join(base, 'root');
  const executable = join(base, 'vpc-cni');
  const plugins = join(base, 'plugins');
  for (const path of ['run', 'usr/bin', 'etc', 'proc/sys/kernel/random', 'proc/sys/net/ipv4/conf/lo']) {
    mkdirSync(join(root, path), { recursive: true });
  }
  writeFileSync(join(root, 'proc/sys/kernel/random/boot_id'), 'boot-1\n');
  writeFileSync(join(root, 'proc/sys/net/ipv4/ip_forward'), '0');
  writeFileSync(join(root, 'proc/sys/net/ipv4/tcp_early_demux'), '1');
  writeFileSync(join(root, 'proc/sys/net/ipv4/conf/lo/rp_filter'), '1');
  mkdirSync(plugins);
  program(executable, 'the product');
  for (const name of REQUIRED_PLUGINS) program(join(plugins, name), name);
  const host = openHost(root, { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint });
  return {
    root,
    host,
    executable,
    plugins,
    request: (change) => ({ host, stage: 'image', version: '1.2.3', executable, plugins, foreign: 'keep', ...change }),
    [Symbol.dispose]: () => rmSync(base, { recursive: true, force: true }),
  };
}

/** Everything below a root as text: one line an object, with mode and content. Links are not followed. */
export function treeOf(root: string, below = ''): readonly string[] {
  const names = readdirSync(join(root, below)).sort();
  return names.flatMap((entry) => {
    const name = join(below, entry);
    const path = join(root, name);
    const stat = lstatSync(path);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) return [`${name} → ${readlinkSync(path)}`];
    return stat.isDirectory()
      ? [`${name}/ ${mode}`, ...treeOf(root, name)]
      : [`${name} ${mode} ${readFileSync(path, 'utf8')}`];
  });
}

/** No progress is looked at. */
export const silent = { started: () => undefined, finished: () => undefined, waiting: () => undefined };
