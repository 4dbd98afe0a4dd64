import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseIpv6 } from '../../../src/addr/index.ts';
import { type JournalRecord, renderJournalHeader, renderRecords } from '../../../src/pool/index.ts';
import { parseJournal } from '../../../src/pool/journal/parse-journal.ts';
import { address, owner } from '../sample.ts';

const HEADER = { generation: 3, bootId: 'boot-1' };
const { podName: _, podNamespace: __, ...key } = owner(1);
const ALL: readonly JournalRecord[] = [
  { kind: 'assigned', address: address(1), owner: owner(1), since: 1_700_000_000_000_000_123n },
  {
    kind: 'assigned',
    address: parseIpv6('2001:db8::5'),
    owner: { ...key, podNamespace: undefined, podName: undefined },
    since: 2n ** 63n - 1n,
  },
  { kind: 'released', address: address(1), owner: key, untilMs: 5 },
  { kind: 'quarantined', address: address(2), reason: 'host-link', sinceMs: 6 },
  { kind: 'cleared', address: address(2) },
  { kind: 'intended', intent: { kind: 'create-eni', key: 'token' } },
  { kind: 'intended', intent: { kind: 'delete-eni', key: 'eni-1' } },
  { kind: 'ended', key: 'token' },
];
const TEXT = renderJournalHeader(HEADER) + renderRecords(ALL);

test('a record of each kind is read as it was written', () => {
  expect(parseJournal(TEXT)).toEqual({ header: HEADER, records: [...ALL], damaged: 0 });
});

test('a byte that has changed costs its own line and never makes another record', () => {
  const first = TEXT.indexOf('\n') + 1;
  const at = fc.integer({ min: first, max: TEXT.length - 1 }).filter((place) => TEXT[place] !== '\n');
  fc.assert(
    fc.property(at, fc.constantFrom(...'0123456789abcdef"{}:, '), (place, byte) => {
      fc.pre(TEXT[place] !== byte);
      const line = TEXT.slice(first, place).split('\n').length - 1;
      const { records, damaged } = parseJournal(TEXT.slice(0, place) + byte + TEXT.slice(place + 1));
      expect(records).toEqual(ALL.filter((_record, index) => index !== line));
      expect(damaged).toBe(1);
    }),
    { numRuns: 300 },
  );
});

test('cut off anywhere it holds every line that is whole', () => {
  fc.assert(
    fc.property(fc.nat(TEXT.length), (length) => {
      const text = TEXT.slice(0, length);
      // The last line is whole without its line break, too.
      const whole = `${text}\n`.split('\n').filter((line) => line !== '' && TEXT.split('\n').includes(line)).length;
      const { records } = parseJournal(text);
      expect(records).toEqual(ALL.slice(0, Math.max(0, whole - 1)));
    }),
    { numRuns: 300 },
  );
});

test('rubbish is never fatal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (rubbish) => {
      expect(parseJournal(rubbish).records).toEqual([]);
      expect(parseJournal(TEXT + rubbish).records.slice(0, ALL.length)).toEqual([...ALL]);
    }),
  );
});
