import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HELP, PARTS, parseWords } from '../../scripts/bench/options.ts';
import { placePeer, readPeer } from '../../scripts/bench/parse-peer.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
const CONF = { cniVersion: '1.0.0', name: 'net', type: 'bridge', ipam: { type: 'host-local' } };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-options-'));
  mkdirSync(at('directory'));
  for (const program of ['bridge', 'host-local']) {
    writeFileSync(at(program), '#!/bin/sh\n');
    chmodSync(at(program), 0o755);
  }
  writeFileSync(at('plain'), '');
  const files = {
    good: CONF,
    list: { cniVersion: '1.0.0', name: 'net', plugins: [{ type: 'bridge', mtu: 9001 }] },
    two: { cniVersion: '1.0.0', name: 'net', plugins: [{ type: 'bridge' }, { type: 'portmap' }] },
    other: { ...CONF, type: 'ptp' },
    nameless: { ...CONF, name: '' },
    array: [CONF],
    far: { ...CONF, ipam: { type: '../../bin/sh' } },
  };
  for (const [name, value] of Object.entries(files)) writeFileSync(at(`${name}.json`), JSON.stringify(value));
  writeFileSync(at('broken.json'), '{');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('parseWords()', () => {
  test('everything at its default, and everything told', () => {
    const none = { quick: false, json: false, only: undefined, cycles: undefined, product: undefined, peer: undefined };
    expect(parseWords([])).toEqual(none);
    const product = at('bridge');
    const words = ['--quick', '--json', '--only', 'crowd', '--cycles', '20', '--product', product];
    expect(parseWords(words)).toEqual({ ...none, quick: true, json: true, only: 'crowd', cycles: 20, product });
  });

  test('each part can be asked for, and help names all options and parts', () => {
    for (const only of PARTS) expect(parseWords(['--only', only])).toMatchObject({ only });
    expect(parseWords(['--quick', '-h'])).toBe('help');
    for (const word of [...PARTS, '--quick', '--cycles', '--only', '--product', '--peer ', '--peer-conf', '--json'])
      expect(HELP).toContain(word);
  });

  const wrong = [
    [['--only', 'all'], '--only needs one of product, crowd, pool, fleet, sim, not "all"'],
    [['--cycles', '-1'], '--cycles needs a whole number, not "-1"'],
    [['--product', '/nowhere'], '--product needs a file, and there is no "/nowhere"'],
    [['--peer', '/usr/bin/true'], '--peer needs --peer-conf: a plugin does nothing without a configuration'],
    [['--peer-conf', 'x'], '--peer-conf needs --peer'],
    [['--fast'], 'there is no option "--fast"'],
  ] as const;
  for (const [words, reason] of wrong)
    test(`${words.join(' ')} is refused`, () => expect(parseWords(words)).toEqual({ wrong: reason }));
});

describe('a peer', () => {
  test('is read with the IPAM plugin beside it, from a configuration or from a list of one', () => {
    const peer = { name: 'bridge', executable: at('bridge') };
    expect(readPeer(at('bridge'), at('good.json'))).toEqual({ ...peer, config: CONF, ipam: at('host-local') });
    const config = { cniVersion: '1.0.0', name: 'net', type: 'bridge', mtu: 9001 };
    expect(readPeer(at('bridge'), at('list.json'))).toEqual({ ...peer, config, ipam: undefined });
    expect(parseWords(['--peer', at('bridge'), '--peer-conf', at('good.json')])).toMatchObject({ peer });
  });

  test('is copied to where a node sees it, with the other plugin and nothing else', () => {
    const placed = placePeer(readPeer(at('bridge'), at('good.json')));
    const there = dirname(placed.executable);
    try {
      expect(readdirSync(there).sort()).toEqual(['bridge', 'host-local']);
      expect(placed).toEqual({
        ...{ name: 'bridge', executable: join(there, 'bridge'), path: `${there}:/usr/lib/cni`, config: CONF },
      });
    } finally {
      rmSync(there, { recursive: true });
    }
  });

  test('does not take a file from elsewhere for its IPAM plugin', () =>
    expect(readPeer(at('bridge'), at('far.json')).ipam).toBeUndefined());

  const rows = [
    ['plain', 'good.json', 'needs an executable'],
    ['directory', 'good.json', 'needs an executable'],
    ['absent', 'good.json', 'needs an executable'],
    ['bridge', 'absent.json', 'cannot be read'],
    ['bridge', 'broken.json', 'cannot be read'],
    ['bridge', 'array.json', 'needs an object'],
    ['bridge', 'two.json', 'needs the configuration of one plugin, and'],
    ['bridge', 'nameless.json', 'needs name'],
    ['bridge', 'other.json', 'is for the plugin "ptp", not for "bridge"'],
  ] as const;
  for (const [plugin, conf, reason] of rows)
    test(`${plugin} with ${conf} is refused: ${reason}`, () => {
      const answer = parseWords(['--peer', at(plugin), '--peer-conf', at(conf)]);
      expect(answer).toEqual({ wrong: expect.stringContaining(reason) });
    });
});
