import { lstatSync, mkdirSync } from 'node:fs';
import { HostError } from '../../errors/index.ts';
import { type VpcNames, vpcNames } from '../fabric/index.ts';

/** Who asks for a VPC: their VPCs are theirs alone. */
export interface Owner {
  readonly uid: number;
  /** `XDG_RUNTIME_DIR`, where there is one; root has a place of its own. */
  readonly runtimeDir: string | undefined;
}

const OTHERS = 0o077;

/**
 * The names of an owner's VPC. Root's are machine-wide, because namespaces are. Anybody else's state is below their
 * runtime directory, or else below a directory in /tmp, which is made when it is missing.
 * Throws `SIM_NO_PRIVATE_DIRECTORY` when others could reach into it.
 */
export function vpcNamesOf(owner: Owner, vpc: string): VpcNames {
  const { uid, runtimeDir } = owner;
  if (uid === 0) return vpcNames(vpc);
  const base = runtimeDir === undefined || runtimeDir === '' ? `/tmp/vpc-cni-${uid}` : runtimeDir;
  // Only ever made by us below /tmp; a runtime directory that is missing is the session's to make.
  if (base !== runtimeDir) makePrivate(base);
  checkPrivate(base, uid);
  return vpcNames(vpc, `${base}/vpc-cni-sim`);
}

function makePrivate(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** Whoever may write there could plant a record that sends our orders elsewhere, so a link is refused as well. */
function checkPrivate(path: string, uid: number): void {
  const refuse = (reason: string): HostError => new HostError('SIM_NO_PRIVATE_DIRECTORY', { path, reason });
  if (!path.startsWith('/')) throw refuse('it is no absolute path');
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw refuse('it does not exist');
  if (!stat.isDirectory()) throw refuse('it is no directory');
  if (stat.uid !== uid) throw refuse(`it belongs to uid ${stat.uid}, you are uid ${uid}`);
  if ((stat.mode & OTHERS) !== 0) throw refuse(`others may enter it (mode ${(stat.mode & 0o777).toString(8)})`);
}
