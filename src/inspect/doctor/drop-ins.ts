import { PATHS } from '../../hostspec/index.ts';
import { type Finding, type FindingCode, finding } from './finding.ts';

/** A file of ours whose keys count only as long as no later file of its family says otherwise. */
export interface DropInFamily {
  readonly ours: string;
  /** Where files of the family are, the one that outranks a file of the same name first. */
  readonly directories: readonly string[];
  readonly suffix: string;
  readonly code: FindingCode;
}

const SYSTEMD = ['/etc/systemd', '/run/systemd', '/usr/lib/systemd'] as const;

/** The families of our drop-ins (systemd-networkd.conf(5), systemd.link(5), NetworkManager.conf(5), sysctl.d(5)). */
export const DROPIN_FAMILIES: readonly DropInFamily[] = [
  {
    ours: PATHS.networkdDropIn,
    directories: SYSTEMD.map((above) => `${above}/networkd.conf.d`),
    suffix: '.conf',
    code: 'DROPIN_OVERRIDDEN',
  },
  {
    ours: PATHS.linkDropIn,
    directories: SYSTEMD.map((above) => `${above}/network/99-default.link.d`),
    suffix: '.conf',
    code: 'DROPIN_OVERRIDDEN',
  },
  {
    ours: PATHS.networkManagerDropIn,
    directories: ['/etc/NetworkManager/conf.d', '/run/NetworkManager/conf.d'],
    suffix: '.conf',
    code: 'DROPIN_OVERRIDDEN',
  },
  {
    ours: PATHS.sysctlDropIn,
    directories: ['/etc/sysctl.d', '/run/sysctl.d', '/usr/lib/sysctl.d'],
    suffix: '.conf',
    code: 'SYSCTL_OVERRIDDEN',
  },
];

/** Our file and those that are read after it, in the order in which they are read. */
export interface DropInFacts {
  readonly family: DropInFamily;
  readonly text: string;
  readonly later: readonly { readonly path: string; readonly text: string }[];
}

/** `[Network] ManageForeignRoutes` and its value; a file without sections has bare keys. */
export function assignments(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let section = '';
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const at = line.indexOf('=');
    if (/^\[.*\]$/.test(line)) section = `${line} `;
    else if (line !== '' && !/^[#;]/.test(line) && at > 0) {
      // sysctl.d(5): a dash before a key says that its failure is ignored, and slashes may stand for dots.
      const key = line.slice(0, at).trim().replace(/^-/, '').replaceAll('/', '.');
      values.set(`${section}${key}`, line.slice(at + 1).trim());
    }
  }
  return values;
}

const BOOLEANS: Readonly<Record<string, string>> = {
  0: 'no',
  false: 'no',
  off: 'no',
  1: 'yes',
  true: 'yes',
  on: 'yes',
};

/** Reports whether two values mean the same (boolean arguments, systemd.syntax(7)). */
function sameValue(a: string, b: string | undefined): boolean {
  const word = (text: string): string => BOOLEANS[text.toLowerCase()] ?? text.toLowerCase();
  return b !== undefined && word(a) === word(b);
}

/** Keys of ours to which a later file gives another value; the last one counts. */
export function diagnoseDropIns(facts: readonly DropInFacts[]): readonly Finding[] {
  return facts.flatMap(({ family, text, later }) =>
    [...assignments(text)].flatMap(([key, value]) => {
      const last = later.findLast((file) => assignments(file.text).has(key));
      const found = last === undefined ? undefined : assignments(last.text).get(key);
      if (last === undefined || sameValue(value, found)) return [];
      return [finding(family.code, `${last.path} says ${key}=${found}, after ${family.ours} says ${value}`)];
    }),
  );
}
