/** One step of taking a node over, beside those of an installation. */
export type TakeoverStep =
  | {
      readonly kind: 'import-checkpoint';
      readonly path: string;
      readonly from: string;
      readonly pods: number;
      /** Pods in it that are gone: their DEL came while no ipamd ran. */
      readonly gone: number;
    }
  | { readonly kind: 'name-branch-pods'; readonly path: string; readonly pods: number }
  | { readonly kind: 'import-egress'; readonly path: string; readonly from: string; readonly pods: number }
  | { readonly kind: 'stop-daemon'; readonly path: string; readonly reason: string }
  | { readonly kind: 'verify-pods'; readonly path: string; readonly pods: number }
  | { readonly kind: 'remove-foreign-rules'; readonly path: string; readonly what: readonly string[] }
  | { readonly kind: 'note-takeover'; readonly path: string };

const pods = (count: number): string => `${count} pod${count === 1 ? '' : 's'}`;

/** What a step does, in one line. */
export function describeTakeover(step: TakeoverStep): string {
  switch (step.kind) {
    case 'import-checkpoint': {
      const left = step.gone === 0 ? '' : `, without ${pods(step.gone)} that are gone`;
      return `take ${pods(step.pods)} over from ${step.from} to ${step.path}${left}`;
    }
    case 'name-branch-pods':
      return `note on the links of ${pods(step.pods)} with security groups of their own whose they are, as ${step.path} has it`;
    case 'import-egress':
      return `take the IPv6 addresses of ${pods(step.pods)} over from ${step.from} to ${step.path}`;
    case 'stop-daemon':
      return `stop ${step.path}: ${step.reason}`;
    case 'verify-pods':
      return `check the wiring of ${pods(step.pods)}`;
    case 'remove-foreign-rules':
      return `remove aws-node's packet rules, now that ours serve: ${step.what.join(', ')}`;
    case 'note-takeover':
      return `note in ${step.path} that this node is ours`;
    default:
      return step satisfies never;
  }
}
