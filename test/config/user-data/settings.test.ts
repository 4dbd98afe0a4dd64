import { describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { loadSettings, parseEnvFile, renderUserDataFile, settingsFromUserData } from '../../../src/config/index.ts';

const bytes = (text: string): Buffer => Buffer.from(text);
const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');
/** As MIME writes it: lines of 76 characters. */
const lined = (data: Uint8Array): string => base64(data).replace(/.{76}/g, '$&\n');

const SETTINGS = '# ours\nWARM_IP_TARGET=5\nCLUSTER_NAME="a b"\n';
const AT = (place: string, first: number): readonly string[] => [
  `WARM_IP_TARGET=5 ${place}:${first + 1}`,
  `CLUSTER_NAME=a b ${place}:${first + 2}`,
];

const mime = (...parts: readonly (readonly [headers: readonly string[], body: string])[]): string =>
  [
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="//"',
    '',
    ...parts.flatMap(([headers, body]) => ['--//', ...headers, '', body]),
    '--//--',
    '',
  ].join('\n');

const OURS = 'Content-Type: application/vnd.vpc-cni.env';
const SCRIPT = [['Content-Type: text/x-shellscript'], '#!/bin/sh\nWARM_IP_TARGET=9'] as const;
const whole = mime(SCRIPT, [[OURS], SETTINGS]);
const DOCUMENT = `#vpc-cni\n${SETTINGS}`;

const given = (data: Uint8Array): readonly string[] =>
  settingsFromUserData(data).given.map(({ key, text, origin }) => `${key}=${text} ${origin}`);
const faults = (data: Uint8Array): readonly string[] =>
  settingsFromUserData(data).findings.map(({ origin, reason }) => `${origin} ${reason}`);

describe('settingsFromUserData() takes', () => {
  const rows: readonly { readonly name: string; readonly data: Uint8Array; readonly given: readonly string[] }[] = [
    { name: 'a document of ours', data: bytes(DOCUMENT), given: AT('EC2 user data', 2) },
    { name: 'it with CR LF', data: bytes(DOCUMENT.replaceAll('\n', '\r\n')), given: AT('EC2 user data', 2) },
    { name: 'it with a byte order mark', data: bytes(`\ufeff${DOCUMENT}`), given: AT('EC2 user data', 2) },
    { name: 'it as gzip', data: gzipSync(DOCUMENT), given: AT('EC2 user data', 2) },
    { name: 'it as base64', data: bytes(base64(bytes(DOCUMENT))), given: AT('EC2 user data', 2) },
    { name: 'it as base64 of gzip', data: bytes(lined(gzipSync(DOCUMENT))), given: AT('EC2 user data', 2) },
    { name: 'it as gzip of base64', data: gzipSync(base64(bytes(DOCUMENT))), given: AT('EC2 user data', 2) },
    { name: 'a part by its type, with lines of the document', data: bytes(whole), given: AT('EC2 user data', 12) },
    { name: 'the whole as gzip', data: gzipSync(whole), given: AT('EC2 user data', 12) },
    { name: 'the whole as base64 of gzip', data: bytes(base64(gzipSync(whole))), given: AT('EC2 user data', 12) },
    {
      name: 'a part by its file name',
      data: bytes(
        mime([['Content-Type: text/plain', 'Content-Disposition: attachment; filename="vpc-cni.env"'], SETTINGS]),
      ),
      given: AT('EC2 user data', 8),
    },
    {
      name: 'a part by the name of its type',
      data: bytes(mime([['Content-Type: text/plain; name=vpc-cni.env'], SETTINGS])),
      given: AT('EC2 user data', 7),
    },
    {
      name: 'a part by its extended file name',
      data: bytes(mime([["Content-Disposition: attachment; filename*=UTF-8''vpc-cni.env"], SETTINGS])),
      given: AT('EC2 user data', 7),
    },
    {
      name: 'a part in base64',
      data: bytes(mime(SCRIPT, [[OURS, 'Content-Transfer-Encoding: BASE64'], lined(bytes(SETTINGS))])),
      given: AT('EC2 user data, part 2', 1),
    },
    {
      name: 'a part in base64 of gzip',
      data: bytes(mime([[OURS, 'Content-Transfer-Encoding: base64'], lined(gzipSync(SETTINGS))])),
      given: AT('EC2 user data, part 1', 1),
    },
    {
      name: 'a part in base64 that does not say so, as nodeadm does',
      data: bytes(mime([[OURS], base64(bytes(SETTINGS))])),
      given: AT('EC2 user data, part 1', 1),
    },
    {
      name: 'a part in quoted-printable',
      data: bytes(
        mime([
          [OURS, 'Content-Transfer-Encoding: quoted-printable'],
          SETTINGS.replaceAll('=', '=3D').replace('ours', 'o=\nurs'),
        ]),
      ),
      given: AT('EC2 user data, part 1', 1),
    },
    {
      name: 'a part in quoted-printable with blanks behind, and a byte that other encodings take for one',
      data: bytes(mime([[OURS, 'Content-Transfer-Encoding: quoted-printable'], 'CLUSTER_NAME=3D\u00e0 \t'])),
      given: ['CLUSTER_NAME=\u00e0 EC2 user data, part 1:1'],
    },
    {
      name: 'a gzip part of bytes',
      data: Buffer.concat([
        bytes(`Content-Type: multipart/mixed; boundary=b\n\n--b\n${OURS}\nContent-Transfer-Encoding: binary\n\n`),
        gzipSync(SETTINGS, { level: 0 }),
        bytes('\n--b--\n'),
      ]),
      given: AT('EC2 user data, part 1', 1),
    },
    {
      name: 'a setting that could be base64 of bytes without meaning',
      data: bytes(mime([[OURS], 'ABC='])),
      given: ['ABC= EC2 user data:7'],
    },
    {
      name: 'parts of ours in their order, and names that every object has',
      data: bytes(mime([[OURS], 'MAX_ENI=2\nconstructor=1'], SCRIPT, [[OURS], 'MAX_ENI=3'])),
      given: ['MAX_ENI=2 EC2 user data:7', 'constructor=1 EC2 user data:8', 'MAX_ENI=3 EC2 user data:17'],
    },
  ];
  for (const row of rows) {
    test(row.name, () => {
      expect(faults(row.data)).toEqual([]);
      expect(given(row.data)).toEqual([...row.given]);
    });
  }
});

describe('settingsFromUserData() leaves alone', () => {
  const rows: readonly { readonly name: string; readonly data: Uint8Array }[] = [
    { name: 'nothing', data: bytes('') },
    { name: 'a shell script with settings in it', data: bytes('#!/bin/sh\nWARM_IP_TARGET=many\n') },
    { name: 'a cloud-config', data: bytes('#cloud-config\nwrite_files: []\n') },
    { name: 'settings that do not say they are ours', data: bytes('WARM_IP_TARGET=many\n') },
    { name: 'a word that begins as ours does', data: bytes('#vpc-cni-other\nWARM_IP_TARGET=many\n') },
    {
      name: 'broken parts of others',
      data: bytes(mime([['Content-Type: application/node.eks.aws', 'Content-Transfer-Encoding: base64'], '???'])),
    },
    { name: 'bytes without any meaning', data: Buffer.from([0, 255, 1, 254, 10, 13]) },
  ];
  for (const { name, data } of rows) {
    test(name, () => expect([given(data), faults(data)]).toEqual([[], []]));
  }
});

describe('settingsFromUserData() says of what is broken and ours', () => {
  const bomb = gzipSync(Buffer.alloc(3 * 1024 * 1024, '#'));
  const half = gzipSync(SETTINGS).subarray(0, 20);
  const rows: readonly { readonly name: string; readonly data: Uint8Array; readonly fault: string }[] = [
    { name: 'a line that is no setting', data: bytes(`${DOCUMENT}oops\n`), fault: 'EC2 user data:5 is not KEY=VALUE' },
    {
      name: 'a line in a part',
      data: bytes(mime(SCRIPT, [[OURS], 'A=1\noops'])),
      fault: 'EC2 user data:13 is not KEY=VALUE',
    },
    {
      name: 'base64 that is none',
      data: bytes(mime([[OURS, 'Content-Transfer-Encoding: base64'], 'A=1'])),
      fault: 'EC2 user data, part 1 holds settings, but is not the base64 it says to be',
    },
    {
      name: 'a transfer encoding nobody knows',
      data: bytes(mime([[OURS, 'Content-Transfer-Encoding: x-uuencode'], 'A=1'])),
      fault: 'EC2 user data, part 1 holds settings, but has the transfer encoding "x-uuencode", which nobody knows',
    },
    {
      name: 'half a gzip',
      data: bytes(mime([[OURS, 'Content-Transfer-Encoding: base64'], base64(half)])),
      fault: 'EC2 user data, part 1 holds settings, but is not whole as gzip',
    },
    {
      name: 'a bomb',
      data: bytes(mime([[OURS, 'Content-Transfer-Encoding: base64'], lined(bomb)])),
      fault: 'EC2 user data, part 1 holds settings, but unpacks to more than 1 MiB',
    },
    {
      name: 'too many layers',
      data: bytes(mime([[OURS], base64(bytes(base64(bytes(base64(bytes(base64(bytes(base64(bytes(SETTINGS))))))))))])),
      fault: 'EC2 user data, part 1 holds settings, but is packed more than 4 times',
    },
    {
      name: 'text that is not UTF-8',
      data: Buffer.concat([bytes('#vpc-cni\nCLUSTER_NAME='), Buffer.from([0xff, 0xfe])]),
      fault: 'EC2 user data holds settings, but is not UTF-8 text',
    },
  ];
  for (const { name, data, fault } of rows) {
    test(name, () => expect(faults(data)).toEqual([fault]));
  }

  test('a document packed so that nobody can look inside', () => {
    expect(settingsFromUserData(half).notes?.map(({ reason }) => reason)).toEqual([
      'is not whole as gzip, so it cannot be told whether it holds settings',
    ]);
  });

  test('a document longer than EC2 takes, before base64', () => {
    const long = bytes(`#vpc-cni\n${'#'.repeat(16_375)}`);
    const notesOf = (data: Uint8Array): number => settingsFromUserData(data).notes?.length ?? 0;
    expect([
      notesOf(long.subarray(0, 16_384)),
      notesOf(bytes(base64(long.subarray(0, 16_384)))),
      notesOf(Buffer.concat([long, long])),
    ]).toEqual([0, 0, 1]);
  });
});

describe('user data among the sources', () => {
  test('counts before files and after the environment, and names its line', () => {
    const files = [{ path: '/etc/vpc-cni/conf.d/1.env', text: 'WARM_IP_TARGET=1\nMAX_ENI=1\nMAX_PODS=1' }];
    const userData = settingsFromUserData(bytes('#vpc-cni\nMAX_ENI=2\nMAX_PODS=2'));
    const { origins, texts } = loadSettings({ files, userData, env: { MAX_PODS: '3' } });
    const keys = ['WARM_IP_TARGET', 'MAX_ENI', 'MAX_PODS'] as const;
    expect(keys.map((key) => `${texts[key]} ${origins[key]}`)).toEqual([
      '1 /etc/vpc-cni/conf.d/1.env:1',
      '2 EC2 user data:2',
      '3 environment',
    ]);
  });

  test('an unknown name in it is a fault', () => {
    const userData = settingsFromUserData(bytes('#vpc-cni\nMAX_ENIS=2'));
    expect(() => loadSettings({ userData })).toThrow(
      'MAX_ENIS (EC2 user data:2) is not a setting; did you mean MAX_ENI?',
    );
  });

  test('kept for the boot it says the same, whatever the values', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), fc.string()), (record) => {
        const source = Object.entries(record).map(([key, text]) => ({ key, text, origin: 'EC2 user data:1' }));
        const file = parseEnvFile(renderUserDataFile({ given: source }), 'f');
        expect(file).toMatchObject({ values: record, findings: [] });
      }),
      { numRuns: 1000 },
    );
    const text = renderUserDataFile({ given: [{ key: 'MAX_ENI', text: '2', origin: 'EC2 user data:2' }] });
    const { origins, settings } = loadSettings({ userData: text });
    expect([origins.MAX_ENI, settings.MAX_ENI]).toEqual(['EC2 user data', 2]);
  });

  test('of one name the later text is kept', () => {
    const userData = settingsFromUserData(bytes(mime([[OURS], 'MAX_ENI=2'], [[OURS], 'MAX_ENI=3'])));
    expect(loadSettings({ userData: renderUserDataFile(userData) }).settings.MAX_ENI).toBe(3);
  });
});

test('nothing in user data makes it throw', () => {
  const word = fc.constantFrom(
    ...[
      '#vpc-cni\n',
      OURS,
      '\n',
      '\r\n',
      '--//',
      '--//--',
      'MIME-Version: 1.0\n',
      'Content-Type: multipart/mixed; boundary="//"\n\n',
    ],
    ...['Content-Transfer-Encoding: base64\n', base64(gzipSync(SETTINGS)), 'A="', "'", '=', '\\', '\0', '\u{1f980}'],
  );
  const text = fc.array(fc.oneof(word, fc.string())).map((list) => bytes(list.join('')));
  const data = fc.oneof(
    text,
    text.map((one) => gzipSync(one)),
    fc.uint8Array(),
    fc.uint8Array().map((one) => Buffer.concat([gzipSync('x'), one])),
  );
  fc.assert(
    fc.property(data, (one) => {
      const userData = settingsFromUserData(one);
      expect(parseEnvFile(renderUserDataFile(userData), 'f').findings).toEqual([]);
    }),
    { numRuns: 3000 },
  );
});
