import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseCniCall, parseNetConf } from '../../src/cniproto/index.ts';
import { HostError } from '../../src/errors/index.ts';

function failureOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof HostError ? `${error.code}: ${error.message}` : `${error}`;
  }
  return 'none';
}

const CONF = { cniVersion: '1.1.0', name: 'aws-cni', type: 'aws-cni' };
const BODY = {
  command: 'ADD',
  containerId: 'c1',
  netns: '/run/netns/p1',
  ifName: 'eth0',
  args: 'K8S_POD_NAMESPACE=prod;K8S_POD_NAME=web',
  path: '/opt/cni/bin',
  plugin: 'aws-cni',
  config: CONF,
};

describe('parseNetConf()', () => {
  test('reads every key we use and leaves the others alone', () => {
    expect(
      parseNetConf({
        ...CONF,
        vethPrefix: 'eni',
        mtu: '9001',
        podSGEnforcingMode: 'strict',
        pluginLogFile: '/var/log/p.log',
        pluginLogLevel: 'DEBUG',
        enabled: 'false',
        runtimeConfig: { 'io.kubernetes.cri.pod-annotations': { a: 'b', n: 1 }, portMappings: [] },
        'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }],
        prevResult: { ips: [] },
      }),
    ).toEqual({
      cniVersion: '1.1.0',
      name: 'aws-cni',
      type: 'aws-cni',
      vethPrefix: 'eni',
      mtu: 9001,
      pluginLogFile: '/var/log/p.log',
      pluginLogLevel: 'DEBUG',
      enabled: false,
      podAnnotations: { a: 'b' },
      prevResult: { ips: [] },
      validAttachments: [{ containerId: 'c1', ifName: 'eth0' }],
    });
  });

  test.each([
    ['null, as Go writes an empty list', { 'cni.dev/valid-attachments': null }],
    ['the older key', { 'cni.dev/attachments': [] }],
  ])('a GC whose list is %s keeps nothing', (_, keys) => {
    expect(parseNetConf({ ...CONF, ...keys }).validAttachments).toEqual([]);
  });

  const wrong: readonly (readonly [unknown, string])[] = [
    [[], 'CNI_CONFIG: invalid network configuration: the configuration is not an object'],
    [{ name: 'n' }, 'CNI_VERSION: cniVersion 0.1.0 is not supported'],
    [{ cniVersion: '9.9.9', name: 'n' }, 'CNI_VERSION: cniVersion 9.9.9 is not supported'],
    [{ cniVersion: 1, name: 'n' }, 'CNI_CONFIG: invalid network configuration: cniVersion is not a text'],
    [{ cniVersion: '1.0.0' }, 'CNI_CONFIG: invalid network configuration: name is missing'],
    [
      { cniVersion: '1.0.0', name: '../n' },
      'CNI_CONFIG: invalid network configuration: name is not made of letters, digits, _ . -: "../n"',
    ],
    [{ ...CONF, mtu: '10' }, 'CNI_CONFIG: invalid network configuration: mtu is not an integer from 576 to 9001: "10"'],
    [
      { ...CONF, vethPrefix: 'toolong' },
      'CNI_CONFIG: invalid network configuration: vethPrefix is not one to four letters or digits: "toolong"',
    ],
    [
      { ...CONF, 'cni.dev/valid-attachments': [{ ifname: 'eth0' }] },
      'CNI_CONFIG: invalid network configuration: cni.dev/valid-attachments[0].containerID is not a text',
    ],
  ];
  for (const [conf, message] of wrong) {
    test(`refuses ${JSON.stringify(conf)}`, () => expect(failureOf(() => parseNetConf(conf))).toBe(message));
  }
});

describe('parseCniCall()', () => {
  test('reads the body of an ADD', () => {
    expect(parseCniCall(BODY)).toEqual({
      command: 'ADD',
      containerId: 'c1',
      netns: '/run/netns/p1',
      ifName: 'eth0',
      path: '/opt/cni/bin',
      plugin: 'aws-cni',
      args: { podNamespace: 'prod', podName: 'web' },
      config: { ...CONF, cniVersion: '1.1.0' },
    });
  });

  const wrong: readonly (readonly [object, string])[] = [
    [{ plugin: 'ptp' }, 'CNI_CONFIG: invalid network configuration: plugin is not aws-cni or egress-cni'],
    [{ containerId: '' }, 'CNI_ENV: invalid CNI environment: ADD needs CNI_CONTAINERID'],
    [{ command: 'VERSION' }, 'CNI_ENV: invalid CNI environment: CNI_COMMAND "VERSION" is unknown'],
    [
      { command: 'STATUS', config: { ...CONF, cniVersion: '1.0.0' } },
      'CNI_VERSION: cniVersion 1.0.0 (STATUS came with 1.1.0) is not supported',
    ],
    [
      { command: 'CHECK', config: { ...CONF, cniVersion: '0.3.1' } },
      'CNI_VERSION: cniVersion 0.3.1 (CHECK came with 0.4.0) is not supported',
    ],
  ];
  for (const [change, message] of wrong) {
    test(`refuses ${JSON.stringify(change)}`, () => {
      expect(failureOf(() => parseCniCall({ ...BODY, ...change }))).toBe(message);
    });
  }

  const names = (name: string): object => ({ args: `K8S_POD_NAMESPACE=prod;K8S_POD_NAME=${name}` });
  test.each(['a b', 'a/b', '-a', 'a\n', 'a'.repeat(254)])(
    'no ADD for a pod called %j, and no complaint in DEL',
    (name) => {
      expect(failureOf(() => parseCniCall({ ...BODY, ...names(name) }))).toStartWith(
        'CNI_ENV: invalid CNI environment: CNI_ARGS has K8S_POD_NAME',
      );
      expect(failureOf(() => parseCniCall({ ...BODY, ...names(name), command: 'DEL' }))).toBe('none');
    },
  );
  test.each(['web-0', 'a', 'Web_1.x', 'a'.repeat(253)])('an ADD for a pod called %s', (name) => {
    expect(parseCniCall({ ...BODY, ...names(name) }).args.podName).toBe(name);
  });

  test('any JSON is either a call or one of our failures', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(BODY)), (value, key) => {
        expect(failureOf(() => parseCniCall({ ...BODY, [key]: value }))).toMatch(/^(none|CNI_[A-Z]+: .*)$/s);
      }),
    );
  });
});
