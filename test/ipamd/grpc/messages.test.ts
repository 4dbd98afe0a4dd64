import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { encodeMessage, type FieldType, type Spec } from '../../../src/ipamd/grpc/encode-message.ts';
import * as messages from '../../../src/ipamd/grpc/messages.ts';
import { parseMessage } from '../../../src/ipamd/grpc/parse-message.ts';
import { DEFINITION } from '../../support/grpc.ts';

/** Our table of each message, and the methods that send and receive it by the library's reading of the text. */
const rows = [
  ['AddNetworkRequest', messages.ADD_REQUEST, 'rpc.CNIBackend', 'AddNetwork', 'request'],
  ['AddNetworkReply', messages.ADD_REPLY, 'rpc.CNIBackend', 'AddNetwork', 'response'],
  ['DelNetworkRequest', messages.DEL_REQUEST, 'rpc.CNIBackend', 'DelNetwork', 'request'],
  ['DelNetworkReply', messages.DEL_REPLY, 'rpc.CNIBackend', 'DelNetwork', 'response'],
  [
    'NetworkPolicyAgentConfigReply',
    messages.POLICY_CONFIG,
    'rpc.ConfigServerBackend',
    'GetNetworkPolicyConfigs',
    'response',
  ],
  ['HealthCheckRequest', messages.HEALTH_REQUEST, 'grpc.health.v1.Health', 'Check', 'request'],
  ['HealthCheckResponse', messages.HEALTH_REPLY, 'grpc.health.v1.Health', 'Check', 'response'],
] as const satisfies readonly (readonly [string, Spec, string, string, 'request' | 'response'])[];

interface Codec {
  readonly serialize: (value: object) => Buffer;
  readonly deserialize: (bytes: Buffer) => object;
}

function libraryCodec(service: string, method: string, side: 'request' | 'response'): Codec {
  const methods = DEFINITION[service];
  const found =
    methods === undefined || 'format' in methods
      ? undefined
      : Object.entries(methods).find(([name]) => name === method)?.[1];
  if (found === undefined || !('path' in found)) throw new Error(`no ${service}/${method}`);
  return side === 'request'
    ? { serialize: found.requestSerialize, deserialize: found.requestDeserialize }
    : { serialize: found.responseSerialize, deserialize: found.responseDeserialize };
}

function valuesOf(type: FieldType): fc.Arbitrary<unknown> {
  const text = fc.string({ unit: 'grapheme' });
  if (type === 'string') return text;
  if (type === 'bool') return fc.boolean();
  if (type === 'int32') return fc.oneof(fc.constantFrom(-1, 0, 254, 2 ** 31 - 1, -(2 ** 31)), fc.integer());
  if (type === 'strings') return fc.array(text);
  return fc.array(messageOf(type.repeated));
}

const messageOf = (spec: Spec): fc.Arbitrary<Record<string, unknown>> =>
  fc.record(Object.fromEntries(Object.entries(spec).map(([name, [, type]]) => [name, valuesOf(type)])));

/** The health status is an enumeration, of which the library writes known numbers only. */
const anyMessage = (name: string, spec: Spec): fc.Arbitrary<Record<string, unknown>> =>
  name === 'HealthCheckResponse' ? fc.record({ status: fc.constantFrom(0, 1, 2, 3) }) : messageOf(spec);

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('messages', () => {
  for (const [name, spec, service, method, side] of rows) {
    const table: Spec = spec;
    const { serialize, deserialize } = libraryCodec(service, method, side);
    test(`${name}: the library of protobuf reads what we write, and we what it writes`, () => {
      fc.assert(
        fc.property(anyMessage(name, table), (message) => {
          const ours = encodeMessage<Spec>(table, plain(message) as never);
          expect(plain(deserialize(ours))).toEqual(plain(message));
          expect(plain(parseMessage(table, Buffer.from(serialize(message))))).toEqual(plain(message));
        }),
      );
    });

    test(`${name}: has the fields of the text, and no other`, () => {
      // Every field of the text with a value of its own: one that is missing in our table would be lost.
      const library = Object.keys(deserialize(Buffer.alloc(0))).sort();
      expect(Object.keys(table).sort()).toEqual(library);
    });
  }

  test('a device number of −1 takes ten bytes, as every implementation writes it', () => {
    const bytes = encodeMessage(messages.ADDRESS, { IPv4Addr: '', IPv6Addr: '', DeviceNumber: -1, RouteTableId: 254 });
    expect(bytes.toString('hex')).toBe('18ffffffffffffffffff0120fe01');
  });

  test('fields that a later version adds are passed over, whatever they hold', () => {
    const known = Buffer.from('3a026331', 'hex');
    const later = ['a00601', 'a1060102030405060708', 'a2060161', 'a50601020304'].map((hex) => Buffer.from(hex, 'hex'));
    const { ContainerID } = parseMessage(messages.ADD_REQUEST, Buffer.concat([...later, known, ...later]));
    expect(ContainerID).toBe('c1');
  });

  const broken = [
    ['a text that is longer than the message', '3a0561'],
    ['a number that does not end', '48ffffffffffffffffffff'],
    ['half a number', '48ff'],
    ['a group, which proto3 does not have', '4b'],
    ['a text that is no UTF-8', '3a01ff'],
  ] as const;
  for (const [name, hex] of broken)
    test(`bytes that are no message are refused: ${name}`, () => {
      expect(() => parseMessage(messages.ADD_REQUEST, Buffer.from(hex, 'hex'))).toThrow();
    });
});
