import { expect, test } from 'bun:test';
import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { signatureOf } from '../../../src/sim/ec2/signature.ts';
import { ROLE, signedStage, USER } from './signed-stage.ts';
import { faultOf } from './stories/parse-answer.ts';
import { refusalOf } from './support.ts';

test("signatureOf() gives the signature of AWS's published example", () => {
  // AWS General Reference, "Signature Version 4 signing process": ListUsers of IAM, with the well-known example key.
  const signature = signatureOf(
    {
      method: 'GET',
      path: '/',
      query: 'Version=2010-05-08&Action=ListUsers',
      headers: [
        ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
        ['host', 'iam.amazonaws.com'],
        ['x-amz-date', '20150830T123600Z'],
      ],
      body: new Uint8Array(),
      date: '20150830T123600Z',
      scope: { day: '20150830', region: 'us-east-1', service: 'iam' },
    },
    USER.secretAccessKey,
  );
  expect(signature).toBe('5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7');
});

const MINUTE = 60_000;
const callers: readonly {
  name: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  options?: { aheadMs?: number; roleEndsIn?: number };
  refusal: string;
}[] = [
  { name: 'the right secret', credentials: USER, refusal: 'none' },
  { name: 'the right secret and session token', credentials: ROLE, refusal: 'none' },
  { name: 'a wrong secret', credentials: { ...USER, secretAccessKey: 'guess' }, refusal: 'AuthFailure 401' },
  { name: 'an unknown key', credentials: { ...USER, accessKeyId: 'AKIDNOBODY' }, refusal: 'AuthFailure 401' },
  { name: 'no session token', credentials: { ...ROLE, sessionToken: '' }, refusal: 'AuthFailure 401' },
  { name: 'a wrong session token', credentials: { ...ROLE, sessionToken: 'other' }, refusal: 'AuthFailure 401' },
  { name: 'a session token too many', credentials: { ...USER, sessionToken: 'token' }, refusal: 'AuthFailure 401' },
  { name: 'a clock four minutes slow', credentials: USER, options: { aheadMs: 4 * MINUTE }, refusal: 'none' },
  { name: 'a clock four minutes fast', credentials: USER, options: { aheadMs: -4 * MINUTE }, refusal: 'none' },
  {
    name: 'a clock six minutes slow',
    credentials: USER,
    options: { aheadMs: 6 * MINUTE },
    refusal: 'RequestExpired 400',
  },
  {
    name: 'a clock six minutes fast',
    credentials: USER,
    options: { aheadMs: -6 * MINUTE },
    refusal: 'RequestExpired 400',
  },
  { name: 'expired credentials', credentials: ROLE, options: { roleEndsIn: 0 }, refusal: 'RequestExpired 400' },
];

for (const row of callers) {
  test(`with credentials configured, the SDK with ${row.name} is answered ${row.refusal}`, async () => {
    await using stage = signedStage(row.options);
    const call = stage.client(row.credentials).send(new DescribeVpcsCommand({}));
    expect(await refusalOf(call)).toBe(row.refusal);
  });
}

const changes: readonly {
  name: string;
  change: (sent: { headers: Headers; body: string }) => { headers: Headers; body: string };
  code: string;
}[] = [
  { name: 'as it was', change: (sent) => sent, code: 'OK' },
  {
    name: 'another body',
    change: ({ headers, body }) => ({ headers, body: `${body}&MaxResults=5` }),
    code: 'AuthFailure',
  },
  {
    name: 'another date',
    change: ({ headers, body }) => {
      const date = headers.get('x-amz-date') ?? '';
      headers.set('x-amz-date', `${date.slice(0, -3)}${date.slice(-3, -1) === '00' ? '01' : '00'}Z`);
      return { headers, body };
    },
    code: 'AuthFailure',
  },
  {
    name: 'an AWS header more, unsigned',
    change: ({ headers, body }) => {
      headers.set('x-amz-target', 'other');
      return { headers, body };
    },
    code: 'AuthFailure',
  },
  {
    name: 'a header more that needs no signature',
    change: ({ headers, body }) => {
      headers.set('x-forwarded-for', '192.0.2.1');
      return { headers, body };
    },
    code: 'OK',
  },
  {
    name: 'fewer signed headers than are needed',
    change: ({ headers, body }) => {
      const authorization = headers.get('authorization') ?? '';
      headers.set('authorization', authorization.replace(/SignedHeaders=[^,]+/, 'SignedHeaders=x-amz-date'));
      return { headers, body };
    },
    code: 'AuthFailure',
  },
];

for (const row of changes) {
  test(`a signed request sent again with ${row.name} is answered ${row.code}`, async () => {
    await using stage = signedStage();
    await stage.client(USER).send(new DescribeVpcsCommand({}));
    const { headers, body } = row.change(stage.last());
    const response = await fetch(stage.url, { method: 'POST', headers, body });
    expect(faultOf(await response.text()).code).toBe(row.code);
  });
}

for (const method of ['GET', 'POST']) {
  test(`a ${method} that is signed as curl does, host and date alone, is let in`, async () => {
    await using stage = signedStage();
    const form = 'Action=DescribeSubnets&Filter.1.Name=tag%3Atier&Filter.1.Value.1=p%2Ads&Version=2016-11-15';
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const scope = { day: date.slice(0, 8), region: stage.region, service: 'ec2' };
    const headers = [
      ['host', new URL(stage.url).host],
      ['x-amz-date', date],
    ] as const;
    const [query, body] = method === 'GET' ? [form, ''] : ['', form];
    const signed = { method, path: '/', query, headers, body: Buffer.from(body), date, scope };
    const authorization = [
      `AWS4-HMAC-SHA256 Credential=${USER.accessKeyId}/${scope.day}/${scope.region}/ec2/aws4_request`,
      'SignedHeaders=host;x-amz-date',
      `Signature=${signatureOf(signed, USER.secretAccessKey)}`,
    ].join(', ');
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const init = { method, headers: { authorization, 'x-amz-date': date, ...(method === 'GET' ? {} : type) } };
    const response = await fetch(`${stage.url}?${query}`, method === 'GET' ? init : { ...init, body });
    const answer = await response.text();
    expect([response.status, answer.includes('<cidrBlock>10.0.1.0/24</cidrBlock>')]).toEqual([200, true]);
  });
}

test('a signature over a header that did not come is none', async () => {
  await using stage = signedStage();
  const send = async (signed: readonly string[], sent: Readonly<Record<string, string>> = {}): Promise<string> => {
    const { host } = new URL(stage.url);
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const body = 'Action=DescribeVpcs&Version=2016-11-15';
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-amz-date': date, ...sent };
    const day = date.slice(0, 8);
    const values: Readonly<Record<string, string>> = { ...headers, host };
    const signature = signatureOf(
      {
        ...{ method: 'POST', path: '/', query: '', body: Buffer.from(body), date },
        headers: signed.map((name) => [name, values[name] ?? '']),
        scope: { day, region: stage.region, service: 'ec2' },
      },
      USER.secretAccessKey,
    );
    const credential = `${USER.accessKeyId}/${day}/${stage.region}/ec2/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed.join(';')}, Signature=${signature}`;
    const response = await fetch(stage.url, { method: 'POST', headers: { ...headers, authorization }, body });
    return response.ok ? 'OK' : faultOf(await response.text()).code;
  };
  const names = ['host', 'x-amz-date', 'x-custom'];
  expect([await send(names.slice(0, 2)), await send(names, { 'x-custom': 'a' }), await send(names)]).toEqual([
    ...['OK', 'OK', 'AuthFailure'],
  ]);
});
