import { describe, expect, test } from 'bun:test';
import {
  describeStep,
  diffEntries,
  type Foreign,
  type Known,
  knownEntries,
  MARK,
  type Manifest,
  type ObservedEntry,
  PATHS,
  ROOT,
  type WantedEntry,
} from '../../src/hostspec/index.ts';

const SUM = { old: 'a'.repeat(64), wanted: 'b'.repeat(64), hand: 'c'.repeat(64) } as const;
const PROGRAM = '/opt/vpc-cni/1/vpc-cni';
const LINK = '/opt/cni/bin/aws-cni';
const TEXT = '/etc/sysctl.d/90-vpc-cni.conf';

const right = { uid: 0, gid: 0 } as const;
/** What two installed versions have written down. */
const manifests: readonly Manifest[] = [
  {
    format: 'vpc-cni-manifest/1',
    version: '1',
    directories: [{ path: '/opt/vpc-cni/1', mode: 0o755, ...right }],
    files: [
      { path: PROGRAM, mode: 0o755, ...right, sha256: SUM.old },
      { path: TEXT, mode: 0o644, ...right, sha256: SUM.old },
    ],
    links: [{ path: LINK, target: PATHS.executable }],
  },
  {
    format: 'vpc-cni-manifest/1',
    version: '2',
    directories: [],
    files: [{ path: TEXT, mode: 0o600, ...right, sha256: 'd'.repeat(64) }],
    links: [{ path: LINK, target: '/opt/vpc-cni/2/vpc-cni' }],
  },
];
const run = { pid: 2, startTime: '1' };
const pending = [{ path: PROGRAM, run, mode: 0o755, sha256: 'e'.repeat(64) }] as const;

const program: WantedEntry = {
  kind: 'program',
  path: PROGRAM,
  mode: 0o755,
  source: { name: 'vpc-cni', from: '/new', sha256: SUM.wanted, size: 1000 },
};
const text: WantedEntry = { kind: 'file', path: TEXT, mode: 0o644, text: `# ${MARK}\nnew\n` };
const link: WantedEntry = { kind: 'link', path: LINK, target: PATHS.executable, rival: 'save' };
const folder: WantedEntry = { kind: 'directory', path: '/opt/vpc-cni/1', mode: 0o755 };

const file = (sha256: string, mode: number, uid = 0): ObservedEntry => ({
  kind: 'file',
  mode,
  owner: { uid, gid: 0 },
  sha256,
  text: `# ${MARK}\n${sha256 === SUM.wanted ? 'new' : sha256}\n`,
});

interface Row {
  readonly name: string;
  readonly wanted: WantedEntry;
  readonly observed: ObservedEntry;
  /** The plan as it is, and with --force. */
  readonly kept: readonly string[];
  readonly forced: readonly string[];
}

const COPY = `replace ${PROGRAM} from /new (1 kB, sha256 bbbbbbbbbbbb…)`;
const BY_HAND = 'was changed by hand: kept (--force replaces it)';
const RIGHT_BY_HAND = 'got another mode or owner by hand: kept (--force replaces it)';
const same = (...plan: readonly string[]) => ({ kept: plan, forced: plan });

const rows: readonly Row[] = [
  {
    name: 'a program as a version wrote it is replaced',
    wanted: program,
    observed: file(SUM.old, 0o755),
    ...same(COPY),
  },
  {
    name: 'a program that an interrupted run wrote is replaced',
    wanted: program,
    observed: file('e'.repeat(64), 0o755),
    ...same(COPY),
  },
  {
    name: 'a program with other bytes',
    wanted: program,
    observed: file(SUM.hand, 0o755),
    kept: [`${PROGRAM} ${BY_HAND}`],
    forced: [COPY],
  },
  {
    name: 'a program without its execute bits',
    wanted: program,
    observed: file(SUM.wanted, 0o644),
    kept: [`${PROGRAM} ${RIGHT_BY_HAND}`],
    forced: [`set mode and owner of ${PROGRAM} to 0755 0:0 (is 0644 0:0)`],
  },
  {
    name: 'a program of another owner',
    wanted: program,
    observed: file(SUM.wanted, 0o755, 1000),
    kept: [`${PROGRAM} ${RIGHT_BY_HAND}`],
    forced: [`set mode and owner of ${PROGRAM} to 0755 0:0 (is 0755 1000:0)`],
  },
  {
    name: 'a text as the other version wrote it is rewritten',
    wanted: text,
    observed: file('d'.repeat(64), 0o600),
    ...same(`rewrite ${TEXT} (0644)`),
  },
  {
    name: 'a text with other words',
    wanted: text,
    observed: file(SUM.hand, 0o644),
    kept: [`${TEXT} ${BY_HAND}`],
    forced: [`rewrite ${TEXT} (0644)`],
  },
  {
    name: 'a text of an old version that others may write to',
    wanted: text,
    observed: file(SUM.old, 0o666),
    kept: [`${TEXT} ${BY_HAND}`],
    forced: [`rewrite ${TEXT} (0644)`],
  },
  {
    name: 'a text of an old version that belongs to somebody else',
    wanted: text,
    observed: file(SUM.old, 0o644, 1000),
    kept: [`${TEXT} ${BY_HAND}`],
    forced: [`rewrite ${TEXT} (0644)`],
  },
  {
    name: 'a link as the other version made it',
    wanted: link,
    observed: { kind: 'link', target: '/opt/vpc-cni/2/vpc-cni' },
    ...same(`link ${LINK} → ${PATHS.executable}, instead of /opt/vpc-cni/2/vpc-cni`),
  },
  {
    name: 'a link to elsewhere',
    wanted: link,
    observed: { kind: 'link', target: '/opt/vpc-cni/3/vpc-cni' },
    kept: [`${LINK} ${BY_HAND}`],
    forced: [`link ${LINK} → ${PATHS.executable}, instead of /opt/vpc-cni/3/vpc-cni`],
  },
  {
    name: 'a file in place of our link',
    wanted: link,
    observed: file(SUM.hand, 0o755),
    kept: [`${LINK} ${BY_HAND}`],
    forced: [`link ${LINK} → ${PATHS.executable}`],
  },
  {
    name: 'which version is current is never by hand',
    wanted: { kind: 'link', path: PATHS.current, target: '1', rival: 'save' },
    observed: { kind: 'link', target: '9' },
    ...same(`link ${PATHS.current} → 1, instead of 9`),
  },
  {
    name: 'a folder of ours with another mode',
    wanted: folder,
    observed: { kind: 'directory', mode: 0o700, owner: ROOT },
    kept: [`/opt/vpc-cni/1 ${RIGHT_BY_HAND}`],
    forced: ['set mode and owner of /opt/vpc-cni/1 to 0755 0:0 (is 0700 0:0)'],
  },
];

function planOf(row: Row, foreign: Foreign, saved: readonly string[] = []): readonly string[] {
  const known = new Map<string, readonly Known[]>([
    ...knownEntries(manifests, pending),
    [PATHS.current, [{ kind: 'link', target: '1' }]],
  ]);
  const observed = new Map([[row.wanted.path, row.observed]]);
  const { steps, notes } = diffEntries({ wanted: [row.wanted], observed, known, saved: new Set(saved), foreign });
  return [...notes, ...steps.map(describeStep)];
}

describe('diffEntries() over what was installed', () => {
  for (const row of rows) {
    test(row.name, () => {
      expect({ kept: planOf(row, 'keep'), forced: planOf(row, 'replace') }).toEqual({
        kept: [...row.kept],
        forced: [...row.forced],
      });
    });
  }

  test('what uninstall gives back is the first foreign file of a path, not a later one', () => {
    const observed = new Map([[LINK, file(SUM.hand, 0o755)]]);
    const plan = (saved: readonly string[]): readonly string[] =>
      diffEntries({ wanted: [link], observed, known: new Map(), saved: new Set(saved), foreign: 'keep' }).steps.map(
        ({ kind }) => kind,
      );
    expect([plan([]), plan([LINK])]).toEqual([['save-foreign', 'make-link'], ['make-link']]);
  });
});
