export { BranchAttachments } from './branch-attachments.ts';
export { Branches, type Trunk } from './branches.ts';
export { podEnisOfFile } from './pod-enis.ts';
export { noteTrunk, trunkComplaint, trunkDoubt, trunkReserve } from './trunk.ts';
