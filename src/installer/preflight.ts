import type { InstanceFacts } from '../aws/index.ts';
import type { Settings } from '../config/index.ts';
import {
  earlierConflists,
  type Foreign,
  PATHS,
  type Preflight,
  parseRival,
  preflight,
  type Rival,
  regionClaims,
} from '../hostspec/index.ts';
import type { ReadFiles } from '../sys/index.ts';
import type { Host } from './host.ts';
import { kernelModules } from './modules.ts';
import { readManifests } from './observe.ts';

/** Programs that are or hold a kubelet, as the kernel names their processes. */
const KUBELETS: ReadonlySet<string> = new Set(['kubelet', 'k3s-server', 'k3s-agent']);

/** Network configurations that sort before ours. Runtimes take the first that is valid. */
function findRivals(files: ReadFiles): readonly Rival[] {
  return earlierConflists(files.list(PATHS.conflistDirectory))
    .filter((path) => files.fact(path).kind !== 'directory')
    .map((path) => parseRival(path, files.read(path) ?? ''))
    .filter((rival) => rival !== undefined);
}

/** A kubelet in our network namespace: one of another is the kubelet of another node. */
function findKubelet(files: ReadFiles): { readonly name: string; readonly pid: number } | undefined {
  const netns = (pid: string): string => {
    const fact = files.fact(`/proc/${pid}/ns/net`);
    return fact.kind === 'link' ? fact.target : '';
  };
  const home = netns('self');
  for (const pid of files.list('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const name = nameOf(files, pid);
    if (name !== undefined && KUBELETS.has(name) && netns(pid) === home) return { name, pid: Number(pid) };
  }
  return undefined;
}

function nameOf(files: ReadFiles, pid: string): string | undefined {
  try {
    return files.read(`/proc/${pid}/comm`)?.trim();
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

/** Looks for whatever forbids this installation. Changes nothing. */
export function checkPreflight(
  request: {
    readonly host: Host;
    readonly stage: 'image' | 'boot' | 'all';
    readonly foreign: Foreign;
    readonly adopting?: true;
  },
  about: { readonly settings: Settings; readonly instance: InstanceFacts | undefined },
): Preflight {
  const { host, stage, foreign } = request;
  const { files } = host;
  const { AWS_ENDPOINT_URL_EC2 } = about.settings;
  const isFirst = stage === 'all' && readManifests(files).length === 0;
  const { modules, states } = stage === 'image' ? { modules: [], states: {} } : kernelModules(files);
  return preflight({
    stage,
    foreign,
    region: about.instance?.region,
    claims: regionClaims({ env: host.env, endpoints: { AWS_ENDPOINT_URL_EC2 } }),
    rivals: findRivals(files),
    // A takeover is there for a kubelet with pods.
    kubelet: isFirst && request.adopting === undefined ? findKubelet(files) : undefined,
    modules,
    moduleStates: states,
  });
}
