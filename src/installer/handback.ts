import { HostError } from '../errors/index.ts';
import { describeOthers, diffHandback, PATHS, type RemovalStep } from '../hostspec/index.ts';
import { branchPodsOf } from './branch-pods.ts';
import { handOver, keptDels } from './hand-over.ts';
import { asOnlyRun, type Host, readSettings, underLock } from './host.ts';
import { countWiredPods, observeHostNetwork } from './observe-takeover.ts';
import { findOtherIpamd } from './other-ipamd.ts';
import { applyRemovals, type DoneRemoval, observeInstall, type RemovalProgress } from './uninstall.ts';

/**
 * Finds out what handing the node back to aws-node would do. Changes nothing. Throws `HANDBACK_OTHER_IPAMD`,
 * `HANDBACK_BRANCH_PODS`, `HANDBACK_NO_CHECKPOINT`, and `CHECKPOINT_BAD` for a checkpoint that aws-node could not read either.
 */
export async function planHandback(host: Host): Promise<readonly RemovalStep[]> {
  const observed = await observeInstall(host);
  if (observed.record.handedBack !== undefined) return diffHandback(observed, undefined);
  const given = handOver(host.files);
  const steps = diffHandback(observed, given && { pods: given.pods.length });
  if (steps.length === 0) return steps;
  const others = await findOtherIpamd(host);
  if (others.length > 0) throw new HostError('HANDBACK_OTHER_IPAMD', { evidence: describeOthers(others) });
  const network = observeHostNetwork();
  const branches = branchPodsOf(network.links, keptDels(host.files));
  if (branches.length > 0) throw new HostError('HANDBACK_BRANCH_PODS', { pods: branches.join(', ') });
  const pods = countWiredPods(network, readSettings(host).AWS_VPC_K8S_CNI_VETHPREFIX);
  if (given === undefined && pods > 0) throw new HostError('HANDBACK_NO_CHECKPOINT', { pods, path: PATHS.checkpoint });
  return steps;
}

/**
 * Hands the node back to aws-node: pods keep their wiring and our packet rules until it serves. Throws
 * `HANDBACK_INCOMPLETE` naming what is left; running it again goes on from there.
 */
export async function handback(host: Host, progress: RemovalProgress): Promise<readonly DoneRemoval[]> {
  const work = async (): Promise<readonly DoneRemoval[]> =>
    await applyRemovals(host, { steps: await planHandback(host), failure: 'HANDBACK_INCOMPLETE' }, progress);
  return await asOnlyRun(host, () => underLock(host, work));
}
