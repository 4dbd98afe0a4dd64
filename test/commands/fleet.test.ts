import { describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Ajv from 'ajv';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { run } from '../../src/commands/fleet.ts';
import { callCommand } from './call.ts';

const call = (words: string, env: Readonly<Record<string, string>> = {}) =>
  callCommand(run, {
    argv: words
      .split(' ')
      .filter(Boolean)
      .map((word) => word.replaceAll('~', ' ')),
    env,
  });

/** A directory for the time of a test. */
function folder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'fleet-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const PREFIXES = '--set ENABLE_PREFIX_DELEGATION=true --set WARM_IP_TARGET=8 --set MINIMUM_IP_TARGET=16';
const CUSTOM = '--set AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG=true';
const IPV6 =
  '--set ENABLE_IPv6=true --set ENABLE_IPv4=false --set ENABLE_PREFIX_DELEGATION=true --set WARM_PREFIX_TARGET=1 --set ENABLE_V4_EGRESS=false';

describe('--json is as its schema has it', () => {
  const rows = [
    ['plan', 'plan --nodes 3 --pods 2'],
    ['plan', 'plan --subnet 10.0.0.0/24=20 --scattered --pods 30/node'],
    ['plan', `plan ${CUSTOM} --subnet 10.0.0.0/26 --pod-subnet 10.0.1.0/26`],
    ['plan', `plan ${IPV6} --vs --nodes~2`],
    ['simulate', 'simulate --nodes 40 --pods 1/node,9/node@2m --subnet 10.0.0.0/25 --rate 0.1'],
    ['simulate', `simulate --nodes 5 ${IPV6} --over 1m --imds-lag-ms 900`],
    ['simulate', `simulate --nodes 3 --for 1s --vs prefixes:~--launch-prefixes~1`],
  ] as const;
  for (const [name, words] of rows)
    test(words, async () => {
      const { stdout, stderr } = await call(`${words} --json`);
      const schema = JSON.parse((await call(`${name} --schema`)).stdout);
      const isRight = new Ajv({ allowUnionTypes: true }).compile(schema);
      const document: unknown = JSON.parse(stdout);
      expect([isRight(document), isRight.errors, stderr]).toEqual([true, null, '']);
    });
});

describe('exit codes', () => {
  const rows = [
    ['plan --nodes 3', 0],
    ['plan --nodes 30 --subnet 10.0.0.0/26', 3],
    ['plan --instance-type t3.nano --pods 9/node', 3],
    ['simulate --nodes 3', 0],
    ['simulate --nodes 30 --subnet 10.0.0.0/26 --for 10m', 3],
    ['simulate --nodes 30 --for 1s', 3],
  ] as const;
  for (const [words, code] of rows) test(`${words}: ${code}`, async () => expect((await call(words)).code).toBe(code));
});

test('defaults are told as they are written', async () => {
  const { stdout } = await call('simulate --help');
  expect(
    [...stdout.replaceAll(/\s+/g, ' ').matchAll(/--(pods|over|for) <.*?\(default: ([^)]*)\)/g)].map(
      ([, name, text]) => [name, text],
    ),
  ).toEqual([
    ['pods', '1/node'],
    ['over', '0s'],
    ['for', '4h'],
  ]);
});

describe('wrong usage', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['', '"fleet" needs a command'],
    ['plann', 'there is no command "fleet plann"'],
    ['plan more', 'too many arguments'],
    ['plan --nodes 0', 'It is a whole number from 1 to 20000.'],
    ['plan --nodes 20001', 'It is a whole number from 1 to 20000.'],
    ['plan --pods many', '"many" is no number of pods such as 200 or 20/node.'],
    ['simulate --pods 2@5m,1@1m', 'Each time is later than the one before.'],
    ['simulate --pods 2@soon', 'It is a time such as 90s, 5m or 2h.'],
    ['plan --subnet 10.0.0.0/8', 'A subnet is between /16 and /28.'],
    ['plan --subnet 10.0.0.1/24', 'has host bits: the network is 10.0.0.0.'],
    ['plan --subnet ten', '"ten" is no network such as 10.0.1.0/24.'],
    ['plan --subnet 10.0.0.0/24=x', '"x" is no number of addresses.'],
    ['plan --subnet 10.0.0.0/24=252', '"10.0.0.0/24" has 251 addresses, not 252.'],
    ['plan --subnet 10.0.0.0/25,10.0.0.0/24', 'the subnets 10.0.0.0/24 and 10.0.0.0/25 overlap'],
    ['plan --pod-subnet 10.0.0.0/24', '--pod-subnet needs custom networking'],
    [`plan ${CUSTOM} --subnet 10.0.0.0/24`, 'there are subnets of both, nodes and pods'],
    ['plan --launch-prefixes 1 --instance-type m4.large', 'a m4.large knows no prefixes'],
    ['plan --launch-addresses 10', 'an ENI of a m5.large holds 9 addresses and prefixes beside its own'],
    ['simulate --rate 0', '--rate is a number from 0.01 to 9999'],
    ['plan --seed 1', "unknown option '--seed'"],
    ['simulate --svg -', '--svg needs a file'],
    ['simulate --svg /nowhere/x.svg', '--svg /nowhere/x.svg: its folder is not there'],
    ['plan --vs none', '--vs "none": too many arguments'],
    ['plan --vs name:', '--vs "name:" holds no options'],
    ['plan --vs --svg~x', '--svg is for all and does not go into --vs'],
  ];
  for (const [words, reason] of rows)
    test(words === '' ? 'no word' : words, async () => {
      const { code, stdout, stderr } = await call(words);
      expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(reason)]);
      const json = JSON.parse((await call(`${words} --json`.trim())).stdout);
      expect([json.ok, json.error.code]).toEqual([false, 'USAGE']);
    });

  test('settings are checked as those of a node, and a type nobody knows is told', async () => {
    expect((await call('plan --set WARM_IP=2')).stderr).toContain('CONFIG_INVALID');
    expect((await call('plan --settings /nowhere/vpc-cni.env')).stderr).toContain('FILE_FAILED');
    expect((await call('plan --instance-type m5.lage')).stderr).toContain('did you mean m5.large?');
  });
});

test('settings come from a file, and words above it', async () => {
  using there = folder();
  const file = join(there.path, 'vpc-cni.env');
  writeFileSync(file, 'WARM_IP_TARGET=2\nMINIMUM_IP_TARGET=4\n');
  const warm = async (words: string): Promise<number> => {
    const { stdout } = await call(`plan --nodes 1 --json --settings ${file}${words}`);
    return JSON.parse(stdout).plans[0].warm;
  };
  expect([await warm(''), await warm(' --set MINIMUM_IP_TARGET=8')]).toEqual([3, 7]);
});

describe('--vs', () => {
  test('changes what it says and nothing else, under a name of its own', async () => {
    const { stdout } = await call(
      'plan --nodes 4 --json --vs few:~--set~WARM_IP_TARGET=1~--set~MINIMUM_IP_TARGET=2 --vs --nodes~8',
    );
    const { plans } = JSON.parse(stdout);
    expect(
      plans.map((plan: { readonly name: string; readonly nodes: number; readonly taken: number }) => [
        plan.name,
        plan.nodes,
        plan.taken,
      ]),
    ).toEqual([
      ['as given', 4, 80],
      ['few', 4, 12],
      ['--nodes 8', 8, 160],
    ]);
  });

  test('shows all side by side where the terminal is wide enough, and one after the other where it is not', async () => {
    const words = `simulate --nodes 5 --vs prefixes:~${PREFIXES.replaceAll(' ', '~')}~--launch-prefixes~1`;
    const wide = (await call(words, { COLUMNS: '100' })).stdout;
    const narrow = (await call(words, { COLUMNS: '50' })).stdout;
    expect(wide.split('\n').filter((line) => line.startsWith('ENIs'))).toHaveLength(1);
    expect(narrow.split('\n').filter((line) => line.startsWith('ENIs'))).toHaveLength(2);
    expect(narrow.split('\n').filter((line) => [...line].length > 50)).toEqual([]);
  });
});

describe('what is drawn', () => {
  test('a dumb terminal gets ASCII, no colour is ever used', async () => {
    const { stdout } = await call('simulate --nodes 5', { TERM: 'dumb' });
    expect(stdout).toMatch(/^nodes ready {6}[ .:=+*#@-]+ 5$/m);
    expect((await call('simulate --nodes 5')).stdout).toMatch(/^nodes ready {6}[ ▁▂▃▄▅▆▇█]+ 5$/m);
    expect(stdout.includes('\x1b')).toBe(false);
  });

  test('--svg writes a picture with a line for each run, and says what it shows', async () => {
    using there = folder();
    const file = join(there.path, 'fleet.svg');
    const { code } = await call(`simulate --nodes 20 --svg ${file} --vs a<b:~--seed~2`);
    const text = readFileSync(file, 'utf8');
    const { svg } = new XMLParser({ ignoreAttributes: false, isArray: (name) => name === 'polyline' }).parse(text);
    expect([code, XMLValidator.validate(text)]).toEqual([0, true]);
    // Two runs: nodes ready, addresses taken, addresses of pods.
    expect(svg.polyline).toHaveLength(6);
    expect(svg.title['#text']).toBe('as given, a<b: nodes ready and addresses over time');
    for (const line of svg.polyline) expect(line['@_points']).toMatch(/^(-?[\d.]+,-?[\d.]+ ?)+$/);
    expect(text.length).toBeLessThan(20_000);
  });
});
