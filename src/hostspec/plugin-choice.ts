import { compareVersions, parseVersion, type Version } from './version.ts';
import type { ProgramSource } from './wanted.ts';

/** What a stock plugin says of itself when it is called without a command. */
export interface PluginAbout {
  /** As it says it; `unknown` where it does not know (Debian's packages) or could not be asked. */
  readonly version: string;
  /** The newest CNI version it speaks; empty when it could not be asked. */
  readonly protocol: string;
}

/** What is known of a plugin that could not be asked. */
export const UNKNOWN_PLUGIN: PluginAbout = { version: 'unknown', protocol: '' };

/** A plugin that could be installed, and what it says of itself. */
export interface PluginCandidate {
  readonly source: ProgramSource;
  readonly about: PluginAbout;
}

/** The plugins to install, and what a reader should know of the choice. */
export interface PluginChoice {
  readonly plugins: readonly ProgramSource[];
  readonly notes: readonly string[];
}

/** Reads `CNI loopback plugin v1.1.1` and `CNI protocol versions supported: 0.1.0, …, 1.0.0`, in any order. */
export function readPluginAbout(output: string): PluginAbout {
  const version = /^CNI \S+ plugin (?:version )?(\S+)$/m.exec(output)?.[1] ?? UNKNOWN_PLUGIN.version;
  const spoken = /^CNI protocol versions supported: (.+)$/m.exec(output)?.[1] ?? '';
  const protocol = spoken
    .split(/,\s*/)
    .flatMap((word) => {
      const parsed = parseVersion(word);
      return parsed === undefined ? [] : [{ word, parsed }];
    })
    .toSorted((a, b) => compareVersions(b.parsed, a.parsed))[0]?.word;
  return { version, protocol: protocol ?? '' };
}

/** Which of two plugins is newer, as far as they tell: by version, else by the newest CNI version they speak. */
export function comparePlugins(a: PluginAbout, b: PluginAbout): 'newer' | 'older' | 'same' | 'unknown' {
  const pairs: readonly (readonly [Version | undefined, Version | undefined])[] = [
    [parseVersion(a.version), parseVersion(b.version)],
    [parseVersion(a.protocol), parseVersion(b.protocol)],
  ];
  const pair = pairs.find(([one, other]) => one !== undefined && other !== undefined);
  if (pair?.[0] === undefined || pair[1] === undefined) return 'unknown';
  const order = compareVersions(pair[0], pair[1]);
  // The same CNI version says nothing about the age of two plugins.
  if (order === 0) return pair === pairs[0] ? 'same' : 'unknown';
  return order > 0 ? 'newer' : 'older';
}

/** What a plugin is called in a sentence. */
export function describePlugin({ version, protocol }: PluginAbout): string {
  if (parseVersion(version) !== undefined) return version;
  return protocol === '' ? 'of unknown version' : `of unknown version, CNI ${protocol}`;
}

/** Whether the installed plugin stays: when the other one is older, or is not known to be newer and nobody asked for it. */
function isKept(installed: PluginCandidate, offered: PluginCandidate, asked: 'by-option' | 'by-nobody'): boolean {
  if (installed.source.sha256 === offered.source.sha256) return false;
  const order = comparePlugins(installed.about, offered.about);
  return order === 'newer' || (asked === 'by-nobody' && order !== 'older');
}

/**
 * Chooses between the plugins on offer and those that are installed: a newer one is never replaced by an older one
 * unless told so. One that only is installed stays, so that another source never takes a plugin away.
 */
export function choosePlugins(input: {
  readonly offered: readonly PluginCandidate[];
  readonly installed: readonly PluginCandidate[];
  readonly asked: 'by-option' | 'by-nobody';
  readonly foreign: 'keep' | 'replace';
}): PluginChoice {
  const { offered, asked, foreign } = input;
  const installed = new Map(input.installed.map((candidate) => [candidate.source.name, candidate]));
  const notes: string[] = [];
  const plugins = offered.map((candidate) => {
    const { name, from } = candidate.source;
    const present = installed.get(name);
    installed.delete(name);
    if (present === undefined || foreign === 'replace' || !isKept(present, candidate, asked)) return candidate.source;
    if (comparePlugins(present.about, candidate.about) === 'newer') {
      const older = `${from} (${describePlugin(candidate.about)})`;
      notes.push(`${name} ${describePlugin(present.about)} stays, it is newer than ${older} (--force replaces it)`);
    }
    return present.source;
  });
  return { plugins: [...plugins, ...[...installed.values()].map(({ source }) => source)], notes };
}
