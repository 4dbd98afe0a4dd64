import { describe, expect, test } from 'bun:test';
import { parseCniArgs, parseCniEnvironment } from '../../src/cniproto/index.ts';
import { HostError } from '../../src/errors/index.ts';

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof HostError ? `${error.code}: ${error.message}` : String(error);
  }
  return 'none';
}

const ADD = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/run/netns/p1',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
};

describe('parseCniEnvironment()', () => {
  test('reads a whole environment', () => {
    expect(parseCniEnvironment({ ...ADD, CNI_ARGS: 'K=V', HOME: '/' })).toEqual({
      command: 'ADD',
      containerId: 'c1',
      netns: '/run/netns/p1',
      ifName: 'eth0',
      args: 'K=V',
      path: '/opt/cni/bin',
    });
  });

  const missing = [
    { command: 'ADD', message: 'ADD needs CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME' },
    { command: 'CHECK', message: 'CHECK needs CNI_CONTAINERID, CNI_NETNS, CNI_IFNAME' },
    { command: 'DEL', message: 'DEL needs CNI_CONTAINERID, CNI_IFNAME' },
    { command: 'PLUG', message: 'CNI_COMMAND "PLUG" is unknown' },
  ] as const;
  for (const row of missing) {
    test(`names everything ${row.command} lacks`, () => {
      expect(messageOf(() => parseCniEnvironment({ CNI_COMMAND: row.command }))).toBe(
        `CNI_ENV: invalid CNI environment: ${row.message}`,
      );
    });
  }

  const wrong = [
    {
      set: { CNI_CONTAINERID: '../x' },
      message: 'CNI_CONTAINERID "../x" has characters other than letters, digits, _ . -',
    },
    { set: { CNI_IFNAME: 'abcdefghijklmnop' }, message: 'CNI_IFNAME "abcdefghijklmnop" is longer than 15 characters' },
    { set: { CNI_IFNAME: '..' }, message: 'CNI_IFNAME ".." is no valid interface name' },
    { set: { CNI_IFNAME: 'a b' }, message: 'CNI_IFNAME "a b" is no valid interface name' },
    { set: { CNI_NETNS: 'netns/x' }, message: 'CNI_NETNS "netns/x" is not an absolute path' },
    {
      set: { CNI_NETNS: '', CNI_IFNAME: 'a/b' },
      message: 'ADD needs CNI_NETNS; CNI_IFNAME "a/b" is no valid interface name',
    },
  ] as const;
  for (const row of wrong) {
    test(`refuses ${JSON.stringify(row.set)}`, () => {
      expect(messageOf(() => parseCniEnvironment({ ...ADD, ...row.set }))).toBe(
        `CNI_ENV: invalid CNI environment: ${row.message}`,
      );
    });
  }

  for (const command of ['ADD', 'DEL', 'CHECK', 'STATUS', 'GC'])
    test(`${command} does without CNI_PATH and CNI_ARGS`, () => {
      const env = { ...ADD, CNI_COMMAND: command, CNI_PATH: undefined };
      expect(parseCniEnvironment(env)).toMatchObject({ command, path: '', args: '' });
    });

  test('STATUS and GC are about no container', () => {
    for (const command of ['STATUS', 'GC'])
      expect(String(parseCniEnvironment({ CNI_COMMAND: command }).command)).toBe(command);
  });

  test('DEL does without a namespace', () => {
    expect(parseCniEnvironment({ ...ADD, CNI_COMMAND: 'DEL', CNI_NETNS: undefined }).netns).toBe('');
  });
});

describe('parseCniArgs()', () => {
  const rows = [
    { text: '', args: {} },
    { text: 'K8S_POD_NAME=web;K8S_POD_NAMESPACE=prod', args: { podNamespace: 'prod', podName: 'web' } },
    { text: 'IgnoreUnknown=1;NEW=x;K8S_POD_UID=u', args: { podUid: 'u' } },
    { text: 'K8S_POD_INFRA_CONTAINER_ID=', args: { infraContainerId: '' } },
  ] as const;
  for (const row of rows) test(`reads "${row.text}"`, () => expect(parseCniArgs(row.text)).toEqual(row.args));

  const wrong = [
    { text: 'A', message: 'CNI_ARGS has "A", not K=V' },
    { text: 'K8S_POD_NAME=a=b', message: 'CNI_ARGS has "K8S_POD_NAME=a=b", not K=V' },
    { text: 'K8S_POD_NAME=a;', message: 'CNI_ARGS has "", not K=V' },
    { text: 'A=1;B=2', message: 'CNI_ARGS has unknown keys without IgnoreUnknown: A, B' },
  ] as const;
  for (const row of wrong) {
    test(`refuses "${row.text}"`, () => {
      expect(messageOf(() => parseCniArgs(row.text))).toBe(`CNI_ENV: invalid CNI environment: ${row.message}`);
    });
  }
});
