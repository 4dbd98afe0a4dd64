import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import packageJson from '../../package.json';

/** What of a guest's files changes by itself, so that it says nothing about us. */
const VOLATILE: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^\/(?:proc|sys|dev)$/, 'views of the kernel; what matters of it is in the state of the kernel'],
  [/^\/(?:run|var)\/log\/journal$/, 'the journal of all units'],
  [/^\/run\/systemd\/(?!system$|network$)/, 'what systemd notes of its units while they come and go'],
  [/^\/run\/(?:udev|dbus|initctl|utmp|host|user|credentials|sudo|lock)$/, 'kept by programs of the distribution'],
  [/^\/var\/lib\/systemd$/, 'random seed, timers and clock of systemd'],
  [/^\/(?:var\/)?tmp\/systemd-private-/, 'temporary folders of units, with chance in their names'],
  [/^\/var\/log\/(?:wtmp|btmp|lastlog|faillog|README)$/, 'who logged in'],
  [/^\/(?:run\/netns|run\/xtables\.lock)$/, 'of pods and of iptables: a lock file holds nothing'],
  [/^\/(?:tmp\/\.[A-Za-z]+[0-9]*-unix|run\/adduser)$/, 'made anew by each boot'],
  [/^\/(?:run\/cloud-init|run\/real-sys|var\/lib\/cloud)$/, 'what cloud-init noted, were it only that it is off'],
  [/^\/run\/vpc-cni\/[a-z.]+\.prev$/, 'the generation before: there once the checkpoint has been written twice'],
  [/^\/root\/vpc-cni$/, 'what is installed from, put there by the test'],
];

/** Texts that differ from run to run by what they tell: their path, mode and owner are compared, not their words. */
const LIVING: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^\/run\/vpc-cni\/(?!user-data\.env$)/, 'state of this boot: process ids, times, addresses'],
  [/^\/opt\/vpc-cni\/[^/]+\/manifest\.json$/, 'stamps of the files as they were written'],
  [/^\/var\/log\//, 'logs'],
];

/** One path of a guest: everything about it but its times and what is in it of a file that lives. */
export interface GuestFile {
  readonly kind: 'file' | 'directory' | 'link' | 'socket' | 'pipe' | 'device';
  readonly mode: number;
  readonly owner: string;
  /** Of a link. */
  readonly target?: string;
  /** Of a text. */
  readonly sha256?: string;
  /** Of any other file: it is compared, and no part of what is shown, because programs differ from build to build. */
  readonly bytes?: string;
}

/** The files of a guest by path. */
export type GuestFiles = ReadonlyMap<string, GuestFile>;

const MOST_OF_A_TEXT = 1_000_000;
const known = new Map<string, Pick<GuestFile, 'sha256' | 'bytes'>>();

const matches = (list: readonly (readonly [RegExp, string])[], path: string): boolean =>
  list.some(([pattern]) => pattern.test(path));

/** What is equal in every build, VPC and run: the version, MACs of ENIs and times are no part of what is compared. */
const neutral = (text: string): string =>
  text
    .replaceAll(packageJson.version, 'VERSION')
    .replaceAll(/(?<=05-vpc-cni-)[0-9a-f]{12}(?=\.network)|\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g, 'MAC')
    .replaceAll(/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME');

/** The checksum of a file. The kernel changes a file's ctime with its content, so nothing is read twice. */
function sumOf(place: string, stats: Stats): Pick<GuestFile, 'sha256' | 'bytes'> {
  const key = `${place} ${stats.ino} ${stats.size} ${stats.ctimeMs}`;
  const seen = known.get(key);
  if (seen !== undefined) return seen;
  const content = readFileSync(place);
  const isText = content.length <= MOST_OF_A_TEXT && !content.includes(0);
  const sum = createHash('sha256').update(isText ? neutral(content.toString()) : content);
  const found = { [isText ? 'sha256' : 'bytes']: sum.digest('hex').slice(0, 16) };
  known.set(key, found);
  return found;
}

function kindOf(stats: Stats): GuestFile['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'link';
  if (stats.isSocket()) return 'socket';
  return stats.isFIFO() ? 'pipe' : 'device';
}

function describe(place: string, path: string, stats: Stats): GuestFile {
  const kind = kindOf(stats);
  const facts = { kind, mode: stats.mode & 0o7777, owner: `${stats.uid}:${stats.gid}` };
  if (kind === 'link') return { ...facts, target: neutral(readlinkSync(place)) };
  return kind === 'file' && !matches(LIVING, path) ? { ...facts, ...sumOf(place, stats) } : facts;
}

/** Visits every path below a root, in order; what goes away meanwhile is not there. */
function visit(root: string, see: (path: string, place: string, stats: Stats) => void, path = ''): void {
  for (const name of readdirSync(`${root}${path}`).sort()) {
    const inner = `${path}/${name}`;
    if (matches(VOLATILE, inner)) continue;
    const place = `${root}${inner}`;
    const stats = lstatSync(place, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    see(inner, place, stats);
    if (stats.isDirectory()) visit(root, see, inner);
  }
}

/** Every path below the root of a guest, as seen from outside, with kind, mode, owner, target and checksum. */
export function readFiles(root: string): GuestFiles {
  const files = new Map<string, GuestFile>();
  visit(root, (path, place, stats) => files.set(neutral(path), describe(place, path, stats)));
  return files;
}

/** When everything was changed last, a line each: any write, even of the same, shows. */
export function readStamps(root: string): readonly string[] {
  const lines: string[] = [];
  visit(root, (path, _, { ino, mtimeMs, ctimeMs }) => {
    if (!matches(LIVING, path)) lines.push(`${path} inode ${ino} mtime ${mtimeMs} ctime ${ctimeMs}`);
  });
  return lines;
}

function render(path: string, file: GuestFile): string {
  const more = file.target === undefined ? (file.sha256 ?? '') : `→ ${file.target}`;
  return `${path} ${file.kind} ${file.mode.toString(8).padStart(4, '0')} ${file.owner} ${more}`.trimEnd();
}

/** What differs between two times: `+` came, `-` went, `~` changed and is now so; a line each, by path. */
export function diffFiles(before: GuestFiles, after: GuestFiles): readonly string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path): readonly string[] => {
    const [old, now] = [before.get(path), after.get(path)];
    if (now === undefined) return old === undefined ? [] : [`- ${render(path, old)}`];
    if (old === undefined) return [`+ ${render(path, now)}`];
    return Bun.deepEquals(old, now) ? [] : [`~ ${render(path, now)}`];
  });
}
