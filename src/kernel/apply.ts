import { formatCidr } from '../addr/index.ts';
import { ruleKey, type Step } from '../dataplane/index.ts';
import { HostError } from '../errors/index.ts';
import { ERRNO, errnoName } from '../sys/index.ts';
import type { NetlinkRequest } from './netlink/codec.ts';
import { changeAddress, changeRoute, changeRule, setLink, setNeighbour } from './netlink/messages.ts';
import type { RouteSocket } from './netlink/socket.ts';
import { findLink } from './observe.ts';
import { makeVlan } from './vlan.ts';

/** Errnos that mean the step was already done, per kind: adding what is there, removing what is gone. */
const DONE_ALREADY: Readonly<Partial<Record<Step['kind'], readonly number[]>>> = {
  'add-address': [ERRNO.EEXIST],
  'add-rule': [ERRNO.EEXIST],
  'remove-address': [ERRNO.EADDRNOTAVAIL, ERRNO.ENODEV],
  'remove-route': [ERRNO.ESRCH, ERRNO.ENODEV],
  'remove-rule': [ERRNO.ENOENT],
  'remove-foreign-rule': [ERRNO.ENOENT],
};

/** What a step does, in the words of an error message. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'add-vlan':
      return `make VLAN ${step.vlan.id} on ${step.vlan.parent}`;
    case 'set-link':
      return `set link ${step.link}`;
    case 'add-address':
    case 'remove-address':
      return `${step.kind === 'add-address' ? 'add' : 'remove'} address ${formatCidr(step.address.address)} on ${step.address.link}`;
    case 'replace-route':
    case 'remove-route':
      return `${step.kind === 'replace-route' ? 'set' : 'remove'} route ${formatCidr(step.route.destination)} dev ${step.route.link} table ${step.route.table}`;
    case 'add-rule':
    case 'remove-rule':
    case 'remove-foreign-rule':
      return `${step.kind === 'add-rule' ? 'add' : 'remove'} rule ${ruleKey(step.rule)}`;
    case 'set-neighbour':
      return `set neighbour ${step.address} on ${step.link}`;
    default:
      return step satisfies never;
  }
}

/** A step that needs no other to be made first, and goes to the kernel together with all of them. */
export type BatchedStep = Exclude<Step, { readonly kind: 'add-vlan' }>;

const linkOf = (step: BatchedStep): string | undefined => {
  switch (step.kind) {
    case 'set-link':
    case 'set-neighbour':
      return step.link;
    case 'add-address':
    case 'remove-address':
      return step.address.link;
    case 'replace-route':
    case 'remove-route':
      return step.route.link;
    case 'add-rule':
    case 'remove-rule':
    case 'remove-foreign-rule':
      return undefined;
    default:
      return step satisfies never;
  }
};

/** The message that carries a step out on the link with this index. */
export function requestOf(step: BatchedStep, index: number): NetlinkRequest {
  switch (step.kind) {
    case 'set-link':
      return setLink({ index, mtu: step.mtu, up: step.up, group: step.group, alias: step.alias, mac: step.mac });
    case 'add-address':
      return changeAddress('add', index, step.address.address);
    case 'remove-address':
      return changeAddress('remove', index, step.address.address);
    case 'replace-route':
      return changeRoute('replace', index, step.route);
    case 'remove-route':
      return changeRoute('remove', index, step.route);
    case 'add-rule':
      return changeRule(step.beside === true ? 'add-beside' : 'add', step.rule, step.protocol);
    case 'remove-rule':
      return changeRule('remove', step.rule);
    case 'remove-foreign-rule':
      return changeRule('remove', step.rule, step.protocol);
    case 'set-neighbour':
      return setNeighbour({ index, address: step.address, mac: step.mac });
    default:
      return step satisfies never;
  }
}

/**
 * Carries the steps out in order; decides nothing. A step whose link is gone is done when it removes and fails when it
 * adds. Returns the steps that were not done already. Throws `NETLINK` naming the first step that failed; later ones were
 * tried too.
 */
export function applySteps(socket: RouteSocket, steps: readonly Step[]): readonly Step[] {
  const indices = new Map<string, number | undefined>();
  const requests: NetlinkRequest[] = [];
  const sent: Step[] = [];
  const failures: { readonly step: Step; readonly errno: number; readonly text: string | undefined }[] = [];
  for (const step of steps) {
    // At once: what follows is about the link that comes of it.
    if (step.kind === 'add-vlan') {
      const refused = makeVlan(socket, step.vlan);
      if (refused === undefined) continue;
      failures.push({ step, ...refused });
      // A link that has the name all the same is somebody else's: what follows is not for it.
      indices.set(step.vlan.name, undefined);
      continue;
    }
    const link = linkOf(step);
    if (link !== undefined && !indices.has(link)) indices.set(link, findLink(socket, link)?.index);
    const index = link === undefined ? 0 : indices.get(link);
    if (index !== undefined) {
      requests.push(requestOf(step, index));
      sent.push(step);
    } else if (!doneWithoutLink(step)) failures.push({ step, errno: ERRNO.ENODEV, text: `no link ${link}` });
  }
  const answers = socket.batch(requests);
  const done: Step[] = [];
  for (const [position, step] of sent.entries()) {
    const { errno, text } = answers[position] ?? { errno: 0, text: undefined };
    if (errno === 0) done.push(step);
    else if (!DONE_ALREADY[step.kind]?.includes(errno)) failures.push({ step, errno, text });
  }
  const [first] = failures.sort((a, b) => steps.indexOf(a.step) - steps.indexOf(b.step));
  if (first === undefined) return done;
  throw new HostError('NETLINK', {
    action: describeStep(first.step),
    errno: errnoName(first.errno),
    extack: first.text,
  });
}

/** A link that is gone has lost what was to be removed from it, and need not join the dead. */
function doneWithoutLink(step: Step): boolean {
  return (
    (DONE_ALREADY[step.kind]?.includes(ERRNO.ENODEV) ?? false) || (step.kind === 'set-link' && step.group !== undefined)
  );
}
