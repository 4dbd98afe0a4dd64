import { type Ec2Action, Traffic } from '../aws/index.ts';
import { HostError } from '../errors/index.ts';
import type { GrowthUnit } from '../pool/index.ts';
import { type Account, about, type Sky } from './account.ts';
import type { Cloud, CloudEni } from './cloud.ts';
import type { SubnetSpace } from './subnet-space.ts';

/** EC2 as one node asks it: behind the daemon's own gate, which holds back what EC2 throttles. */
export class NodeEc2 {
  readonly #sky: Sky;
  readonly #account: Account;
  readonly #cloud: Cloud;
  readonly #traffic: Traffic;
  /** ENIs by attachment: when the link of each is there. */
  readonly #attached = new Map<string, { readonly eni: CloudEni; readonly linkAtMs: number }>();

  constructor(sky: Sky, account: Account, cloud: Cloud) {
    this.#sky = sky;
    this.#account = account;
    this.#cloud = cloud;
    this.#traffic = new Traffic({ clock: sky.time, random: sky.chance });
  }

  /** An ENI that is attached already, as one of the launch is. */
  adopt(eni: CloudEni): void {
    eni.state = 'attached';
    this.#attached.set(attachmentOf(eni), { eni, linkAtMs: 0 });
  }

  describeEnis(): Promise<void> {
    return this.#ask('DescribeNetworkInterfaces', () => undefined);
  }

  describeSubnets(): Promise<void> {
    return this.#ask('DescribeSubnets', () => undefined);
  }

  createEni(subnet: SubnetSpace, unit: GrowthUnit, count: number): Promise<CloudEni> {
    return this.#ask('CreateNetworkInterface', () => this.#cloud.createEni(subnet, [{ unit, count }]));
  }

  assign(eni: CloudEni, unit: GrowthUnit, count: number): Promise<readonly string[]> {
    const action = unit === 'ipv6-prefix' ? 'AssignIpv6Addresses' : 'AssignPrivateIpAddresses';
    return this.#ask(action, () => this.#cloud.assign(eni, unit, count));
  }

  unassign(eni: CloudEni, cidrs: readonly string[]): Promise<void> {
    return this.#ask('UnassignPrivateIpAddresses', () => this.#cloud.unassign(eni, cidrs));
  }

  /** Begins to attach; the link is there some time later. */
  attach(eni: CloudEni): Promise<string> {
    return this.#ask('AttachNetworkInterface', () => {
      eni.state = 'attached';
      const linkAtMs = this.#sky.time.monotonic() + about(this.#sky, this.#sky.world.attachMs);
      this.#attached.set(attachmentOf(eni), { eni, linkAtMs });
      return attachmentOf(eni);
    });
  }

  setDeleteOnTermination(): Promise<void> {
    return this.#ask('ModifyNetworkInterfaceAttribute', () => undefined);
  }

  /** Ends when the link of the ENI is there. */
  async linkOf(attachment: string): Promise<void> {
    const { linkAtMs = 0 } = this.#attached.get(attachment) ?? {};
    await this.#sky.time.sleep(linkAtMs - this.#sky.time.monotonic());
  }

  detachEni({ attachmentId }: { readonly attachmentId: string }): Promise<void> {
    return this.#ask('DetachNetworkInterface', () => {
      const found = this.#attached.get(attachmentId);
      if (found === undefined)
        throw new HostError('EC2_NOT_FOUND', { action: 'DetachNetworkInterface', reason: attachmentId });
      this.#attached.delete(attachmentId);
      this.#cloud.detach(found.eni, about(this.#sky, this.#sky.world.attachMs));
    });
  }

  deleteEni(eni: CloudEni): Promise<void> {
    return this.#ask('DeleteNetworkInterface', () => this.#cloud.deleteEni(eni));
  }

  #ask<T>(action: Ec2Action, work: () => T): Promise<T> {
    return this.#traffic.pass(action, () => this.#account.ask(action, work));
  }
}

/** What an ENI is detached by. */
export const attachmentOf = ({ id }: CloudEni): string => `${id}-attachment`;
