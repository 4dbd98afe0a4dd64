import { checkSettings } from '../../../src/config/index.ts';
import { HostError } from '../../../src/errors/index.ts';
import type { GivenBranch, GrpcDaemon } from '../../../src/ipamd/grpc/backend.ts';
import { allocationsOf, nicsOn } from '../../../src/ipamd/nics.ts';
import { createLogger } from '../../../src/log/index.ts';
import { Pool } from '../../../src/pool/model/pool.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { facts, single } from '../../pool/model/sample.ts';

/** A daemon over a real pool of one ENI, without a kernel and without EC2. */
export function poolDaemon(
  change: {
    readonly settings?: string;
    readonly addresses?: number;
    readonly device?: number;
    /** What is told of the pod's own ENI; a failure that is thrown then. */
    readonly branch?: GivenBranch | HostError;
    readonly trunk?: 'missing';
  } = {},
) {
  const pool = new Pool();
  const eni = facts(change.device ?? 2);
  pool.putEni(eni);
  pool.addCidrs(
    eni.id,
    Array.from({ length: change.addresses ?? 2 }, (_, index) => single(index + 1)),
  );
  const { resolved, faults } = checkSettings({
    files: [{ path: '/test', text: `ENABLE_GRPC_COMPAT=true\n${change.settings ?? ''}` }],
  });
  if (resolved === undefined) throw new Error(`settings of the test: ${JSON.stringify(faults)}`);
  const counted: string[] = [];
  const daemon: GrpcDaemon = {
    settings: resolved.settings,
    node: {
      instanceId: 'i-0123',
      region: 'eu-central-1',
      ipv4: '10.0.0.9',
      ipv6: '2001:db8::9',
      vpcIpv4Cidrs: ['10.0.0.0/16', '100.64.0.0/16'],
      vpcIpv6Cidrs: ['2001:db8::/56'],
    },
    logger: createLogger({ level: 'error', program: 'test' }),
    find: (owner) => allocationsOf(pool, owner),
    allocate: async (asked, { everyCard }) => {
      for (const { owner } of everyCard ? nicsOn([0, 1], asked) : [{ owner: asked }]) {
        const choice = pool.choose({ owner, since: 1n, kinds: ['address'], cards: [0] });
        if (choice === undefined) throw new HostError('POOL_GROWING', { wanted: 1 });
        if (choice.kind === 'new') pool.apply(choice.event);
      }
    },
    release: (owner) => {
      for (const each of allocationsOf(pool, owner))
        for (const event of pool.release(each.owner, 30_000)) pool.apply(event);
    },
    branch: () => {
      if (change.branch instanceof HostError) throw change.branch;
      return change.branch;
    },
    requireTrunk: () => {
      if (change.trunk === 'missing') throw new HostError('TRUNK_MISSING', { reason: 'none is attached' });
    },
    count: (command, code, { reason }) => counted.push(`${command} ${code} ${reason}`.trim()),
    clock: systemClock,
  };
  return { daemon, pool, counted };
}
