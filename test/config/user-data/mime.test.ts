import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { fromQuotedPrintable, mimeParts } from '../../../src/config/user-data/mime.ts';

const lines = (...text: readonly string[]): string => text.join('\n');

const rows = [
  {
    name: 'the shape nodeadm documents',
    text: lines(
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="BOUNDARY"',
      '',
      '--BOUNDARY',
      'Content-Type: application/node.eks.aws',
      '',
      'kind: NodeConfig',
      '--BOUNDARY',
      'Content-Type: text/x-shellscript; charset="us-ascii"',
      '',
      '#!/bin/sh',
      'true',
      '--BOUNDARY--',
    ),
    parts: ['7 application/node.eks.aws "kind: NodeConfig"', '11 text/x-shellscript "#!/bin/sh\\ntrue"'],
  },
  {
    name: 'prose before the first and behind the last delimiter',
    text: lines(
      'Content-Type: multipart/mixed; boundary=x',
      '',
      'hello',
      '--x',
      '',
      'a',
      '--x--',
      'bye',
      '--x',
      '',
      'b',
    ),
    parts: ['6 text/plain "a"'],
  },
  {
    name: 'a boundary that begins another',
    text: lines(
      'Content-Type: multipart/mixed; boundary=x',
      '',
      '--x',
      'Content-Type: multipart/alternative; boundary=xy',
      '',
      '--xy',
      '',
      'inner',
      '--xy--',
      '--x',
      'Content-Type: TEXT/Plain',
      '',
      'outer',
      '--x--',
    ),
    parts: ['8 text/plain "inner"', '13 text/plain "outer"'],
  },
  {
    name: 'a boundary with every odd character, in quotes, and blanks behind delimiters',
    text: lines(
      'Content-Type: multipart/mixed; boundary="=_a\'(b)+,-./:? \\"c"',
      '',
      '--=_a\'(b)+,-./:? "c  ',
      '',
      'x',
      '--=_a\'(b)+,-./:? "c--\t',
    ),
    parts: ['5 text/plain "x"'],
  },
  {
    name: 'folded headers in any case',
    text: lines(
      'content-TYPE: multipart/mixed;',
      '\tBoundary=b',
      '',
      '--b',
      'CONTENT-disposition: attachment;',
      ' filename=f',
      '',
      'x',
      '--b--',
    ),
    parts: ['8 text/plain "x" f'],
  },
  {
    name: 'lines that end with CR LF',
    text: 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\n\r\nx\r\ny\r\n--b--\r\n',
    parts: ['6 a/b "x\\ny"'],
  },
  {
    name: 'no last delimiter',
    text: lines('Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'x', 'y'),
    parts: ['5 text/plain "x\\ny"'],
  },
  {
    name: 'an empty line and a mailbox line in front',
    text: lines('', 'From me Mon Jan 1', 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'x', '--b--'),
    parts: ['7 text/plain "x"'],
  },
  {
    name: 'a part without headers, even without the line between',
    text: lines('Content-Type: multipart/mixed; boundary=b', '', '--b', '#!/bin/sh', 'x', '--b', '--b--'),
    parts: ['4 text/plain "#!/bin/sh\\nx"', '7 text/plain ""'],
  },
  { name: 'no boundary', text: lines('Content-Type: multipart/mixed', '', '--b', '', 'x'), parts: undefined },
  { name: 'one part alone', text: lines('Content-Type: text/plain', '', 'x'), parts: undefined },
  { name: 'a cloud-config', text: lines('#cloud-config', 'runcmd: []'), parts: undefined },
  {
    name: 'a shell script',
    text: lines('#!/bin/sh', 'echo "Content-Type: multipart/mixed; boundary=b"'),
    parts: undefined,
  },
  { name: 'nothing', text: '', parts: undefined },
] as const;

const shown = (text: string): readonly string[] | undefined =>
  mimeParts(text)?.map(({ line, type, body, disposition }) =>
    [line, type.word, JSON.stringify(body), disposition.parameters.get('filename') ?? ''].join(' ').trimEnd(),
  );

describe('mimeParts()', () => {
  for (const { name, text, parts } of rows) {
    test(`reads ${name}`, () => expect(shown(text)).toEqual(parts === undefined ? undefined : [...parts]));
  }

  test('gives back the bodies it was made of, each from the line it says', () => {
    const body = fc.array(fc.string({ unit: fc.constantFrom('a', '-', ' ', '#', '=') }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(body, { minLength: 1, maxLength: 6 }), fc.constantFrom('\n', '\r\n'), (bodies, end) => {
        const text = [
          'MIME-Version: 1.0',
          'Content-Type: multipart/mixed; boundary="frontier"',
          '',
          ...bodies.flatMap((one) => ['--frontier', 'Content-Type: text/plain', '', ...one]),
          '--frontier--',
        ].join(end);
        const parts = mimeParts(text) ?? [];
        expect(parts.map((part) => part.body)).toEqual(bodies.map((one) => one.join('\n')));
        const all = text.split(end);
        for (const part of parts)
          expect(part.body.split('\n')).toEqual(
            part.body === '' ? [''] : all.slice(part.line - 1, part.line - 1 + part.body.split('\n').length),
          );
      }),
    );
  });

  test('ends for any text made of its words', () => {
    const words = [
      'Content-Type:',
      ' multipart/mixed;',
      ' boundary=b',
      '"',
      '\n',
      '\r\n',
      '--b',
      '--',
      '\t',
      'x: y',
      '\\',
      ';',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words)), (list) => void mimeParts(list.join(''))),
      { numRuns: 3000 },
    );
  });

  test('a document nested a thousand times is read as far as anybody nests', () => {
    const head = Array.from(
      { length: 1000 },
      (_, level) => `Content-Type: multipart/mixed; boundary=b${level}\n\n--b${level}\n`,
    );
    expect(mimeParts(`${head.join('')}\nx`)?.map(({ type }) => type.parameters.get('boundary'))).toEqual(['b8']);
  });

  test('a line of very many blanks takes no longer than another one', () => {
    const started = performance.now();
    expect(fromQuotedPrintable(`${' '.repeat(1_000_000)}x`)).toHaveLength(1_000_001);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('of a document of very many parts only the first are read', () => {
    const text = `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(1500)}--b--`;
    expect(mimeParts(text)).toHaveLength(1000);
  });
});
