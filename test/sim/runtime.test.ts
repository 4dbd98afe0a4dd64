import { describe, expect, test } from 'bun:test';
import { parseConflist, renderEnvironment, renderPluginInput } from '../../src/sim/runtime/index.ts';

const list = {
  cniVersion: '1.0.0',
  name: 'net',
  plugins: [
    { type: 'aws-cni', mtu: '9001' },
    { type: 'portmap', capabilities: { portMappings: true, bandwidth: true }, snat: true },
  ],
};
const [first, second] = list.plugins;

describe('parseConflist()', () => {
  test('keeps what a plugin says in its own keys', () =>
    expect(parseConflist(JSON.stringify({ ...list, disableCheck: true }))).toEqual(list));
  const rows = [
    { name: 'text that is no JSON', text: '{', says: 'it is not a JSON object' },
    { name: 'a list', text: '[]', says: 'it is not a JSON object' },
    { name: 'no version', text: '{"name":"n","plugins":[{"type":"x"}]}', says: 'it has no cniVersion' },
    {
      name: 'a name that is a path',
      text: '{"cniVersion":"1.0.0","name":"../n","plugins":[{}]}',
      says: 'it has no valid name',
    },
    { name: 'no plugin', text: '{"cniVersion":"1.0.0","name":"n","plugins":[]}', says: 'it lists no plugins' },
    {
      name: 'a plugin without a type',
      text: '{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"x"},{}]}',
      says: 'its plugin number 2 has no type',
    },
  ];
  for (const row of rows) test(`refuses ${row.name}`, () => expect(parseConflist(row.text)).toBe(row.says));
});

describe('renderPluginInput()', () => {
  if (first === undefined || second === undefined) throw new Error('no plugins');
  test('gives the first plugin of an ADD no previous result', () =>
    expect(JSON.parse(renderPluginInput(list, first, undefined))).toEqual({
      type: 'aws-cni',
      mtu: '9001',
      cniVersion: '1.0.0',
      name: 'net',
    }));
  test('gives a plugin the capabilities it declares and the runtime has, and the result of the one before', () =>
    expect(JSON.parse(renderPluginInput(list, second, { ips: [] }))).toEqual({
      type: 'portmap',
      snat: true,
      cniVersion: '1.0.0',
      name: 'net',
      runtimeConfig: { portMappings: [] },
      prevResult: { ips: [] },
    }));
});

test('renderEnvironment() sets the variables of the specification and what Kubernetes adds', () =>
  expect(
    renderEnvironment('ADD', {
      namespace: 'default',
      pod: 'web',
      containerId: 'c1',
      netns: '/run/netns/x',
      ifName: 'eth0',
    }),
  ).toEqual({
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: 'c1',
    CNI_NETNS: '/run/netns/x',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=c1',
  }));
