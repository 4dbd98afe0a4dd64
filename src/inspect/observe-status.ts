import { basename } from 'node:path';
import type { StatusDocument } from '../cniproto/index.ts';
import { type HostError, toHostError } from '../errors/index.ts';
import { PATHS } from '../hostspec/index.ts';
import type { Exec, ReadFiles } from '../sys/index.ts';
import { observeUnit, type UnitFact } from './observe-unit.ts';
import { fetchStatus } from './read-daemon.ts';

/** The document of `vpc-cni status --json`. */
export interface HostStatus {
  /** Whether a pod can get an address now. */
  readonly ready: boolean;
  /** What the daemon says of itself; null when it does not answer. */
  readonly daemon: StatusDocument | null;
  /** `previous` is the version `rollback` goes back to. */
  readonly installed: {
    readonly version: string;
    readonly directory: string;
    readonly previous: string | null;
  } | null;
  readonly conflist: { readonly path: string; readonly present: boolean };
  /** Null where systemd does not run. */
  readonly unit: UnitFact | null;
  /** Why there is no `daemon`, with the way out. */
  readonly problem: ReturnType<HostError['toJSON']> | null;
}

/** Reads everything; what the daemon or systemd does not tell is null, never a failure of the whole. */
export async function observeStatus(host: {
  readonly files: ReadFiles;
  readonly exec: Exec;
  /** The daemon's socket on this machine. */
  readonly socket: string;
}): Promise<HostStatus> {
  const [answer, unit] = await Promise.all([
    fetchStatus(host.socket).catch(toHostError),
    // A systemctl that fails takes nothing away from the answer of the daemon itself.
    observeUnit(host).catch(() => undefined),
  ]);
  const version = linkedVersion(host.files, PATHS.current);
  const daemon = answer instanceof Error ? null : answer;
  return {
    ready: daemon?.ready ?? false,
    daemon,
    installed:
      version === null
        ? null
        : { version, directory: PATHS.current, previous: linkedVersion(host.files, PATHS.previous) },
    conflist: { path: PATHS.conflist, present: host.files.fact(PATHS.conflist).kind === 'file' },
    unit: unit ?? null,
    problem:
      answer instanceof Error
        ? { ...answer.toJSON(), remedy: remedyOf(answer, { installed: version !== null, unit }) }
        : null,
  };
}

/** The version a link of our folder points to. */
function linkedVersion(files: ReadFiles, path: string): string | null {
  const fact = files.fact(path);
  return fact.kind === 'link' ? basename(fact.target) : null;
}

/** The catalogue's way out names a unit, which not every host has. */
function remedyOf(
  failure: HostError,
  found: { readonly installed: boolean; readonly unit: UnitFact | undefined },
): string {
  if (failure.code !== 'DAEMON_DOWN') return failure.remedy;
  if (!found.installed) return 'install it with "vpc-cni install"';
  if (found.unit === undefined) return `start it with "vpc-cni install" and read ${PATHS.supervisorLog}`;
  return failure.remedy;
}
