import { backoffMs, halving, lacksRoom, removeEni } from '../aws/index.ts';
import { routeTableOf } from '../dataplane/index.ts';
import { toHostError } from '../errors/index.ts';
import { type GrowthUnit, type PendingGrowth, type Pool, type PoolAction, SUBNET_RESTS_MS } from '../pool/index.ts';
import type { Sky } from './account.ts';
import type { CloudEni } from './cloud.ts';
import { attachmentOf, type NodeEc2 } from './node-ec2.ts';
import type { SubnetSpace } from './subnet-space.ts';

type Of<K extends PoolAction['kind']> = Extract<PoolAction, { kind: K }>;

/** As the daemon: an attempt to take back an ENI that failed makes room for the next one soon. */
const UNDO_TRIES = 5;
const LOOK_AGAIN_MS = 30_000;

/** Where an ENI hangs, and whether it spares its addresses from pods. */
export interface EniPlace {
  readonly card: number;
  readonly device: number;
  readonly spared: boolean;
}

/** What changes of one node work with. */
export interface ChangeParts {
  readonly sky: Sky;
  readonly ec2: NodeEc2;
  readonly pool: Pool;
  /** Where new ENIs lie. */
  readonly subnet: SubnetSpace;
  /** Whether EC2 is asked which subnets there are. */
  readonly discovers: boolean;
  /** Called after each change of the pool. */
  readonly changed: () => void;
}

/** The EC2 changes of one node, call by call as the daemon makes them (`src/ipamd/lanes`), and what subnets lack. */
export class Changes {
  readonly #parts: ChangeParts;
  readonly #enis = new Map<string, CloudEni>();
  readonly #fragmentedUntil = new Map<string, number>();
  readonly #fullUntil = new Map<string, number>();
  #subnetsKnown: Promise<void> | undefined;

  constructor(parts: ChangeParts) {
    this.#parts = parts;
  }

  /** Subnets without a whole /28, and without any address, as far as EC2 said so lately. */
  get lacking(): { readonly fragmented: ReadonlySet<string>; readonly full: ReadonlySet<string> } {
    const now = this.#parts.sky.time.monotonic();
    const resting = (untils: ReadonlyMap<string, number>): ReadonlySet<string> =>
      untils.size === 0 ? NONE : new Set([...untils].filter(([, until]) => until > now).map(([id]) => id));
    return { fragmented: resting(this.#fragmentedUntil), full: resting(this.#fullUntil) };
  }

  /** Learns an ENI that EC2 lists for the node. */
  adopt(eni: CloudEni, place: EniPlace): void {
    const { sky, pool } = this.#parts;
    this.#enis.set(eni.id, eni);
    pool.putEni({
      id: eni.id,
      card: place.card,
      device: place.device,
      table: routeTableOf(place),
      primary: place.card === 0 && place.device === 0,
      subnetId: eni.subnet.id,
      attachedAtMs: sky.time.monotonic(),
      efa: false,
      service: place.spared ? 'no-new-pods' : 'pods',
    });
    pool.addCidrs(eni.id, [...eni.cidrs]);
    this.#parts.changed();
  }

  /** Asks once which subnets there are; without an answer the next new ENI asks again. */
  learnSubnets(): Promise<void> {
    this.#subnetsKnown ??= this.#parts.ec2.describeSubnets().catch(() => {
      // As the daemon: the new ENI goes to the subnet of the primary one.
      this.#subnetsKnown = undefined;
    });
    return this.#subnetsKnown;
  }

  /** Carries an action out; throws what EC2 refused, and then nothing has changed. */
  run(action: PoolAction): Promise<void> {
    switch (action.kind) {
      case 'assign':
        return this.#pending({ ...action }, () => this.#assign(action));
      case 'create-eni': {
        const { card, device, unit, count } = action;
        return this.#pending({ kind: 'eni', card, device, unit, count }, () => this.#create(action));
      }
      case 'unassign':
        return this.#unassign(action);
      case 'delete-eni':
        return this.#delete(action);
      default:
        return action satisfies never;
    }
  }

  async #pending(growth: PendingGrowth, work: () => Promise<void>): Promise<void> {
    const { pool, changed } = this.#parts;
    pool.addPending(growth);
    try {
      await work();
    } finally {
      pool.removePending(growth);
      changed();
    }
  }

  async #assign({ eniId, unit, count }: Of<'assign'>): Promise<void> {
    const { ec2, pool } = this.#parts;
    const eni = this.#enis.get(eniId);
    if (eni === undefined) return;
    const cidrs = await this.#somewhere(eni.subnet, unit, () => halving(count, (some) => ec2.assign(eni, unit, some)));
    pool.addCidrs(eniId, cidrs);
  }

  async #create({ card, device, unit, count }: Of<'create-eni'>): Promise<void> {
    const { ec2, subnet } = this.#parts;
    if (this.#parts.discovers) await this.learnSubnets();
    const eni = await this.#somewhere(subnet, unit, () => halving(count, (some) => ec2.createEni(subnet, unit, some)));
    let attachment: string | undefined;
    try {
      attachment = await ec2.attach(eni);
      await ec2.setDeleteOnTermination();
      await ec2.linkOf(attachment);
    } catch (error) {
      await this.#remove(eni, attachment, UNDO_TRIES).catch(() => void this.#removeLater(eni));
      throw error;
    }
    this.adopt(eni, { card, device, spared: false });
  }

  /** Remembers what the subnet lacks when EC2 refuses for that. */
  async #somewhere<T>({ id }: SubnetSpace, unit: GrowthUnit, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const { code } = toHostError(error);
      if (lacksRoom(code)) {
        const fragmented = code === 'SUBNET_FRAGMENTED' || unit === 'prefix';
        this.#rest(id, fragmented ? 'fragmented' : 'full');
      }
      throw error;
    }
  }

  #rest(subnetId: string, lack: keyof typeof SUBNET_RESTS_MS): void {
    const { time } = this.#parts.sky;
    const untils = lack === 'full' ? this.#fullUntil : this.#fragmentedUntil;
    untils.set(subnetId, time.monotonic() + SUBNET_RESTS_MS[lack]);
    time.after(SUBNET_RESTS_MS[lack] + 1, this.#parts.changed);
  }

  async #remove(eni: CloudEni, attachmentId: string | undefined, tries?: number): Promise<void> {
    const { ec2, sky } = this.#parts;
    const edges = { clock: sky.time, random: sky.chance, ...(tries === undefined ? {} : { tries }) };
    const api = {
      detachEni: (request: { readonly attachmentId: string }) => ec2.detachEni(request),
      deleteEni: () => ec2.deleteEni(eni),
    };
    await removeEni({ ...edges, ec2: api }, { eniId: eni.id, attachmentId });
  }

  /** What EC2 would not take back is looked for and tried again, slower and slower, until it is gone. */
  async #removeLater(eni: CloudEni): Promise<void> {
    const { ec2, sky } = this.#parts;
    for (let attempt = 0; ; attempt++) {
      try {
        await ec2.describeEnis();
        return await this.#remove(eni, undefined);
      } catch {
        await sky.time.sleep(LOOK_AGAIN_MS + backoffMs({ attempt, random: 0.5 + sky.chance() / 2 }));
      }
    }
  }

  async #unassign({ eniId, cidrs }: Of<'unassign'>): Promise<void> {
    const { ec2, pool, changed } = this.#parts;
    const eni = this.#enis.get(eniId);
    if (eni === undefined) return;
    pool.setReleasing(eniId, cidrs, true);
    try {
      await ec2.unassign(eni, cidrs);
      pool.removeCidrs(eniId, cidrs);
    } finally {
      pool.setReleasing(eniId, cidrs, false);
      changed();
    }
  }

  async #delete({ eniId }: Of<'delete-eni'>): Promise<void> {
    const { ec2, pool, changed } = this.#parts;
    const eni = this.#enis.get(eniId);
    if (eni === undefined) return;
    pool.setLeaving(eniId, true);
    try {
      await ec2.detachEni({ attachmentId: attachmentOf(eni) });
    } catch (error) {
      pool.setLeaving(eniId, false);
      changed();
      throw error;
    }
    await this.#remove(eni, undefined).catch(() => this.#removeLater(eni));
    pool.removeEni(eniId);
    this.#enis.delete(eniId);
    changed();
  }
}

const NONE: ReadonlySet<string> = new Set();
