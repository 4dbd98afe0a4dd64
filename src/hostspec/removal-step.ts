import type { ForwardPolicy } from './observed.ts';
import { describeReload, type ReloadStep } from './reload-step.ts';
import { forwardChain, type Keeper } from './step.ts';
import { sysctlName } from './sysctl.ts';

/** One step of taking the product off a host. */
export type RemovalStep =
  | { readonly kind: 'stop-daemon'; readonly unit: string; readonly keeper: Keeper }
  | { readonly kind: 'remove-file'; readonly path: string; readonly what: string }
  | { readonly kind: 'restore-foreign'; readonly path: string; readonly from: string }
  | { readonly kind: 'reload-units'; readonly unit: string }
  | ReloadStep
  | { readonly kind: 'restore-sysctl'; readonly key: readonly string[]; readonly value: string }
  | {
      readonly kind: 'restore-forward-policy';
      readonly family: ForwardPolicy['family'];
      readonly backend: ForwardPolicy['backend'];
      readonly policy: ForwardPolicy['policy'];
    }
  | { readonly kind: 'remove-kernel-objects'; readonly path: string }
  /** Of the kernel only our packet-filter table: rules, routes and links are the next one's. */
  | { readonly kind: 'remove-packet-rules'; readonly path: string }
  | { readonly kind: 'write-checkpoint'; readonly path: string; readonly pods: number }
  | { readonly kind: 'note-handback'; readonly path: string }
  | { readonly kind: 'return-to-ec2'; readonly path: string }
  | { readonly kind: 'remove-tree'; readonly path: string }
  | { readonly kind: 'remove-directory'; readonly path: string };

/** The object a step is about, as one word. */
export function removalTarget(step: RemovalStep): string {
  switch (step.kind) {
    case 'stop-daemon':
    case 'reload-units':
      return step.unit;
    case 'restore-sysctl':
      return sysctlName(step.key);
    case 'restore-forward-policy':
      return forwardChain(step);
    case 'reload-program':
      return step.program;
    default:
      return step.path;
  }
}

/** What a step does, in one line. */
export function describeRemoval(step: RemovalStep): string {
  switch (step.kind) {
    case 'stop-daemon':
      return `stop and disable ${step.unit}`;
    case 'remove-file':
      return `remove ${step.what} ${step.path}`;
    case 'restore-foreign':
      return `put back ${step.path} from ${step.from}`;
    case 'reload-units':
      return 'make systemd read its unit files again';
    case 'reload-program':
      return describeReload(step);
    case 'restore-sysctl':
      return `set ${sysctlName(step.key)} back to ${step.value || 'empty'}`;
    case 'restore-forward-policy':
      return `set the policy of ${forwardChain(step)} back to ${step.policy}`;
    case 'remove-kernel-objects':
      return 'remove our rules, routes, chains and pod links from the kernel';
    case 'remove-packet-rules':
      return 'remove our packet rules from the kernel, and leave the wiring of the pods';
    case 'write-checkpoint':
      return `write ${step.pods} pod${step.pods === 1 ? '' : 's'} to ${step.path}, for aws-node to read`;
    case 'note-handback':
      return `note in ${step.path} that this node is aws-node's`;
    case 'return-to-ec2':
      return 'return our addresses and network interfaces to EC2';
    case 'remove-tree':
      return `remove ${step.path} and all below it`;
    case 'remove-directory':
      return `remove the directory ${step.path} unless something else is in it`;
    default:
      return step satisfies never;
  }
}
