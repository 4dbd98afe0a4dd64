import { familyOf, formatCidr, type IpAddress } from '../../addr/index.ts';
import { podUnwiring, rulesOfAddress } from '../../dataplane/index.ts';
import { applySteps, findLink, listOwnRules } from '../../kernel/index.ts';
import type { Owner } from '../../pool/index.ts';
import { podEnisOfFile, trunkComplaint } from '../branch/index.ts';
import type { Engine } from '../engine.ts';
import type { Counts } from '../metrics/counts.ts';
import { allocationsOf, nicsOn } from '../nics.ts';
import type { NodeNetwork } from '../node-network.ts';
import type { Node } from '../parts.ts';
import type { Reaper } from '../reaper.ts';
import type { GivenBranch, GrpcDaemon } from './backend.ts';

/** The running daemon as the gRPC interface uses it. */
export function grpcDaemon(parts: {
  readonly node: Node;
  readonly engine: Engine;
  readonly network: NodeNetwork;
  readonly counts: Counts;
  readonly reaper: Reaper;
}): GrpcDaemon {
  const { node, engine, network, counts, reaper } = parts;
  const { identity, settings, socket } = node;
  const { branches } = network;
  const source = podEnisOfFile(node);
  return {
    settings,
    logger: node.logger,
    clock: node.clock,
    // Networks of the VPC come and go while we run.
    get node() {
      return {
        instanceId: identity.instanceId,
        region: identity.region,
        ipv4: identity.primaryAddress,
        ipv6: '',
        vpcIpv4Cidrs: network.vpcCidrs.map(formatCidr),
        vpcIpv6Cidrs: [],
      };
    },
    find: (owner) => allocationsOf(engine.pool, owner),
    allocate: async (owner, { everyCard, gone }) => {
      const isNew = engine.find(owner) === undefined;
      const given = await engine.allocate(everyCard && isNew ? nicsOn(engine.cards, owner) : [{ owner }], gone);
      await reaper.clear(...given.map(({ address }) => address));
    },
    release: (owner) => {
      engine.cancel(owner);
      const addresses = allocationsOf(engine.pool, owner).map(({ address }) => address);
      for (const address of addresses) unwire(address);
      engine.release(owner);
      reaper.later(...addresses);
    },
    branch: branchOf,
    requireTrunk: () => {
      const refusal = trunkComplaint(node, branches.trunk);
      if (refusal !== undefined) throw refusal;
    },
    count: (command, code, more) => counts.count(command, code, more),
  };

  function branchOf(owner: Owner): GivenBranch | undefined {
    if (!settings.ENABLE_POD_ENI) return undefined;
    const own = source.read(owner, settings.ENABLE_IPv6 ? 'ipv6' : 'ipv4');
    return own && { ...own, trunkIndex: findLink(socket, branches.trunk?.link ?? '')?.index ?? 0 };
  }

  function unwire(address: IpAddress): void {
    // What a repair added to the plugin's own wiring, which it takes away itself.
    const rules = rulesOfAddress(address, listOwnRules(socket, [familyOf(address)]));
    applySteps(socket, podUnwiring({ address, rules, link: undefined }));
  }
}
