import { describe, expect, test } from 'bun:test';
import {
  choosePlugins,
  comparePlugins,
  type PluginAbout,
  type PluginCandidate,
  readPluginAbout,
  UNKNOWN_PLUGIN,
} from '../../src/hostspec/plugin-choice.ts';

// Recorded from the release, from Debian 12's package, and from a plugin of before 2019, which asks for its command.
const RELEASE = `CNI loopback plugin v1.9.1
CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0
`;
const DEBIAN = `CNI host-local plugin version unknown
CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0
`;
const OLD = '{"code":4,"msg":"required env variables missing"}';

describe('readPluginAbout()', () => {
  for (const { name, output, about } of [
    { name: 'a release', output: RELEASE, about: { version: 'v1.9.1', protocol: '1.1.0' } },
    { name: 'a build without a version', output: DEBIAN, about: { version: 'unknown', protocol: '1.0.0' } },
    { name: 'one that answers something else', output: OLD, about: UNKNOWN_PLUGIN },
    { name: 'one that says nothing', output: '', about: UNKNOWN_PLUGIN },
    {
      name: 'versions in any order',
      output: 'CNI protocol versions supported: 1.0.0, 0.10.0, 0.9.0',
      about: { version: 'unknown', protocol: '1.0.0' },
    },
  ])
    test(`understands ${name}`, () => expect(readPluginAbout(output)).toEqual(about));
});

const release: PluginAbout = { version: 'v1.9.1', protocol: '1.1.0' };
const older: PluginAbout = { version: 'v1.1.1', protocol: '1.0.0' };
const debian: PluginAbout = { version: 'unknown', protocol: '1.0.0' };

describe('comparePlugins()', () => {
  for (const { name, a, b, order } of [
    { name: 'by version', a: release, b: older, order: 'newer' },
    { name: 'by version the other way', a: older, b: release, order: 'older' },
    { name: 'numbers, not letters', a: { ...release, version: 'v1.10.0' }, b: release, order: 'newer' },
    { name: 'the same version', a: release, b: { ...release }, order: 'same' },
    { name: 'by CNI version when one does not know its own', a: release, b: debian, order: 'newer' },
    { name: 'the same CNI version, which tells nothing', a: older, b: debian, order: 'unknown' },
    { name: 'one that could not be asked', a: release, b: UNKNOWN_PLUGIN, order: 'unknown' },
  ] as const)
    test(`compares ${name}`, () => expect(comparePlugins(a, b)).toBe(order));
});

const candidate = (from: string, about: PluginAbout, name = 'loopback'): PluginCandidate => ({
  source: { name, from: `${from}/${name}`, sha256: `${from}-${about.version}-${name}`, size: 1 },
  about,
});
const installed = (about: PluginAbout, name?: string): PluginCandidate => candidate('/installed', about, name);
const offered = (about: PluginAbout, name?: string): PluginCandidate => candidate('/offered', about, name);

describe('choosePlugins()', () => {
  const NOTE = 'loopback v1.9.1 stays, it is newer than /offered/loopback (v1.1.1) (--force replaces it)';
  for (const { name, take, present, asked, foreign, chosen, notes } of [
    { name: 'a first install', take: [older], present: [], chosen: ['/offered'], notes: [] },
    { name: 'newer than installed', take: [release], present: [older], chosen: ['/offered'], notes: [] },
    { name: 'older than installed', take: [older], present: [release], chosen: ['/installed'], notes: [NOTE] },
    {
      name: 'older than installed, by force',
      take: [older],
      present: [release],
      foreign: 'replace',
      chosen: ['/offered'],
      notes: [],
    },
    {
      name: 'older by its CNI version alone',
      take: [debian],
      present: [release],
      chosen: ['/installed'],
      notes: [NOTE.replace('(v1.1.1)', '(of unknown version, CNI 1.0.0)')],
    },
    { name: 'not comparable, asked for', take: [debian], present: [older], chosen: ['/offered'], notes: [] },
    {
      name: 'not comparable, asked for by nobody',
      take: [debian],
      present: [older],
      asked: 'by-nobody',
      chosen: ['/installed'],
      notes: [],
    },
    {
      name: 'newer, asked for by nobody',
      take: [release],
      present: [older],
      asked: 'by-nobody',
      chosen: ['/offered'],
      notes: [],
    },
  ] as const)
    test(name, () => {
      const choice = choosePlugins({
        offered: take.map((about) => offered(about)),
        installed: present.map((about) => installed(about)),
        asked: asked ?? 'by-option',
        foreign: foreign ?? 'keep',
      });
      expect(choice).toEqual({
        plugins: chosen.map((from) => candidate(from, from === '/offered' ? take[0] : (present[0] ?? older)).source),
        notes: [...notes],
      });
    });

  test('the very same bytes are taken from where they are on offer, and nothing is said', () => {
    const same = {
      ...installed(release),
      source: { ...installed(release).source, sha256: offered(release).source.sha256 },
    };
    expect(
      choosePlugins({ offered: [offered(release)], installed: [same], asked: 'by-nobody', foreign: 'keep' }),
    ).toEqual({
      plugins: [offered(release).source],
      notes: [],
    });
  });

  test('what only is installed stays, each plugin by itself', () => {
    const choice = choosePlugins({
      offered: [offered(older), offered(release, 'portmap')],
      installed: [installed(release), installed(older, 'portmap'), installed(older, 'firewall')],
      asked: 'by-option',
      foreign: 'keep',
    });
    expect(choice.plugins.map(({ from }) => from)).toEqual([
      '/installed/loopback',
      '/offered/portmap',
      '/installed/firewall',
    ]);
  });
});
