import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createFiles, systemExec } from '../../src/sys/index.ts';

const OWN = process.pid.toString(36);

/** What test processes call their VPCs (`t1abx3`) and their namespaces (`t1ab-3-node`): the process is in the name. */
const TEST_NAME = /\bt([0-9a-z]+)(?:x\d+|-\d+-\w+)\b/g;

/**
 * State of the machine a simulator may touch, as text. Left out is what belongs to others that run meanwhile: VPCs and
 * namespaces of other processes, mounts below the directory for temporary files, and `/run/netns` as a mount, which
 * any `ip netns add` makes of it for good. Whatever this process has made and not removed shows.
 */
export async function machineState(): Promise<string> {
  const show = async (...argv: [string, ...string[]]): Promise<readonly string[]> => [
    `$ ${argv.join(' ')}`,
    ...(await systemExec.run({ argv })).stdout.split('\n'),
  ];
  const before = foreignVpcs();
  const lines = [
    ...(await show('ip', 'netns')),
    ...(await show('ip', '-brief', 'link')),
    ...(await show('ip', 'rule')),
    ...(await show('ip', 'route', 'show', 'table', 'all')),
    ...(await show('nft', 'list', 'ruleset')),
    ...readFileSync('/proc/self/mounts', 'utf8').split('\n').filter(isOfInterest),
  ];
  // Asked twice: one may have started while the lines were read, another may have ended.
  const foreign = [...new Set([...before, ...foreignVpcs()])].map(
    (vpc) => new RegExp(`^${vpc}-|/run/vpc-cni-sim/${vpc}(?:/| )`),
  );
  return lines.filter((line) => !isOfAnotherTest(line) && !foreign.some((vpc) => vpc.test(line))).join('\n');
}

function foreignVpcs(): readonly string[] {
  return createFiles('/run/vpc-cni-sim')
    .list('/')
    .filter((vpc) => !vpc.startsWith(`t${OWN}x`));
}

function isOfAnotherTest(line: string): boolean {
  return [...line.matchAll(TEST_NAME)].some(([, process]) => process !== OWN);
}

function isOfInterest(mount: string): boolean {
  const [, place = ''] = mount.split(' ');
  return place !== '/run/netns' && !place.startsWith(`${tmpdir()}/`);
}
