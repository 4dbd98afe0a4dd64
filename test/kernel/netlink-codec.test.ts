import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { hostCidr, type IpCidr, ipv4FromNumber, ipv6FromBigInt, parseIpv6, parseMac } from '../../src/addr/index.ts';
import { type Route, type Rule, ruleKey } from '../../src/dataplane/index.ts';
import { HostError } from '../../src/errors/index.ts';
import { readAcknowledgement } from '../../src/kernel/netlink/acknowledgement.ts';
import {
  type Attribute,
  decodeAttributes,
  decodeReplies,
  encodeRequests,
  type NetlinkReply,
  type NetlinkRequest,
  readString,
  readU32,
  u32,
  zeroTerminated,
} from '../../src/kernel/netlink/codec.ts';
import { readAddress, readLink, readNeighbour, readRoute, readRule } from '../../src/kernel/netlink/facts.ts';
import {
  changeAddress,
  changeRoute,
  changeRule,
  createVeth,
  setLink,
  setNeighbour,
} from '../../src/kernel/netlink/messages.ts';

const bytes = fc.uint8Array({ maxLength: 40 });
const flat = fc.uniqueArray(fc.record({ type: fc.integer({ min: 1, max: 0x3fff }), value: bytes }), {
  selector: ({ type }) => type,
  maxLength: 6,
});
const nested: fc.Arbitrary<readonly Attribute[]> = fc
  .tuple(flat, flat)
  .map(([outer, inner]) => [...outer, ...(outer.some(({ type }) => type === 18) ? [] : [{ type: 18, value: inner }])]);
const request: fc.Arbitrary<NetlinkRequest> = fc.record({
  type: fc.integer({ min: 16, max: 200 }),
  flags: fc.integer({ min: 0, max: 0xffff }),
  header: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  attributes: nested,
});

/** Attributes as read back; nested ones, which a reader asks for by type, as maps of their own. */
function readBack(attributes: readonly Attribute[], payload: Uint8Array, from: number): unknown {
  const found = decodeAttributes(payload, from);
  return attributes.map(({ type, value }) => {
    const raw = found.get(type) ?? new Uint8Array();
    return { type, value: value instanceof Uint8Array ? new Uint8Array(raw) : readBack(value, raw, 0) };
  });
}

describe('encode and decode', () => {
  test('any requests read back as they were, in order and aligned', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 5 }), fc.integer({ min: 1, max: 2 ** 31 }), (requests, sequence) => {
        const encoded = encodeRequests(requests, sequence);
        expect(encoded.length % 4).toBe(0);
        const replies: readonly unknown[] = decodeReplies(encoded).map((reply, index) => ({
          type: reply.type,
          flags: reply.flags,
          sequence: reply.sequence,
          header: reply.payload.slice(0, 16),
          attributes: readBack(requests[index]?.attributes ?? [], reply.payload, 16),
        }));
        expect(replies).toEqual(requests.map((each, index) => ({ ...each, sequence: sequence + index })));
      }),
    );
  });

  test('numbers and strings read back; short and absent ones are undefined', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 1), fc.string({ unit: 'grapheme' }), (value, text) => {
        expect(readU32(u32(value))).toBe(value);
        const [shown = ''] = text.split('\0');
        expect(readString(zeroTerminated(text))).toBe(shown);
      }),
    );
    expect([readU32(Uint8Array.of(1, 2, 3)), readU32(undefined), readString(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

const ipv4 = fc.nat(2 ** 32 - 1).map(ipv4FromNumber);
const ipv6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(ipv6FromBigInt);
const cidr4 = fc.record({ address: ipv4, prefixLength: fc.integer({ min: 1, max: 32 }) });
const cidr6 = fc.record({ address: ipv6, prefixLength: fc.integer({ min: 1, max: 128 }) });
const cidr: fc.Arbitrary<IpCidr> = fc.oneof(cidr4, cidr6);
const table = fc.oneof(fc.integer({ min: 1, max: 255 }), fc.integer({ min: 256, max: 2 ** 32 - 1 }));
const index = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((six) => parseMac(Array.from(six, (byte) => byte.toString(16).padStart(2, '0')).join(':')));

/** The only message of an encoded request, as if the kernel had sent it; NEW messages have the shape of a dump's. */
const asReply = (sent: NetlinkRequest): NetlinkReply => decodeReplies(encodeRequests([sent], 1))[0] ?? none();
const none = (): never => {
  throw new RangeError('no message');
};

const EVERYWHERE6 = { address: parseIpv6('::'), prefixLength: 0 };

describe('what we ask for reads as what we meant', () => {
  test('rules', () => {
    const networks = fc.oneof(
      fc.record({ from: fc.option(cidr4, { nil: undefined }), to: fc.option(cidr4, { nil: undefined }) }),
      fc.record({ from: fc.option(cidr6, { nil: undefined }), to: cidr6 }),
      fc.record({ from: fc.oneof(cidr6, fc.constant(EVERYWHERE6)), to: fc.constant(undefined) }),
    );
    const rule: fc.Arbitrary<Rule> = fc
      .record({
        priority: fc.nat(2 ** 32 - 1),
        table,
        networks,
        mark: fc.option(fc.record({ value: fc.nat(2 ** 32 - 1), mask: fc.nat(2 ** 32 - 1) }), { nil: undefined }),
      })
      .map(({ priority, table: number, networks: { from, to }, mark }) => ({
        priority,
        table: number,
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(mark === undefined ? {} : { mark }),
      }));
    fc.assert(
      fc.property(rule, (wanted) => {
        const fact = readRule(asReply(changeRule('add', wanted)));
        expect(fact).toEqual({ protocol: 90, plain: true, rule: wanted });
        expect(ruleKey(fact?.rule ?? none())).toBe(ruleKey(wanted));
      }),
    );
  });

  test('routes', () => {
    const everywhere4 = fc.constant({ address: ipv4FromNumber(0), prefixLength: 0 });
    const wish = fc.oneof(
      fc.record({ table, destination: fc.oneof(cidr4, everywhere4), gateway: fc.option(ipv4) }),
      fc.record({ table, destination: fc.oneof(cidr6, fc.constant(EVERYWHERE6)), gateway: fc.option(ipv6) }),
    );
    fc.assert(
      fc.property(wish, index, ({ gateway, ...rest }, link) => {
        const route: Route = { ...rest, link: 'eth1', ...(gateway === null ? {} : { gateway }) };
        expect(readRoute(asReply(changeRoute('replace', link, route)))).toEqual({
          index: link,
          protocol: 90,
          table: rest.table,
          destination: rest.destination,
          gateway: gateway ?? undefined,
        });
      }),
    );
  });

  test('addresses and neighbours', () => {
    fc.assert(
      fc.property(cidr, index, mac, (own, link, lladdr) => {
        expect(readAddress(asReply(changeAddress('add', link, own)))).toEqual({
          index: link,
          address: own,
          connected: false,
        });
        const entry = { index: link, address: own.address, mac: lladdr };
        expect(readNeighbour(asReply(setNeighbour(entry)))).toEqual({ ...entry, permanent: true });
      }),
    );
  });

  test('links: the pair with both its ends, and changes to one', () => {
    const end = fc.record({ name: fc.stringMatching(/^[a-z0-9]{1,15}$/), mac });
    fc.assert(
      fc.property(end, end, fc.integer({ min: 68, max: 65535 }), index, (host, container, mtu, fd) => {
        const sent = asReply(createVeth({ host, container, mtu }, fd));
        const bare = { index: 0, up: false, group: 0, alias: undefined, mtu };
        expect(readLink(sent)).toEqual({ ...bare, ...host });
        const info = decodeAttributes(decodeAttributes(sent.payload, 16).get(18) ?? none(), 0);
        const data = decodeAttributes(info.get(2) ?? none(), 0);
        const peer = { ...sent, payload: new Uint8Array(data.get(1) ?? none()) };
        expect(readLink(peer)).toEqual({ ...bare, ...container });
        expect([readString(info.get(1)), readU32(decodeAttributes(peer.payload, 16).get(28))]).toEqual(['veth', fd]);
      }),
    );
    const { payload } = asReply(setLink({ index: 7, mtu: 9001, up: true, group: 7690, alias: 'ä'.repeat(127) }));
    const header = new DataView(payload.buffer, payload.byteOffset);
    const attributes = decodeAttributes(payload, 16);
    expect([header.getInt32(4, true), header.getUint32(8, true), header.getUint32(12, true)]).toEqual([7, 1, 1]);
    expect([readU32(attributes.get(4)), readU32(attributes.get(27)), attributes.get(20)?.length]).toEqual([
      9001, 7690, 254,
    ]);
  });
});

/** Everything that reads bytes from the kernel, over one datagram. */
function readAll(datagram: Uint8Array): void {
  for (const reply of decodeReplies(datagram))
    for (const read of [readLink, readAddress, readRoute, readRule, readNeighbour, readAcknowledgement])
      outcomeOf(() => read(reply));
}

/** Reading ends in a value or in our own error; anything else escapes and fails the test. */
function outcomeOf(work: () => unknown): 'read' | 'refused' {
  try {
    work();
    return 'read';
  } catch (error) {
    if (error instanceof HostError && error.code === 'NETLINK') return 'refused';
    throw error;
  }
}

describe('bytes that are not netlink', () => {
  const RUNS = { numRuns: 5_000 };
  const types = fc.constantFrom(2, 3, 16, 20, 24, 28, 32);

  test('of any kind are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (datagram) => void outcomeOf(() => readAll(datagram))),
      RUNS,
    );
  });

  test('inside a good frame, of every message type, are read or refused', () => {
    const payload = fc.uint8Array({ maxLength: 120 });
    fc.assert(
      fc.property(types, fc.nat(0xffff), payload, (type, flags, header) => {
        const framed = encodeRequests([{ type, flags, header, attributes: [] }], 1);
        outcomeOf(() => readAll(framed));
      }),
      RUNS,
    );
  });

  test('of a good message with one byte changed or its end cut off are read or refused', () => {
    const good = encodeRequests(
      [
        createVeth(
          {
            host: { name: 'enia', mac: parseMac('02:00:00:00:00:01') },
            container: { name: 'eth0', mac: parseMac('02:00:00:00:00:02') },
            mtu: 9001,
          },
          7,
        ),
        changeRule('add', { priority: 512, to: hostCidr(ipv4FromNumber(0x0a00015a)), table: 254 }),
        changeRoute('replace', 3, { table: 10101, destination: hostCidr(ipv4FromNumber(0x0a00015a)), link: 'enia' }),
        changeRoute('replace', 3, { table: 254, destination: hostCidr(parseIpv6('2001:db8::90')), link: 'enia' }),
        changeAddress('add', 3, hostCidr(parseIpv6('2001:db8::90'))),
      ],
      1,
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, byte, end) => {
        const broken = good.slice();
        broken[at] = byte;
        outcomeOf(() => readAll(broken));
        outcomeOf(() => readAll(good.slice(0, end)));
      }),
      RUNS,
    );
  });

  const rows = [
    { name: 'half a header', datagram: Uint8Array.of(1, 2, 3), says: '3 bytes are left, a header takes 16' },
    { name: 'a message of no length', datagram: new Uint8Array(16), says: 'a message states 0 bytes' },
    {
      name: 'a message beyond the end',
      datagram: Uint8Array.of(99, ...new Uint8Array(15)),
      says: 'a message states 99 bytes',
    },
  ];
  for (const { name, datagram, says } of rows)
    test(`${name} is named`, () => expect(() => decodeReplies(datagram)).toThrow(says));

  test('an attribute of no length, and one beyond the end, are named', () => {
    expect(() => decodeAttributes(new Uint8Array(4), 0)).toThrow('an attribute states 0 bytes');
    expect(() => decodeAttributes(Uint8Array.of(9, 0, 1, 0), 0)).toThrow('an attribute states 9 bytes');
    expect(() => decodeAttributes(new Uint8Array(4), 8)).toThrow('a payload of 4 bytes, its header takes 8');
  });

  test('an acknowledgement without a verdict is refused, not taken for success', () => {
    const empty = { type: 2, flags: 0, sequence: 1, port: 0, payload: new Uint8Array(3) };
    expect(() => readAcknowledgement(empty)).toThrow('an acknowledgement of 3 bytes');
  });
});
