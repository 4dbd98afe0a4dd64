import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { hideAccounts, redactAs, type TextKind } from '../../../src/inspect/index.ts';

const SECRET = 'h0rse-battery-st4ple';
const rows: readonly (readonly [TextKind, string, string])[] = [
  ['text', `http://user:${SECRET}@proxy:3128/x`, 'http://(hidden)@proxy:3128/x'],
  ['text', `"SecretAccessKey": "${SECRET}", "Code": "Success"`, '"SecretAccessKey": "(hidden)", "Code": "Success"'],
  ['text', `{"token":"${SECRET}"}`, '{"token":"(hidden)"}'],
  ['text', `Authorization: Bearer ${SECRET}\nHost: x`, 'Authorization: (hidden)\nHost: x'],
  ['text', `AWS_SESSION_TOKEN=${SECRET} AWS_REGION=us-east-1`, 'AWS_SESSION_TOKEN=(hidden) AWS_REGION=us-east-1'],
  ['text', `password: ${SECRET}`, 'password: (hidden)'],
  ['text', `client_secret = '${SECRET} and more'`, "client_secret = '(hidden)'"],
  ['text', `kubelet --bootstrap-token ${SECRET} --v 2`, 'kubelet --bootstrap-token (hidden) --v 2'],
  ['text', 'key ASIAABCDEFGHIJKLMNOP of the role', 'key (hidden) of the role'],
  ['text', 'sent eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123', 'sent (hidden)'],
  ['text', `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----\nafter`, '(hidden)\nafter'],
  ['text', `-----BEGIN PRIVATE KEY-----\n${SECRET}`, '(hidden)'],
  // JSON inside of JSON, as the journal prints lines of containerd.
  [
    'text',
    String.raw`{"MESSAGE":"got {\"token\":\"${SECRET}\",\"x\":1}","PID":"7"}`,
    String.raw`{"MESSAGE":"got {\"token\":\"(hidden)\",\"x\":1}","PID":"7"}`,
  ],
  ['text', `{"password": ${SECRET}, "user": 7}`, '{"password": (hidden), "user": 7}'],
  ['text', `{'token': '${SECRET}'}`, "{'token': '(hidden)'}"],
  ['text', `"aws_secret_access_key" = "${SECRET}"`, '"aws_secret_access_key" = "(hidden)"'],
  ['text', String.raw`"password":"a\"${SECRET}","b":1`, '"password":"(hidden)","b":1'],
  // A line that was cut off in the middle.
  ['text', `token="${SECRET} and mo\nnext`, 'token="(hidden)\nnext'],
  // Go prints structures so.
  ['text', `{Name:x SecretAccessKey:${SECRET} Region:y}`, '{Name:x SecretAccessKey:(hidden) Region:y}'],
  // A variable of a container.
  ['text', `{"name":"DB_PASSWORD","value":"${SECRET}"}`, '{"name":"DB_PASSWORD","value":"(hidden)"}'],
  ['text', `Authorization: Digest username="x", response="${SECRET}"\nHost: x`, 'Authorization: (hidden)\nHost: x'],
  ['text', `kubelet --token '${SECRET} x' --v 2`, 'kubelet --token (hidden) --v 2'],
  ['text', `password=(${SECRET}`, 'password=(hidden)'],
  ['text', `client-key-data: ${SECRET}`, 'client-key-data: (hidden)'],
  // Keys of .netdev files of systemd.
  ['text', `[WireGuardPeer]\nPresharedKey=${SECRET}`, '[WireGuardPeer]\nPresharedKey=(hidden)'],
  [
    'text',
    '[MACsecTransmitAssociation]\nKey=85df58c1b1f8e8a84ad2cb6f2bbd2fe2\n[Tunnel]\nKey=7',
    '[MACsecTransmitAssociation]\nKey=(hidden)\n[Tunnel]\nKey=7',
  ],
  // What belongs into a URL only when it is escaped.
  ['text', `http://user:p@ss${SECRET}@proxy:3128/x`, 'http://(hidden)@proxy:3128/x'],
  ['text', `http://user:pa/s?s#'${SECRET}@proxy:3128/x`, 'http://(hidden)@proxy:3128/x'],
  ['settings', `HTTPS_PROXY=http://user:pa/ss${SECRET}@proxy:3128`, 'HTTPS_PROXY="http://(hidden)@proxy:3128"\n'],
  [
    'text',
    `https://b/k?X-Amz-Date=2&X-Amz-Signature=${SECRET}&x=1`,
    'https://b/k?X-Amz-Date=2&X-Amz-Signature=(hidden)&x=1',
  ],
  ['text', `Set-Cookie: session=${SECRET}; Path=/\nHost: x`, 'Set-Cookie: (hidden)\nHost: x'],
  ['text', 'net.ipv4.tcp_syncookies = 1', 'net.ipv4.tcp_syncookies = 1'],
  ['settings', `# AWS_SESSION_TOKEN=${SECRET}\nMAX_ENI=3`, '# AWS_SESSION_TOKEN=(hidden)\nMAX_ENI="3"\n'],
  ['settings', `AWS_SECRET_ACCESS_KEY="a\n${SECRET}"\nMAX_ENI=3`, 'AWS_SECRET_ACCESS_KEY="(hidden)"\nMAX_ENI="3"\n'],
  ['settings', `${SECRET}\nOWN_X=${SECRET}\n`, '# (a line that is no setting)\nOWN_X="(hidden)"\n'],
  ['settings', `HTTPS_PROXY=http://u:${SECRET}@proxy:3128`, 'HTTPS_PROXY="http://(hidden)@proxy:3128"\n'],
  ['settings', `https_proxy=http://u:${SECRET}@proxy:3128`, 'https_proxy="http://(hidden)@proxy:3128"\n'],
  ['settings', 'no_proxy=169.254.169.254', 'no_proxy="169.254.169.254"\n'],
  ['settings', `OWN_X=a\\\n${SECRET}\nMAX_ENI=3`, 'OWN_X="(hidden)"\nMAX_ENI="3"\n'],
  ['unit', `Environment=A=${SECRET} "B=${SECRET} x" MAX_ENI=3`, 'Environment=A=(hidden) "B=(hidden)" MAX_ENI=3'],
  [
    'unit',
    `Environment='A=b ${SECRET}' B="c ${SECRET}" C=d\\ ${SECRET}`,
    "Environment='A=(hidden)' B=(hidden) C=(hidden)",
  ],
  [
    'unit',
    `Environment="A=b" \\\n  "B=${SECRET}" MAX_ENI=3\nExecStart=/bin/x`,
    'Environment="A=(hidden)"    "B=(hidden)" MAX_ENI=3\nExecStart=/bin/x',
  ],
  ['unit', `Environment=https_proxy=http://u:${SECRET}@p:3128`, 'Environment=https_proxy=http://(hidden)@p:3128'],
  ['unit', `Environment = A=${SECRET}`, 'Environment = A=(hidden)'],
  ['unit', `Environment="A=b ${SECRET}`, 'Environment="A=(hidden)"'],
  ['unit', `Environment=${SECRET}`, 'Environment=(hidden)'],
  ['unit', `  Environment=A=${SECRET}\nExecStart=/bin/x --v=2`, '  Environment=A=(hidden)\nExecStart=/bin/x --v=2'],
];

describe('redactAs()', () => {
  for (const [kind, text, hidden] of rows)
    test(`${kind}: ${text.replaceAll('\n', '⏎').slice(0, 60)}`, () => expect(redactAs(kind, text)).toBe(hidden));

  const plain = [
    'default via 10.0.0.1 dev eth0 proto dhcp src 10.0.0.4 metric 512',
    '1024: from all fwmark 0x80/0x80 lookup main',
    'eni-033ba2f29e7c168bb 0a:1b:2c:3d:4e:5f fe80::1/64',
    'net.ipv4.conf.all.rp_filter = 2',
    'awscni_ec2api_req_count{fn="DescribeNetworkInterfaces"} 4',
    '{"pod":"default/web-1","address":"10.0.0.8","state":"assigned"}',
    'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'EnvironmentFile=-/etc/default/vpc-cni-ipamd',
    'http://169.254.169.254/latest/meta-data/',
    'pulled docker://registry.example:5000/app@sha256:9f86d081884c7d65',
    'http://127.0.0.1:61679/v1/enis?at=a@b',
  ];
  for (const line of plain)
    test(`leaves ${line.slice(0, 50)} as it is`, () => expect(redactAs('unit', line)).toBe(line));

  test.each(['token', 'http://a:', 'token="', '\\', '\n'])(
    'takes no long time for a line of %j again and again',
    (piece) => {
      const line = piece.repeat(200_000 / piece.length);
      const started = performance.now();
      redactAs('unit', line);
      expect(performance.now() - started).toBeLessThan(3_000);
    },
  );

  test('hides twice as once', () => {
    for (const [kind, text] of rows) expect(redactAs(kind, redactAs(kind, text))).toBe(redactAs(kind, text));
  });

  const text = fc.string({ minLength: 6, maxLength: 40, unit: fc.constantFrom(...'abcXYZ019-_./+ :@"\'\\=') });
  test('lets no value of an unknown name through a settings file, whatever it holds', () => {
    fc.assert(
      fc.property(text, (value) => {
        const shown = redactAs('settings', `SITE_NAME=${value}\n`);
        expect(shown).toMatch(/^(?:SITE_NAME="\(hidden\)"|# \(SITE_NAME, not closed\))\n$/);
      }),
    );
  });

  test('lets nothing but names through the environment of a unit, whatever it holds', () => {
    fc.assert(
      fc.property(text, (value) => {
        const shown = redactAs('unit', `Environment=SITE_NAME=${value}\n`);
        expect(shown).toMatch(/^Environment=(?:\s|["']?(?:[A-Za-z_]\w*=)?\(hidden\)["']?|["']?[A-Za-z_]\w*=["']?)*$/);
      }),
    );
  });
});

test('hideAccounts() hides numbers of twelve digits, wherever they stand, and no others', () => {
  const text =
    'arn:aws:iam::123456789012:role/x "OwnerId":"123456789012" 1767225604000000 02:00:00:00:00:01 1234567890123';
  expect(hideAccounts(text)).toBe(
    'arn:aws:iam::(hidden):role/x "OwnerId":"(hidden)" 1767225604000000 02:00:00:00:00:01 1234567890123',
  );
});
