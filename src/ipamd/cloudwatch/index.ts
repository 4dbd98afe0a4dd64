/** Figures of this node in CloudWatch, in the place of upstream's cni-metrics-helper. */
export { Publisher } from './publisher.ts';
