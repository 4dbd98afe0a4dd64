import { describe, expect, test } from 'bun:test';
import {
  decideAdopt,
  describeOthers,
  type ObservedTakeover,
  parseForeignConflist,
  parseTakeoverMark,
  renderTakeoverMark,
} from '../../src/hostspec/index.ts';
import { awsNodeConflist } from '../support/aws-node.ts';

const quiet: ObservedTakeover = {
  others: [],
  checkpoint: 'present',
  unsupported: [],
  differences: [],
  state: 'none',
  daemon: 'absent',
  packetRules: 'present',
};
const other = { holds: 'listens on port 61678', pid: 7, program: 'aws-k8s-agent' };
const difference = { setting: 'POD_MTU', theirs: '1500', ours: '9001' };

/** The decision as one line. */
function decision(change: Partial<ObservedTakeover>, settings: 'same' | 'ours' = 'same'): string {
  const decided = decideAdopt({ ...quiet, ...change }, { settings });
  switch (decided.kind) {
    case 'refuse':
      return `${decided.failure.code}: ${decided.failure.message}`;
    case 'nothing':
      return `nothing: ${decided.why}`;
    case 'adopt':
      return `adopt, ${decided.checkpoint}`;
    default:
      return decided satisfies never;
  }
}

describe('decideAdopt()', () => {
  const rows = [
    { name: 'a node that aws-node has left', change: {}, is: 'adopt, import' },
    { name: 'one without a checkpoint has no pods', change: { checkpoint: 'absent' }, is: 'adopt, keep' },
    { name: 'one where our daemon was started beside the pods', change: { daemon: 'ready' }, is: 'adopt, import' },
    { name: 'an interrupted one, before our daemon ran', change: { state: 'imported' }, is: 'adopt, keep' },
    {
      name: 'an interrupted one, our daemon serves',
      change: { state: 'imported', daemon: 'ready' },
      is: 'adopt, keep',
    },
    {
      name: 'one that is ours',
      change: { state: 'adopted', daemon: 'ready', packetRules: 'absent' },
      is: 'nothing: this node was taken over already',
    },
    {
      name: 'one that is ours, but rules of aws-node are back',
      change: { state: 'adopted', daemon: 'ready' },
      is: 'adopt, keep',
    },
    {
      name: 'one that is ours, its daemon is down',
      change: { state: 'adopted', packetRules: 'absent' },
      is: 'adopt, keep',
    },
    {
      name: 'one that never was anybody else’s',
      change: { checkpoint: 'absent', daemon: 'ready', packetRules: 'absent' },
      is: 'nothing: this node is ours, and aws-node has left nothing to take over',
    },
    {
      name: 'ours once interrupted, whatever the pods need',
      change: { state: 'imported', unsupported: ['x'], differences: [difference] },
      is: 'adopt, keep',
    },
  ] as const;
  for (const { name, change, is } of rows) test(name, () => expect(decision(change)).toBe(is));

  test('another ipamd comes before everything else', () => {
    const all = { others: [other], unsupported: ['x'], differences: [difference], state: 'adopted' } as const;
    expect(decision(all)).toStartWith('ADOPT_OTHER_IPAMD: another ipamd still runs on this node');
    expect(decision({ ...all, daemon: 'ready', packetRules: 'absent' }, 'ours')).toContain(
      'pid 7 (aws-k8s-agent) listens on port 61678',
    );
  });

  test('pods that cannot be served come before settings, which only a person can decide', () => {
    const both = { unsupported: ['pod a/b has the IPv6 address ::1', 'y'], differences: [difference] };
    for (const settings of ['same', 'ours'] as const)
      expect(decision(both, settings)).toEndWith(': pod a/b has the IPv6 address ::1; y');
    expect(decision({ differences: [difference] })).toEndWith('than ours: POD_MTU is 1500 there and 9001 here');
    expect(decision({ differences: [difference] }, 'ours')).toBe('adopt, import');
  });
});

test('describeOthers() names whoever can be named', () => {
  expect(describeOthers([{ holds: 'serves x' }, { holds: 'runs', pid: 3 }, other])).toBe(
    'an unknown process serves x; pid 3 runs; pid 7 (aws-k8s-agent) listens on port 61678',
  );
});

describe('parseForeignConflist()', () => {
  test('reads what aws-node writes', () => {
    expect(parseForeignConflist(awsNodeConflist())).toEqual({
      ...{ vethPrefix: 'eni', mtu: '9001', enforcingMode: 'strict' },
    });
    expect(parseForeignConflist(awsNodeConflist({ vethPrefix: 'abc', egress: 'true' }))).toEqual({
      ...{ vethPrefix: 'abc', mtu: '9001', enforcingMode: 'strict' },
      egress: 'ipv6',
    });
  });
  test('reads the family of egress off the range of its addresses', () => {
    const text = awsNodeConflist({ egress: 'true' });
    expect(parseForeignConflist(text.replace('fd00::ac:00/118', '169.254.172.0/22')).egress).toBe('ipv4');
    expect(parseForeignConflist(text.replace('"name"', '"cniVersions": ["1.1.0"], "name"')).egress).toBeUndefined();
  });
  test.each(['', '[]', '{"plugins":7}', '{"plugins":[null,7,{"type":"aws-cni","mtu":1500}]}', 'null'])(
    'says nothing of %s',
    (text) => expect(parseForeignConflist(text)).toEqual({}),
  );
});

test('the mark of a takeover is read back, and anything else is none', () => {
  const mark = { state: 'imported', sha256: 'ab', at: '2026-01-01T00:00:00.000Z' } as const;
  expect(parseTakeoverMark(renderTakeoverMark(mark))).toEqual(mark);
  for (const text of ['', '{}', 'null', '{"state":"none","sha256":"","at":""}', '{"state":"adopted","at":""}'])
    expect(parseTakeoverMark(text)).toBeUndefined();
});
