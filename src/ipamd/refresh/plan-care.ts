import type { Tags } from '../../aws/index.ts';

/** What EC2 was last seen to have of an ENI of ours, its addresses aside. */
export interface SeenEni {
  readonly id: string;
  readonly primary: boolean;
  readonly tags: Tags;
  readonly securityGroups: readonly string[];
  readonly attachmentId: string;
  readonly deleteOnTermination: boolean;
}

/** What every ENI of ours should have. */
export interface WantedCare {
  /** Also on the primary ENI. */
  readonly tags: Tags;
  /** On secondary ones: the primary ENI goes with its instance and needs no mark. */
  readonly ownTags: Tags;
  /** Of secondary ENIs; `undefined` where those differ from the node's (custom networking). */
  readonly securityGroups: readonly string[] | undefined;
}

/** One request to EC2 that brings an ENI nearer to what is wanted. */
export type CareStep =
  | { readonly kind: 'tag'; readonly eniId: string; readonly tags: Tags }
  | { readonly kind: 'groups'; readonly eniId: string; readonly securityGroups: readonly string[] }
  | { readonly kind: 'delete-on-termination'; readonly eniId: string; readonly attachmentId: string };

const sameSet = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((each) => b.includes(each));

/** What is missing to what is wanted. An ENI we did not make keeps what it is to become of it when the instance ends. */
export function planCare(wanted: WantedCare, enis: readonly SeenEni[]): readonly CareStep[] {
  return enis.flatMap((eni): readonly CareStep[] => {
    const tags = eni.primary ? wanted.tags : { ...wanted.tags, ...wanted.ownTags };
    const missing = Object.entries(tags).filter(([key, value]) => eni.tags[key] !== value);
    const isMade = Object.entries(wanted.ownTags).every(([key, value]) => eni.tags[key] === value);
    const groups = eni.primary ? undefined : wanted.securityGroups;
    return [
      ...(missing.length > 0 ? [{ kind: 'tag' as const, eniId: eni.id, tags: Object.fromEntries(missing) }] : []),
      ...(groups !== undefined && !sameSet(groups, eni.securityGroups)
        ? [{ kind: 'groups' as const, eniId: eni.id, securityGroups: groups }]
        : []),
      ...(!eni.primary && isMade && !eni.deleteOnTermination
        ? [{ kind: 'delete-on-termination' as const, eniId: eni.id, attachmentId: eni.attachmentId }]
        : []),
    ];
  });
}

/** What EC2 has of the ENI once the step is done. */
export function afterStep(eni: SeenEni, step: CareStep): SeenEni {
  switch (step.kind) {
    case 'tag':
      return { ...eni, tags: { ...eni.tags, ...step.tags } };
    case 'groups':
      return { ...eni, securityGroups: step.securityGroups };
    case 'delete-on-termination':
      return { ...eni, deleteOnTermination: true };
    default:
      return step satisfies never;
  }
}
