import { HostError, toHostError } from '../errors/index.ts';
import { AWS_NODE, PATHS } from '../hostspec/index.ts';
import { type Survey, surveyCheckpoint } from '../pool/index.ts';
import type { ReadFiles } from '../sys/index.ts';
import type { Host } from './host.ts';

const NO_PODS: Survey = { allocations: [], unsupported: [] };

/** What a checkpoint of aws-node holds. Throws `ADOPT_CHECKPOINT_BAD`. */
export function surveyAwsNode(path: string, text: string): Survey {
  try {
    return surveyCheckpoint(text);
  } catch (error) {
    const { details } = toHostError(error);
    throw new HostError('ADOPT_CHECKPOINT_BAD', { path, reason: details['reason'] }, error);
  }
}

/** aws-node's checkpoint; without its file there are no pods. Throws `ADOPT_CHECKPOINT_BAD`. */
export function readAwsNodeCheckpoint(files: ReadFiles): {
  readonly text: string | undefined;
  readonly survey: Survey;
} {
  const text = files.read(AWS_NODE.checkpoint);
  return { text, survey: text === undefined ? NO_PODS : surveyAwsNode(AWS_NODE.checkpoint, text) };
}

/** What forbids to install beside pods of aws-node: their addresses would be handed out a second time. */
export function podsOfAwsNode({ root, files }: Host): readonly HostError[] {
  if (root !== '/' || files.fact(PATHS.takenOver).kind === 'file') return [];
  const { allocations, unsupported } = readAwsNodeCheckpoint(files).survey;
  const pods = allocations.length + unsupported.length;
  return pods === 0 ? [] : [new HostError('ADOPT_FIRST', { pods, path: AWS_NODE.checkpoint })];
}
