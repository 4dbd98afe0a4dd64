import { describe, expect, test } from 'bun:test';
import { HostError } from '../../src/errors/index.ts';
import { encodeEntry, journalFields, type LogEntry, readableText } from '../../src/log/index.ts';

const added: LogEntry = {
  level: 'info',
  program: 'vpc-cni-ipamd',
  message: 'pod added',
  fields: { container_id: 'c1', pod: 'default/web', pod_ip: '10.0.0.12', eniId: 'eni-1', none: undefined, took: 3.2 },
};
const refused: LogEntry = {
  level: 'warn',
  program: 'vpc-cni-ipamd',
  message: 'call refused',
  fields: { command: 'ADD', error: new HostError('LINK_MISSING', { mac: '02:00:00:00:00:01', seen: 'lo' }) },
};

describe('journalFields()', () => {
  test('a line has its text, its severity and every field in upper case', () => {
    expect(journalFields(added)).toEqual([
      ['MESSAGE', 'pod added (container_id=c1, pod=default/web, pod_ip=10.0.0.12, eniId=eni-1, took=3.2)'],
      ['PRIORITY', '6'],
      ['SYSLOG_IDENTIFIER', 'vpc-cni-ipamd'],
      ['CONTAINER_ID', 'c1'],
      ['POD', 'default/web'],
      ['POD_IP', '10.0.0.12'],
      ['ENI_ID', 'eni-1'],
      ['TOOK', '3.2'],
    ]);
  });

  test('a failure has a field for each part, and its text says what to do', () => {
    const { message, remedy } = new HostError('LINK_MISSING', { mac: '02:00:00:00:00:01', seen: 'lo' });
    expect(journalFields(refused)).toEqual([
      ['MESSAGE', `call refused: LINK_MISSING: ${message} → ${remedy} (command=ADD)`],
      ['PRIORITY', '4'],
      ['SYSLOG_IDENTIFIER', 'vpc-cni-ipamd'],
      ['COMMAND', 'ADD'],
      ['ERROR_CODE', 'LINK_MISSING'],
      ['ERROR_MESSAGE', message],
      ['ERROR_REMEDY', remedy],
    ]);
  });

  test('a name the journal would refuse becomes one it takes', () => {
    const fields = { '_private-name': 1, [`x${'y'.repeat(99)}`]: 2, list: ['a', 'b'] };
    const names = journalFields({ ...added, fields }).slice(3);
    expect(names).toEqual([
      ['PRIVATE_NAME', '1'],
      [`X${'Y'.repeat(63)}`, '2'],
      ['LIST', 'a'],
      ['LIST', 'b'],
    ]);
  });
});

const rows = [
  { name: 'nothing to add', entry: { message: 'stopping', fields: {} }, text: 'stopping' },
  {
    name: 'an error that is none of the catalogue',
    entry: { message: 'ignoring', fields: { error: new Error('no') } },
    text: 'ignoring: no',
  },
  {
    name: 'something thrown that is no error',
    entry: { message: 'ignoring', fields: { error: 7 } },
    text: 'ignoring: 7',
  },
] as const;
for (const { name, entry, text } of rows)
  test(`readableText() with ${name}`, () => {
    expect(readableText(entry)).toBe(text);
  });

test('encodeEntry() writes a value with line breaks behind its length', () => {
  const bytes = Buffer.from(
    encodeEntry([
      ['A', 'one'],
      ['B', 'two\nlines'],
    ]),
  );
  expect(bytes.toString('latin1')).toBe('A=one\nB\n\x09\0\0\0\0\0\0\0two\nlines\n');
});
