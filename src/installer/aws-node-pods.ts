import { HostError, toHostError } from '../errors/index.ts';
import { AWS_NODE, PATHS } from '../hostspec/index.ts';
import { joinCards, type Survey, surveyCheckpoint } from '../pool/index.ts';
import type { ReadFiles } from '../sys/index.ts';
import type { Host } from './host.ts';

const NO_PODS: Survey = { allocations: [], unsupported: [] };

/** What a checkpoint of aws-node holds. Throws `ADOPT_CHECKPOINT_BAD`. */
function surveyAwsNode(path: string, text: string): Survey {
  try {
    return surveyCheckpoint(text);
  } catch (error) {
    const { details } = toHostError(error);
    throw new HostError('ADOPT_CHECKPOINT_BAD', { path, reason: details['reason'] }, error);
  }
}

/** The numbers of further network cards of which aws-node has left a checkpoint, in order. */
export function furtherCards(files: ReadFiles): readonly number[] {
  return files
    .list(AWS_NODE.directory)
    .flatMap((name) => AWS_NODE.cardCheckpoint.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** aws-node's checkpoints, one for each network card; without a file there are no pods. Throws `ADOPT_CHECKPOINT_BAD`. */
export function readAwsNodeCheckpoint(files: ReadFiles): {
  readonly text: string | undefined;
  readonly survey: Survey;
  /** Whether pods have addresses of network cards beyond the first. */
  readonly hasFurtherCards: boolean;
} {
  const further = furtherCards(files).map(AWS_NODE.cardCheckpointOf);
  const read = [AWS_NODE.checkpoint, ...further].flatMap((path) => {
    const text = files.read(path);
    return text === undefined ? [] : [{ path, text, survey: surveyAwsNode(path, text) }];
  });
  if (read.length === 0) return { text: undefined, survey: NO_PODS, hasFurtherCards: false };
  return {
    text: read.map(({ text }) => text).join(''),
    survey: {
      allocations: joinCards(read.map(({ survey }) => survey.allocations)),
      unsupported: read.flatMap(({ survey }) => survey.unsupported),
    },
    hasFurtherCards: read.some(({ path, survey }) => path !== AWS_NODE.checkpoint && survey.allocations.length > 0),
  };
}

/** What forbids to install beside pods of aws-node: their addresses would be handed out a second time. */
export function podsOfAwsNode({ root, files }: Host): readonly HostError[] {
  if (root !== '/' || files.fact(PATHS.takenOver).kind === 'file') return [];
  const { allocations, unsupported } = readAwsNodeCheckpoint(files).survey;
  const pods = allocations.length + unsupported.length;
  return pods === 0 ? [] : [new HostError('ADOPT_FIRST', { pods, path: AWS_NODE.checkpoint })];
}
