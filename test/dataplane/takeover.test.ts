import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { hostCidr, ipv4FromNumber, parseIpv4, parseIpv4Cidr } from '../../src/addr/index.ts';
import {
  DEAD_LINK_GROUP,
  type ForeignRule,
  foreignRuleSteps,
  isTakenOver,
  type Link,
  podAlias,
  podLinkFinder,
  podRules,
  type Route,
  type Rule,
  readPodAlias,
  ruleKey,
  type Step,
  takenOverAlias,
} from '../../src/dataplane/index.ts';
import { nginx, stepsText } from './sample.ts';

const pod = parseIpv4('10.0.1.90');
const other = parseIpv4('10.0.1.91');
const foreign = (rule: Rule, protocol = 0): ForeignRule => ({ rule, protocol });
const [toPod, fromPod] = podRules(pod, 2);
if (toPod === undefined || fromPod === undefined) throw new RangeError('a pod has two rules');
const elsewhere: Rule = { ...fromPod, table: 3 };
const marked: Rule = { priority: 1024, mark: { value: 0x80, mask: 0x80 }, table: 254 };

/** Rules in the order the kernel looks at them, each with its maker's protocol number. */
type Ordered = readonly ForeignRule[];

/** What the kernel does: a rule goes behind those of its priority; protocol 0 in a removal matches any maker's. */
function kernelApplies(rules: Ordered, step: Step): Ordered {
  const without = (rule: Rule, protocol: number): Ordered => {
    const at = rules.findIndex((have) => ruleKey(have.rule) === ruleKey(rule) && [0, have.protocol].includes(protocol));
    return at < 0 ? rules : rules.toSpliced(at, 1);
  };
  switch (step.kind) {
    case 'add-rule': {
      const there = rules.some(({ rule, protocol }) => protocol === 90 && ruleKey(rule) === ruleKey(step.rule));
      if (there && step.beside !== true) return rules;
      const behind = rules.findLastIndex(({ rule }) => rule.priority <= step.rule.priority) + 1;
      return rules.toSpliced(behind, 0, { rule: step.rule, protocol: 90 });
    }
    case 'remove-rule':
      return without(step.rule, 90);
    case 'remove-foreign-rule':
      return without(step.rule, step.protocol);
    default:
      throw new TypeError(`no step for rules: ${step.kind}`);
  }
}

describe('foreignRuleSteps()', () => {
  const rows = [
    { name: 'nothing foreign', wanted: [toPod], own: [toPod], foreign: [], add: '', remove: '' },
    {
      name: 'a rule of aws-node that is wanted is added as ours, then removed as theirs',
      wanted: [toPod],
      own: [],
      foreign: [foreign(toPod)],
      add: 'rule add 512: from all to 10.0.1.90/32 lookup 254 beside',
      remove: 'rule del 512: from all to 10.0.1.90/32 lookup 254 protocol 0',
    },
    {
      name: 'with ours there already, a fresh one takes its place behind the foreign one',
      wanted: [fromPod],
      own: [fromPod],
      foreign: [foreign(fromPod, 4)],
      add: 'rule add 1536: from 10.0.1.90/32 lookup 2 beside',
      remove: `rule del 1536: from 10.0.1.90/32 lookup 2
rule del 1536: from 10.0.1.90/32 lookup 2 protocol 4`,
    },
    {
      name: 'a duplicate is removed as often as it is there',
      wanted: [fromPod],
      own: [],
      foreign: [foreign(fromPod), foreign(fromPod)],
      add: 'rule add 1536: from 10.0.1.90/32 lookup 2 beside',
      remove: `rule del 1536: from 10.0.1.90/32 lookup 2 protocol 0
rule del 1536: from 10.0.1.90/32 lookup 2 protocol 0`,
    },
    {
      name: 'a rule that sends a pod to another table goes',
      wanted: [fromPod],
      own: [fromPod],
      foreign: [foreign(elsewhere)],
      add: '',
      remove: 'rule del 1536: from 10.0.1.90/32 lookup 3 protocol 0',
    },
    {
      name: 'a rule of an address that nobody has yet goes',
      wanted: [],
      own: [],
      foreign: podRules(other, 2).map((rule) => foreign(rule)),
      add: '',
      remove: `rule del 512: from all to 10.0.1.91/32 lookup 254 protocol 0
rule del 1536: from 10.0.1.91/32 lookup 2 protocol 0`,
    },
    {
      name: 'rules of addresses that are not ours, and other marks, stay',
      wanted: [marked],
      own: [marked],
      foreign: [
        foreign({ priority: 512, to: hostCidr(parseIpv4('10.9.9.9')), table: 254 }),
        foreign({ priority: 512, to: parseIpv4Cidr('10.0.1.0/24'), table: 254 }),
        foreign({ ...marked, mark: { value: 0x100, mask: 0x100 } }),
        foreign({ priority: 32765, from: hostCidr(other), table: 9 }),
      ],
      add: '',
      remove: '',
    },
  ] as const;
  for (const { name, add, remove, ...input } of rows)
    test(name, () => {
      const steps = foreignRuleSteps({ ...input, idle: [other] });
      expect({ add: stepsText(steps.add), remove: stepsText(steps.remove) }).toEqual({ add, remove });
    });

  test('from any order of rules: each wanted one is there once as ours, at no time not at all', () => {
    const address = fc.integer({ min: 0, max: 3 }).map((n) => ipv4FromNumber(0x0a000100 + n));
    const wanted = fc.uniqueArray(address, { maxLength: 3 }).map((all) => all.flatMap((each) => podRules(each, 2)));
    const some = fc.tuple(address, fc.constantFrom(2, 3), fc.constantFrom(0, 1), fc.constantFrom(0, 3, 4, 90));
    fc.assert(
      fc.property(wanted, fc.array(some, { maxLength: 12 }), (rules, raw) => {
        const made = raw.flatMap(([each, table, index, protocol]) => {
          const rule = podRules(each, table)[index];
          return rule === undefined ? [] : [{ rule, protocol }];
        });
        // The kernel keeps no two of ours that are the same: an interrupted takeover may, and is told apart below.
        const before = made
          .filter(
            (a, n) =>
              a.protocol !== 90 ||
              made.findIndex((b) => b.protocol === 90 && ruleKey(a.rule) === ruleKey(b.rule)) === n,
          )
          .toSorted((a, b) => a.rule.priority - b.rule.priority);
        const own = before.filter(({ protocol }) => protocol === 90).map(({ rule }) => rule);
        const steps = foreignRuleSteps({
          wanted: rules,
          own,
          foreign: before.filter(({ protocol }) => protocol !== 90),
          idle: [],
        });
        const missing = rules
          .filter(
            (rule) => ![...own, ...steps.add.map((step) => step.rule)].some((have) => ruleKey(have) === ruleKey(rule)),
          )
          .map((rule) => ({ kind: 'add-rule', rule }) as const);
        let state: Ordered = before;
        const there = (rule: Rule): boolean => state.some((have) => ruleKey(have.rule) === ruleKey(rule));
        const had = rules.filter(there);
        for (const step of [...steps.add, ...missing, ...steps.remove]) {
          state = kernelApplies(state, step);
          expect(had.filter((rule) => !there(rule))).toEqual([]);
        }
        for (const rule of rules)
          expect(state.filter((have) => ruleKey(have.rule) === ruleKey(rule)).map(({ protocol }) => protocol)).toEqual([
            90,
          ]);
      }),
    );
  });
});

describe('podLinkFinder()', () => {
  const veth = 'enic440f455693';
  const link = (name: string, change: Partial<Link> = {}): Link => ({
    ...{ index: 7, name, mac: undefined, mtu: 9001, up: true, group: 0, alias: undefined },
    ...change,
  });
  const route = (name: string, address = pod): Route => ({ table: 254, destination: hostCidr(address), link: name });
  const place = { pod: nginx, address: pod, vethPrefix: 'eni' };
  const theirs = takenOverAlias(nginx);
  const rows = [
    {
      name: 'ours, by its alias',
      links: [link('x', { alias: podAlias(nginx) })],
      routes: [],
      end: { link: 'x', alias: podAlias(nginx) },
    },
    {
      name: 'taken over before, by its alias',
      links: [link('x', { alias: theirs })],
      routes: [],
      end: { link: 'x', alias: theirs },
    },
    {
      name: 'of aws-node with any prefix, by the route to it',
      links: [link('abc1')],
      routes: [route('abc1')],
      end: { link: 'abc1', alias: theirs },
    },
    {
      name: 'of aws-node, by its name when the route is gone',
      links: [link(veth)],
      routes: [],
      end: { link: veth, alias: theirs },
    },
    {
      name: 'the link of its name has the address of a newer sandbox',
      links: [link(veth)],
      routes: [route(veth, other)],
      end: undefined,
    },
    {
      name: 'the link of its name says that it is another sandbox',
      links: [link(veth, { alias: podAlias({ ...nginx, containerId: 'x' }) })],
      routes: [route(veth)],
      end: undefined,
    },
    {
      name: 'a dead link is none',
      links: [link(veth, { group: DEAD_LINK_GROUP })],
      routes: [route(veth)],
      end: undefined,
    },
    { name: 'no link at all', links: [link('eth0')], routes: [], end: undefined },
  ] as const;
  for (const { name, links, routes, end } of rows)
    test(name, () => {
      expect(podLinkFinder({ links, routes })(place)).toEqual(end);
    });
});

test('the alias of a pod taken over names its owner, and fits', () => {
  expect(takenOverAlias(nginx)).toBe('vpc-cni aws-cni 0123abcd eth0 default/nginx from aws-node');
  expect([takenOverAlias(nginx), podAlias(nginx)].map(isTakenOver)).toEqual([true, false]);
  expect(readPodAlias(takenOverAlias(nginx))).toEqual(nginx);
  const long = { ...nginx, name: 'n'.repeat(250) };
  expect(Buffer.byteLength(takenOverAlias(long))).toBeLessThanOrEqual(255);
  expect(readPodAlias(takenOverAlias(long))).toEqual({ ...long, namespace: undefined, name: undefined });
});
