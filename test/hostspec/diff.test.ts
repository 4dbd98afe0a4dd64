import { describe, expect, test } from 'bun:test';
import {
  type DaemonState,
  describeStep,
  diffBoot,
  diffDaemon,
  diffEntries,
  FRESH,
  MARK,
  NOTHING_OF_BOOT,
  type ObservedEntry,
  PATHS,
  ROOT,
  renderStep,
  type Step,
  type WantedBoot,
  type WantedEntry,
} from '../../src/hostspec/index.ts';

const link: WantedEntry = { kind: 'link', path: '/opt/cni/bin/aws-cni', target: PATHS.executable, rival: 'save' };
const stock: WantedEntry = {
  kind: 'link',
  path: '/opt/cni/bin/loopback',
  target: `${PATHS.currentPlugins}/loopback`,
  rival: 'keep',
};
const unit: WantedEntry = { kind: 'file', path: PATHS.unit, mode: 0o644, text: `# ${MARK}\nb\n` };
const program: WantedEntry = {
  kind: 'program',
  path: '/opt/vpc-cni/1/vpc-cni',
  mode: 0o755,
  source: { name: 'vpc-cni', from: '/home/vpc-cni', sha256: 'a'.repeat(64), size: 99_000_000 },
};
const directory: WantedEntry = { kind: 'directory', path: '/opt/cni/bin', mode: 0o755 };
const owner = ROOT;
const file = (text: string, mode = 0o644, sha256 = 'x'): ObservedEntry => ({ kind: 'file', mode, owner, text, sha256 });

interface Row {
  readonly name: string;
  readonly wanted: WantedEntry;
  readonly observed: ObservedEntry;
  readonly plan: readonly string[];
}

const COPY = 'copy /opt/vpc-cni/1/vpc-cni from /home/vpc-cni (99.0 MB, sha256 aaaaaaaaaaaa…)';
const LINK = 'link /opt/cni/bin/aws-cni → /opt/vpc-cni/current/vpc-cni';
const SAVED = 'which is not ours, to /opt/vpc-cni/saved/opt__cni__bin__aws-cni; uninstall puts it back';
const rows: readonly Row[] = [
  {
    name: 'a missing directory',
    wanted: directory,
    observed: { kind: 'absent' },
    plan: ['make directory /opt/cni/bin (0755)'],
  },
  {
    name: 'a directory with another mode stays',
    wanted: directory,
    observed: { kind: 'directory', mode: 0o700, owner },
    plan: [],
  },
  { name: 'a link to a directory stays', wanted: directory, observed: { kind: 'link', target: '/usr/x' }, plan: [] },
  { name: 'a missing program', wanted: program, observed: { kind: 'absent' }, plan: [COPY] },
  {
    name: 'the same program',
    wanted: program,
    observed: { kind: 'file', mode: 0o755, owner, sha256: 'a'.repeat(64) },
    plan: [],
  },
  {
    name: 'the program without its execute bits',
    wanted: program,
    observed: { kind: 'file', mode: 0o644, owner, sha256: 'a'.repeat(64) },
    plan: ['set mode and owner of /opt/vpc-cni/1/vpc-cni to 0755 0:0 (is 0644 0:0)'],
  },
  { name: 'a missing link', wanted: link, observed: { kind: 'absent' }, plan: [LINK] },
  { name: 'the link as wanted', wanted: link, observed: { kind: 'link', target: PATHS.executable }, plan: [] },
  {
    name: 'our link to elsewhere',
    wanted: link,
    observed: { kind: 'link', target: '/opt/vpc-cni/0/vpc-cni' },
    plan: [`${LINK}, instead of /opt/vpc-cni/0/vpc-cni`],
  },
  {
    name: 'a plugin of upstream is saved first',
    wanted: link,
    observed: file(''),
    plan: [`save the file /opt/cni/bin/aws-cni, ${SAVED}`, LINK],
  },
  {
    name: 'a link of somebody else is saved first',
    wanted: link,
    observed: { kind: 'link', target: '/else' },
    plan: [`save the link /opt/cni/bin/aws-cni, ${SAVED}`, `${LINK}, instead of /else`],
  },
  {
    name: 'a stock plugin of somebody else stays',
    wanted: stock,
    observed: file(''),
    plan: ['note: /opt/cni/bin/loopback is not ours and serves the same purpose: kept (--force replaces it)'],
  },
  { name: 'a missing unit', wanted: unit, observed: { kind: 'absent' }, plan: [`write ${PATHS.unit} (0644)`] },
  {
    name: 'the unit of an older version',
    wanted: unit,
    observed: file(`# ${MARK}\na\n`, 0o644, 'recorded'),
    plan: [`rewrite ${PATHS.unit} (0644)`],
  },
  {
    name: 'a unit changed by hand',
    wanted: unit,
    observed: file(`# ${MARK}\nby hand\n`, 0o644, 'other'),
    plan: [`note: ${PATHS.unit} was changed by hand: kept (--force replaces it)`],
  },
  {
    name: 'a unit that is not ours',
    wanted: { ...unit, path: '/etc/x' },
    observed: file('theirs\n'),
    plan: [
      'save the file /etc/x, which is not ours, to /opt/vpc-cni/saved/etc__x; uninstall puts it back',
      'rewrite /etc/x (0644)',
    ],
  },
];

describe('diffEntries()', () => {
  for (const row of rows) {
    test(row.name, () => {
      const { steps, notes } = diffEntries({
        wanted: [row.wanted],
        observed: new Map([[row.wanted.path, row.observed]]),
        known: new Map([[PATHS.unit, [{ kind: 'file', sha256: 'recorded' }]]]),
        saved: new Set(),
        foreign: 'keep',
      });
      expect([...notes.map((note) => `note: ${note}`), ...steps.map(describeStep)]).toEqual([...row.plan]);
    });
  }

  test('a directory where a file belongs is refused', () => {
    const observed = new Map<string, ObservedEntry>([[PATHS.unit, { kind: 'directory', mode: 0o755, owner }]]);
    const attempt = (): unknown =>
      diffEntries({ wanted: [unit], observed, known: new Map(), saved: new Set(), foreign: 'keep' });
    expect(attempt).toThrow(`${PATHS.unit} is a directory, not a regular file, and will not be replaced`);
  });
});

test('renderStep() shows what changes in a text file', () => {
  const text = ['1', '2', '3', 'new', '5', '6', '7', ''].join('\n');
  const before = { text: text.replace('new', 'old'), mode: 0o644 };
  const step: Step = { kind: 'write-file', path: '/f', mode: 0o644, text, before };
  expect(renderStep(step)).toBe(
    ['rewrite /f (0644)', '      2', '      3', '    - old', '    + new', '      5', '      6'].join('\n'),
  );
});

describe('diffBoot()', () => {
  const sysctls = [
    { key: ['net', 'ipv4', 'ip_forward'], value: '1', need: 'required' },
    { key: ['net', 'ipv4', 'tcp_early_demux'], value: '1', need: 'optional' },
    { key: ['net', 'ipv4', 'conf', 'eth0.1', 'rp_filter'], value: '2', need: 'required' },
  ] as const;
  const wanted: WantedBoot = { ...NOTHING_OF_BOOT, sysctls };
  const rest = { staleResults: [], policies: [], directories: [], modules: {} } as const;
  const done = { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.eth0.1.rp_filter': '2' };

  test('a fresh boot with a leftover conflist', () => {
    const plan = diffBoot(wanted, {
      ...rest,
      sysctls: { ...done, 'net.ipv4.ip_forward': '0' },
      conflist: 'present',
      recordedBootId: 'old',
      bootId: 'new',
    });
    expect(plan.steps.map(describeStep)).toEqual([
      `withdraw ${PATHS.conflist}: it is from an earlier boot, and the node would look ready before it is`,
      'set net.ipv4.ip_forward = 1 (is 0)',
      `note boot new in ${PATHS.bootId}`,
    ]);
  });

  test('a second run in one boot keeps the conflist', () => {
    const plan = diffBoot(wanted, {
      ...rest,
      sysctls: done,
      conflist: 'present',
      recordedBootId: 'new',
      bootId: 'new',
    });
    expect(plan.steps).toEqual([]);
  });
});

describe('diffDaemon()', () => {
  const changed: Step = {
    kind: 'copy-program',
    path: '/opt/vpc-cni/1/vpc-cni',
    mode: 0o755,
    from: '/x',
    size: 1,
    sha256: 'a',
    before: 'different',
  };
  const written: Step = { kind: 'write-file', path: PATHS.unit, mode: 0o644, text: '', before: undefined };
  const steps = (
    daemon: DaemonState,
    image: readonly Step[],
    conflist: 'absent' | 'present' = 'present',
    keeper: 'systemd' | 'supervisor' = 'systemd',
    stale = FRESH,
  ): readonly string[] =>
    diffDaemon({ image, daemon, stale, conflist, keeper, timeoutMs: 1 }).steps.map(({ kind }) => kind);

  test('nothing runs yet', () => {
    expect(steps('absent', [written], 'absent')).toEqual([
      'reload-units',
      'start-daemon',
      'await-ready',
      'await-conflist',
    ]);
    expect(steps('absent', [written], 'absent', 'supervisor')).toEqual([
      'start-daemon',
      'await-ready',
      'await-conflist',
    ]);
  });
  test('everything serves', () => expect(steps('ready', [])).toEqual([]));
  test('another executable', () =>
    expect(steps('ready', [changed])).toEqual(['restart-daemon', 'await-ready', 'await-conflist']));
  test('back to a version whose files are all there: only the link of the current one switches', () => {
    const link: Step = { kind: 'make-link', path: PATHS.current, target: '1', before: '2', over: 'link' };
    expect(steps('ready', [link])).toEqual(['restart-daemon', 'await-ready', 'await-conflist']);
    expect(steps('ready', [{ ...link, path: PATHS.previous }])).toEqual([]);
  });
  test('a run was killed before its restart', () => {
    const stale = { unit: 'known', reason: 'it runs another executable than the installed one' } as const;
    const anew = ['restart-daemon', 'await-ready', 'await-conflist'];
    expect(steps('ready', [], 'present', 'systemd', stale)).toEqual(anew);
    expect(steps('starting', [], 'present', 'supervisor', stale)).toEqual(anew);
  });
  test('a run was killed before systemd knew of its unit', () => {
    const stale = { unit: 'unread', reason: 'its unit has changed since it was started' } as const;
    expect(steps('ready', [], 'present', 'systemd', stale)[0]).toBe('reload-units');
    expect(steps('absent', [], 'absent', 'systemd', { ...stale, reason: undefined }).slice(0, 2)).toEqual([
      'reload-units',
      'start-daemon',
    ]);
  });
  test('still starting', () => expect(steps('starting', [])).toEqual(['await-ready', 'await-conflist']));
  test('ready without a conflist', () => expect(steps('ready', [], 'absent')).toEqual(['await-conflist']));
});

test('renderStep() shows no line of a file that not everybody may read, before or after', () => {
  const step = {
    kind: 'write-file',
    path: '/etc/x',
    text: 'new\n',
    before: { text: 'secret\n', mode: 0o644 },
  } as const;
  expect(renderStep({ ...step, mode: 0o644 })).toBe('rewrite /etc/x (0644)\n    - secret\n    + new');
  const hidden = '    ' + '  (not shown: not everybody may read it)';
  expect(renderStep({ ...step, mode: 0o600 })).toBe(`rewrite /etc/x (0600)\n${hidden}`);
  expect(renderStep({ ...step, mode: 0o644, before: { text: 'secret\n', mode: 0o640 } })).toBe(
    `rewrite /etc/x (0644)\n${hidden}`,
  );
});

test('diffEntries() saves no file of a folder that is ours alone, marked or not', () => {
  const rows: readonly { readonly path: string; readonly kinds: readonly Step['kind'][] }[] = [
    { path: `${PATHS.run}/kubelet.env`, kinds: ['write-file'] },
    { path: '/etc/default/x', kinds: ['save-foreign', 'write-file'] },
  ];
  for (const { path, kinds } of rows) {
    const wanted: WantedEntry = { kind: 'file', path, mode: 0o644, text: 'new' };
    const found: ObservedEntry = { kind: 'file', mode: 0o644, owner: ROOT, text: 'old', sha256: '' };
    const input = { wanted: [wanted], observed: new Map([[path, found]]), known: new Map(), saved: new Set<string>() };
    expect(diffEntries({ ...input, foreign: 'keep' }).steps.map(({ kind }) => kind)).toEqual([...kinds]);
  }
});
