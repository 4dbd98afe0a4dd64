import type { SimEni, SimEvent, SimInstance, SimSecurityGroup, SimVpc } from '../../../src/sim/model/index.ts';

/** What a face knows of a VPC from its events alone: links, branches, groups, instances, networks. */
export class Picture {
  readonly #vpc: SimVpc;
  readonly #links = new Map<string, SimEni>();
  readonly #branches = new Map<string, SimEni>();
  readonly #groups = new Map<string, SimSecurityGroup>();
  readonly #instances = new Map<string, SimInstance>();
  #networks: unknown;

  constructor(vpc: SimVpc) {
    this.#vpc = vpc;
    for (const group of vpc.securityGroups()) this.#groups.set(group.id, group);
    for (const instance of vpc.instances()) this.#instances.set(instance.id, instance);
    for (const eni of vpc.enis()) if (eni.attachment?.state === 'attached') this.#links.set(eni.id, eni);
    this.#networks = networksOf(vpc);
  }

  /** Takes note of an event. */
  follow(event: SimEvent): void {
    switch (event.kind) {
      case 'eni-attached':
        this.#links.set(event.eni.id, event.eni);
        break;
      case 'eni-detached':
        this.#links.delete(event.eni.id);
        break;
      case 'eni-changed':
        if (this.#links.has(event.eni.id)) this.#links.set(event.eni.id, event.eni);
        if (event.eni.trunk === undefined) this.#branches.delete(event.eni.id);
        else this.#branches.set(event.eni.id, event.eni);
        break;
      case 'eni-deleted':
        this.#branches.delete(event.eni.id);
        break;
      case 'instance-launched':
      case 'instance-changed':
      case 'instance-rebooted':
        if (event.instance.state !== 'terminated') this.#instances.set(event.instance.id, event.instance);
        break;
      case 'instance-terminated':
        this.#instances.delete(event.instance.id);
        break;
      case 'group-changed':
        this.#groups.set(event.group.id, event.group);
        break;
      case 'group-deleted':
        this.#groups.delete(event.groupId);
        break;
      case 'vpc-changed':
        this.#networks = networksOf(this.#vpc);
        break;
      default:
        event satisfies never;
    }
  }

  /** The picture the events have made. */
  drawn(): unknown {
    return render({
      links: [...this.#links.values()],
      branches: [...this.#branches.values()],
      groups: [...this.#groups.values()],
      instances: [...this.#instances.values()],
      networks: this.#networks,
    });
  }

  /** The picture as the model shows it. */
  real(): unknown {
    const enis = this.#vpc.enis();
    return render({
      links: enis.filter((eni) => eni.attachment?.state === 'attached'),
      branches: enis.filter((eni) => eni.trunk !== undefined),
      groups: this.#vpc.securityGroups(),
      instances: this.#vpc.instances().filter((instance) => instance.state !== 'terminated'),
      networks: networksOf(this.#vpc),
    });
  }
}

function render(parts: {
  readonly links: readonly SimEni[];
  readonly branches: readonly SimEni[];
  readonly groups: readonly SimSecurityGroup[];
  readonly instances: readonly SimInstance[];
  readonly networks: unknown;
}): unknown {
  const byId = <T extends { readonly id: string }>(items: readonly T[]): readonly T[] =>
    items.toSorted((one, other) => one.id.localeCompare(other.id));
  // Tags and descriptions of ENIs and the mark to be deleted reach no machine, so no event tells of them.
  const machineSide = ({ tags: _, description: __, attachment, ...rest }: SimEni): unknown => ({
    ...rest,
    attachment: attachment && { ...attachment, deleteOnTermination: undefined },
  });
  return {
    links: byId(parts.links).map(machineSide),
    branches: byId(parts.branches).map(machineSide),
    groups: byId(parts.groups).map(({ tags: _, ...group }) => group),
    // That an instance runs shows in its links.
    instances: byId(parts.instances).map((instance) => ({ ...instance, state: undefined })),
    networks: parts.networks,
  };
}

function networksOf(vpc: SimVpc): unknown {
  const subnets = vpc.subnets().map(({ tags: _, ...subnet }) => subnet);
  return structuredClone([vpc.cidrs(), vpc.ipv6Cidrs(), subnets]);
}
