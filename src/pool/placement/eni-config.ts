/** Subnet and security groups of the ENIs of pods, where they differ from the node's; no groups: those of the node. */
export interface EniConfig {
  readonly subnetId: string;
  readonly securityGroups: readonly string[];
}

/** What names a node's ENIConfig. */
export interface EniConfigChoice {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** ENI_CONFIG_LABEL_DEF and ENI_CONFIG_ANNOTATION_DEF. */
  readonly labelKey: string;
  readonly annotationKey: string;
}

const FIXED_LABEL = 'vpc.amazonaws.com/externalEniConfig';

/** The name of a node's ENIConfig: the fixed label, then the annotation, then the label, else `default`. */
export function eniConfigName({ labels, annotations, labelKey, annotationKey }: EniConfigChoice): string {
  return labels[FIXED_LABEL] || annotations[annotationKey] || labels[labelKey] || 'default';
}
