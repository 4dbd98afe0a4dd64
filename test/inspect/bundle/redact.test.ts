import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { redactAs, type TextKind } from '../../../src/inspect/index.ts';

const SECRET = 'h0rse-battery-st4ple';
const rows: readonly (readonly [TextKind, string, string])[] = [
  ['text', `http://user:${SECRET}@proxy:3128/x`, 'http://(hidden)@proxy:3128/x'],
  ['text', `"SecretAccessKey": "${SECRET}", "Code": "Success"`, '"SecretAccessKey": "(hidden)", "Code": "Success"'],
  ['text', `{"token":"${SECRET}"}`, '{"token":"(hidden)"}'],
  ['text', `Authorization: Bearer ${SECRET}\nHost: x`, 'Authorization: (hidden) (hidden)\nHost: x'],
  ['text', `AWS_SESSION_TOKEN=${SECRET} AWS_REGION=us-east-1`, 'AWS_SESSION_TOKEN=(hidden) AWS_REGION=us-east-1'],
  ['text', `password: ${SECRET}`, 'password: (hidden)'],
  ['text', `client_secret = '${SECRET} and more'`, 'client_secret = (hidden)'],
  ['text', `kubelet --bootstrap-token ${SECRET} --v 2`, 'kubelet --bootstrap-token (hidden) --v 2'],
  ['text', 'key ASIAABCDEFGHIJKLMNOP of the role', 'key (hidden) of the role'],
  ['text', 'sent eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_123', 'sent (hidden)'],
  ['text', `-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY-----\nafter`, '(hidden)\nafter'],
  ['text', `-----BEGIN PRIVATE KEY-----\n${SECRET}`, '(hidden)'],
  ['settings', `# AWS_SESSION_TOKEN=${SECRET}\nMAX_ENI=3`, '# AWS_SESSION_TOKEN=(hidden)\nMAX_ENI="3"\n'],
  ['settings', `AWS_SECRET_ACCESS_KEY="a\n${SECRET}"\nMAX_ENI=3`, 'AWS_SECRET_ACCESS_KEY="(hidden)"\nMAX_ENI="3"\n'],
  ['settings', `${SECRET}\nOWN_X=${SECRET}\n`, '# (a line that is no setting)\nOWN_X="(hidden)"\n'],
  ['environment', `OWN=${SECRET}\nWARM_IP_TARGET=5`, 'OWN=(hidden)\nWARM_IP_TARGET=5'],
  ['environment', `export OWN="${SECRET} x"`, 'export OWN="(hidden)"'],
  ['environment', `HTTPS_PROXY=http://u:${SECRET}@proxy:3128`, 'HTTPS_PROXY=http://(hidden)@proxy:3128'],
  ['environment', 'no_proxy=169.254.169.254', 'no_proxy=169.254.169.254'],
  ['environment', `AWS_ENDPOINT_URL_EC2=https://u:${SECRET}@ec2`, 'AWS_ENDPOINT_URL_EC2=https://(hidden)@ec2'],
  ['environment', 'EMPTY=\n# a remark', 'EMPTY=\n# a remark'],
  ['unit', `Environment=A=${SECRET} "B=${SECRET} x" MAX_ENI=3`, 'Environment=A=(hidden) "B=(hidden)" MAX_ENI=3'],
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
  ];
  for (const line of plain)
    test(`leaves ${line.slice(0, 50)} as it is`, () => expect(redactAs('unit', line)).toBe(line));

  test('hides twice as once', () => {
    for (const [kind, text] of rows) expect(redactAs(kind, redactAs(kind, text))).toBe(redactAs(kind, text));
  });

  test('lets no value of an unknown name through, whatever it holds', () => {
    const value = fc.string({ minLength: 6, maxLength: 40, unit: fc.constantFrom(...'abcXYZ019-_./+ :@"=') });
    fc.assert(
      fc.property(value, (text) => {
        const shown = redactAs('environment', `SITE_NAME=${text}\n`);
        expect(shown.replaceAll('(hidden)', '').replaceAll('SITE_NAME', '')).toMatch(/^=["']?["']?\n$/);
      }),
    );
  });
});
