import type { SimEni, SimEvent, SimInstance, SimSecurityGroup, SimSecurityRule } from '../model/types.ts';
import { LAST_NUMBER } from './connections.ts';
import { type GroundModel, groundOf, NO_GROUND } from './ground.ts';
import { createPortNumbers } from './numbers.ts';
import { type Placement, type Ports, placePort } from './port.ts';
import type { RuleState } from './rules.ts';

/** Everything the kernel shall show of the VPC, as a value. */
export type FabricState = RuleState;

/** What the fabric reads of the model. */
export interface FabricModel extends GroundModel, Omit<Placement, 'netnsOf' | 'numberOf'> {
  enis(): readonly SimEni[];
  enisOf(instanceId: string): readonly SimEni[];
  /** The ids of the branch ENIs that hang on a trunk. */
  branchesOf(trunkEniId: string): readonly string[];
  securityGroups(): readonly SimSecurityGroup[];
}

/** Collects what has changed in the model since the kernel last followed. */
export interface Follower {
  note(event: SimEvent): void;
  /** Reports whether anything was noted since `forget`. */
  isBehind(): boolean;
  /** `before`, with everything noted read anew from the model. */
  next(before: FabricState): FabricState;
  forget(): void;
  /** Takes all links of an instance out of it, or lets it have them. */
  hold(instanceId: string, held: boolean): void;
}

/** The state of a fabric that has nothing yet. */
export const NOTHING: FabricState = { ports: new Map(), groups: new Map(), ground: NO_GROUND };

/**
 * Events only say where to look: what an ENI is like is read from the model when the kernel is about to follow, so a
 * burst of events leads to its end by one step. Everything the model has at the start counts as noted.
 */
export function createFollower(model: FabricModel, netnsOf: (instance: SimInstance) => string): Follower {
  const enis = new Set(model.enis().map(({ id }) => id));
  const groups = new Map<string, readonly SimSecurityRule[] | undefined>();
  for (const { id, rules } of model.securityGroups()) groups.set(id, rules);
  let ground = true;
  const held = new Set<string>();
  const numbers = createPortNumbers(LAST_NUMBER);
  const placement: Placement = {
    findEni: (id) => model.findEni(id),
    findInstance: (id) => model.findInstance(id),
    subnet: (id) => model.subnet(id),
    netnsOf: (instance) => (held.has(instance.id) ? undefined : netnsOf(instance)),
    numberOf: numbers.of,
  };
  const noteEni = (eni: SimEni): void => {
    enis.add(eni.id);
    // A branch ENI has no attachment of its own: it comes and goes with its trunk's.
    for (const id of model.branchesOf(eni.id)) enis.add(id);
  };
  const noteInstance = (instanceId: string): void => {
    for (const eni of model.enisOf(instanceId)) noteEni(eni);
  };

  return {
    note(event) {
      switch (event.kind) {
        case 'eni-attached':
        case 'eni-detached':
        case 'eni-changed':
          return noteEni(event.eni);
        case 'eni-deleted':
          noteEni(event.eni);
          numbers.forget(event.eni.id);
          return;
        case 'instance-changed':
          return noteInstance(event.instance.id);
        case 'instance-terminated':
          held.delete(event.instance.id);
          return;
        case 'instance-launched':
        case 'instance-rebooted':
          return;
        case 'group-changed':
          return void groups.set(event.group.id, event.group.rules);
        case 'group-deleted':
          return void groups.set(event.groupId, undefined);
        case 'vpc-changed':
          ground = true;
          return;
        default:
          return event satisfies never;
      }
    },
    isBehind: () => ground || enis.size > 0 || groups.size > 0,
    next: (before) => ({
      ports: enis.size === 0 ? before.ports : placeAll(before.ports, enis, placement),
      groups: groups.size === 0 ? before.groups : overlay(before.groups, groups),
      ground: ground ? groundOf(model) : before.ground,
    }),
    forget() {
      enis.clear();
      groups.clear();
      ground = false;
    },
    hold(instanceId, hold) {
      if (hold) held.add(instanceId);
      else held.delete(instanceId);
      noteInstance(instanceId);
    },
  };
}

function placeAll(before: Ports, eniIds: Iterable<string>, placement: Placement): Ports {
  const ports = new Map(before);
  for (const id of eniIds) {
    const eni = placement.findEni(id);
    const port = eni === undefined ? undefined : placePort(eni, placement);
    if (port === undefined) ports.delete(id);
    else ports.set(id, port);
  }
  return ports;
}

function overlay<T>(
  before: ReadonlyMap<string, T>,
  changes: ReadonlyMap<string, T | undefined>,
): ReadonlyMap<string, T> {
  const next = new Map(before);
  for (const [key, value] of changes) {
    if (value === undefined) next.delete(key);
    else next.set(key, value);
  }
  return next;
}
