/**
 * What EC2 and the metadata service believe about ENIs, which is not always what is: answers lag behind, and dials make
 * them older or wrong. Keeps the near past of every ENI, and shows the VPC as of a time or with something missing.
 */
export { EniHistory } from './eni-history.ts';
export { pickGhosts } from './stale.ts';
export { createVpcViews, type VpcViews } from './vpc-views.ts';
