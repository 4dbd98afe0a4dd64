import { dirname } from 'node:path';
import { renderModulesDropIn } from './modules.ts';
import { PATHS, payloadDirectory } from './paths.ts';
import { OWN_PLUGINS } from './plugins.ts';
import { renderSysctlDropIn } from './sysctl.ts';
import { renderUnit } from './unit.ts';

/** A program to copy: where its bytes are on this machine and what they are. */
export interface ProgramSource {
  readonly name: string;
  readonly from: string;
  readonly sha256: string;
  readonly size: number;
}

/**
 * One object the host must have. `rival` says what happens to an object of somebody else at a link's place: `save` it
 * and give it back at uninstall, or `keep` it because it serves the same purpose.
 */
export type WantedEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly text: string }
  | { readonly kind: 'program'; readonly path: string; readonly mode: number; readonly source: ProgramSource }
  | { readonly kind: 'link'; readonly path: string; readonly target: string; readonly rival: 'save' | 'keep' };

const PUBLIC_DIRECTORY = 0o755;

/** These directories and all above them; nobody but root looks into the one of a boot's state. */
export function directoryEntries(paths: readonly string[]): readonly WantedEntry[] {
  const all = new Set<string>();
  for (const path of paths) {
    const names = path.split('/').slice(1);
    // Parents too, so that uninstall knows which of them it may take away again.
    for (let depth = 1; depth <= names.length; depth += 1) all.add(`/${names.slice(0, depth).join('/')}`);
  }
  return [...all].map((path) => ({ kind: 'directory', path, mode: path === PATHS.run ? 0o700 : PUBLIC_DIRECTORY }));
}

/** The files of a host, in the order in which they are put there: what is pointed at comes before what points. */
export function wantedEntries(input: {
  readonly version: string;
  readonly executable: ProgramSource;
  readonly plugins: readonly ProgramSource[];
  /** Files of other parts: drop-ins of the network managers, the support script. Their directories are made too. */
  readonly others?: readonly WantedEntry[];
}): readonly WantedEntry[] {
  const { version, executable, plugins, others = [] } = input;
  const payload = payloadDirectory(version);
  return [
    ...directoryEntries([
      `${payload}/plugins`,
      '/usr/bin',
      PATHS.cniBin,
      PATHS.conflistDirectory,
      PATHS.envDirectory,
      '/etc/sysctl.d',
      '/etc/modules-load.d',
      '/etc/systemd/system/multi-user.target.wants',
      ...others.map(({ path }) => dirname(path)),
    ]),
    { kind: 'program', path: `${payload}/vpc-cni`, mode: 0o755, source: executable },
    ...plugins.map(
      (source): WantedEntry => ({ kind: 'program', path: `${payload}/plugins/${source.name}`, mode: 0o755, source }),
    ),
    // Relative, so that it also holds when the root is looked at from outside, as in an image build.
    { kind: 'link', path: PATHS.current, target: version, rival: 'save' },
    { kind: 'link', path: PATHS.command, target: PATHS.executable, rival: 'save' },
    ...OWN_PLUGINS.map(
      (name): WantedEntry => ({
        kind: 'link',
        path: `${PATHS.cniBin}/${name}`,
        target: PATHS.executable,
        rival: 'save',
      }),
    ),
    ...plugins.map(
      ({ name }): WantedEntry => ({
        kind: 'link',
        path: `${PATHS.cniBin}/${name}`,
        target: `${PATHS.currentPlugins}/${name}`,
        rival: 'keep',
      }),
    ),
    { kind: 'file', path: PATHS.sysctlDropIn, mode: 0o644, text: renderSysctlDropIn() },
    { kind: 'file', path: PATHS.modulesDropIn, mode: 0o644, text: renderModulesDropIn() },
    ...others,
    { kind: 'file', path: PATHS.unit, mode: 0o644, text: renderUnit() },
    { kind: 'link', path: PATHS.unitEnabled, target: PATHS.unit, rival: 'save' },
  ];
}
