import { describe, expect, test } from 'bun:test';
import { type Checksum, readChecksum, readChecksumFile } from '../../src/hostspec/index.ts';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const LONG = 'c'.repeat(128);

describe('readChecksum()', () => {
  const rows: readonly (readonly [string, Checksum | 'refused'])[] = [
    [`sha256:${A}`, { algorithm: 'sha256', hex: A }],
    [` sha512:${LONG.toUpperCase()}\n`, { algorithm: 'sha512', hex: LONG }],
    [`sha512:${A}`, 'refused'],
    [`sha256:${A}0`, 'refused'],
    [`sha256:${'g'.repeat(64)}`, 'refused'],
    [`md5:${'a'.repeat(32)}`, 'refused'],
    [A, 'refused'],
    ['', 'refused'],
  ];
  for (const [text, wanted] of rows) {
    test(`of ${JSON.stringify(text.slice(0, 20))} (${text.length})`, () => {
      const read = (): Checksum => readChecksum(text, '--plugins-checksum');
      if (wanted === 'refused') expect(read).toThrow('--plugins-checksum holds no checksum');
      else expect(read()).toEqual(wanted);
    });
  }
});

describe('readChecksumFile()', () => {
  const about = { algorithm: 'sha256', archive: 'plugins.tgz', source: '/x/plugins.tgz.sha256' } as const;
  const rows: readonly (readonly [string, string, string | 'refused'])[] = [
    ['the digits alone', `${A}\n`, A],
    ['as sha256sum writes it', `${A}  plugins.tgz\n`, A],
    ['of a file read as binary, below another directory', `${A} *./dist/plugins.tgz\n`, A],
    ['the only line, for the name it had when it was built', `${A}  cni-plugins.tgz\n`, A],
    ['the line of the archive among others', `${B}  other.tgz\n${A}  plugins.tgz\n`, A],
    ['several lines, none of the archive', `${B}  other.tgz\n${A}  another.tgz\n`, 'refused'],
    ['digits of another algorithm', `${LONG}  plugins.tgz\n`, 'refused'],
    ['a page that says that there is none', '<html>Not Found</html>\n', 'refused'],
    ['nothing', '', 'refused'],
  ];
  for (const [name, text, wanted] of rows) {
    test(name, () => {
      const read = (): Checksum => readChecksumFile(text, about);
      if (wanted === 'refused') expect(read).toThrow('/x/plugins.tgz.sha256 holds no checksum');
      else expect(read()).toEqual({ algorithm: 'sha256', hex: wanted });
    });
  }
});
