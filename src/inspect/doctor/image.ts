import { PATHS } from '../../hostspec/index.ts';
import { type Finding, finding } from './finding.ts';

/** What an image must not carry to its nodes. */
export interface ImageFacts {
  readonly conflist: boolean;
  readonly run: boolean;
  /** Files that name network interfaces of the builder. */
  readonly eniFiles: readonly string[];
  readonly cniResults: number;
  /** Absent: no file. */
  readonly machineId: string | undefined;
  /** Whether the daemon runs; `undefined` where nobody can tell, as in an image that is only mounted. */
  readonly running: boolean | undefined;
}

function ofMachineId(machineId: string | undefined): readonly Finding[] {
  if (machineId === undefined) return [finding('IMAGE_FIRST_BOOT', `${PATHS.machineId} is missing`)];
  if (machineId === 'uninitialized') return [finding('IMAGE_FIRST_BOOT', `${PATHS.machineId} says uninitialized`)];
  return machineId === '' ? [] : [finding('IMAGE_MACHINE_ID', `${PATHS.machineId} holds the id of the builder`)];
}

/** Whether an image is fit for more than one node. */
export function diagnoseImage(facts: ImageFacts): readonly Finding[] {
  return [
    ...(facts.conflist ? [finding('IMAGE_CONFLIST', `${PATHS.conflist} exists`)] : []),
    ...(facts.running === true ? [finding('IMAGE_UNIT_STARTED', 'vpc-cni-ipamd.service is active')] : []),
    // What a running daemon has made is told by its running.
    ...(facts.run && facts.running !== true ? [finding('IMAGE_RUN_STATE', `${PATHS.run} exists`)] : []),
    ...facts.eniFiles.map((path) => finding('IMAGE_ENI_FILE', `${path} exists`)),
    ...(facts.cniResults > 0
      ? [finding('IMAGE_CNI_CACHE', `${PATHS.cniResults} holds ${facts.cniResults} files`)]
      : []),
    ...ofMachineId(facts.machineId),
  ];
}
