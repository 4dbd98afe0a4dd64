import { expect, test } from 'bun:test';
import * as ec2 from '@aws-sdk/client-ec2';
import { XMLParser } from 'fast-xml-parser';
import { refusalOf, stage } from './support.ts';

const signed = {
  authorization: [
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240102/us-east-1/ec2/aws4_request',
    'SignedHeaders=host;x-amz-date',
    `Signature=${'0'.repeat(64)}`,
  ].join(', '),
  'x-amz-date': '20240102T030405Z',
};
const form = { ...signed, 'content-type': 'application/x-www-form-urlencoded' };
const version = 'Version=2016-11-15';
const describe = `Action=DescribeVpcs&${version}`;

async function codeOf(response: Response): Promise<string> {
  const parsed: { Response?: { Errors: { Error: { Code: string } }; RequestID: string } } = new XMLParser().parse(
    await response.text(),
  );
  return `${response.status} ${parsed.Response?.Errors.Error.Code ?? 'OK'}`;
}

const rows: readonly { name: string; init: RequestInit; query?: string; code: string }[] = [
  { name: 'a signed POST', init: { method: 'POST', headers: form, body: describe }, code: '200 OK' },
  { name: 'a signed GET', init: { headers: signed }, query: describe, code: '200 OK' },
  {
    name: 'no signature',
    init: { method: 'POST', headers: { 'content-type': form['content-type'] }, body: describe },
    code: '403 MissingAuthenticationToken',
  },
  {
    name: 'a signature of another kind',
    init: { method: 'POST', headers: { ...form, authorization: 'Basic YTpi' }, body: describe },
    code: '401 AuthFailure',
  },
  {
    name: 'a signature without a date',
    init: { method: 'POST', headers: { ...form, 'x-amz-date': 'today' }, body: describe },
    code: '401 AuthFailure',
  },
  {
    name: 'a signature for another region',
    init: {
      method: 'POST',
      headers: { ...form, authorization: form.authorization.replace('us-east-1', 'eu-west-1') },
      body: describe,
    },
    code: '401 AuthFailure',
  },
  { name: 'no action', init: { method: 'POST', headers: form, body: version }, code: '400 MissingAction' },
  {
    name: 'an unknown action',
    init: { method: 'POST', headers: form, body: `Action=Dance&${version}` },
    code: '400 InvalidAction',
  },
  {
    name: 'an unknown instance type',
    init: { method: 'POST', headers: form, body: `Action=DescribeInstanceTypes&${version}&InstanceType.1=x9.huge` },
    code: '400 InvalidInstanceType',
  },
  {
    name: 'another version',
    init: { method: 'POST', headers: form, body: 'Action=DescribeVpcs&Version=2006-01-01' },
    code: '400 NoSuchVersion',
  },
  {
    name: 'an unknown parameter',
    init: { method: 'POST', headers: form, body: `${describe}&Colour=red` },
    code: '400 UnknownParameter',
  },
  {
    name: 'an unknown part of a structure',
    init: { method: 'POST', headers: form, body: `${describe}&Filter.1.Name=state&Filter.1.Valve.1=x` },
    code: '400 UnknownParameter',
  },
  {
    name: 'a parameter given twice',
    init: { method: 'POST', headers: form, body: `${describe}&MaxResults=5&MaxResults=6` },
    code: '400 InvalidQueryParameter',
  },
  {
    name: 'a control character',
    init: { method: 'POST', headers: form, body: `${describe}&VpcId.1=vpc-%01` },
    code: '400 InvalidParameterValue',
  },
  {
    name: 'a number that is none',
    init: { method: 'POST', headers: form, body: `${describe}&MaxResults=ten` },
    code: '400 InvalidParameterValue',
  },
  {
    name: 'a body that is too large',
    init: { method: 'POST', headers: form, body: `${describe}&X=${'x'.repeat(1024 * 1024)}` },
    code: '413 RequestEntityTooLarge',
  },
  {
    name: 'a body of another type',
    init: { method: 'POST', headers: { ...form, 'content-type': 'application/json' }, body: '{}' },
    code: '400 InvalidRequest',
  },
  { name: 'another method', init: { method: 'DELETE', headers: signed }, code: '405 InvalidRequest' },
];

for (const row of rows) {
  test(`EC2 answers ${row.name} with ${row.code}`, async () => {
    await using s = stage();
    expect(await codeOf(await fetch(`${s.url}?${row.query ?? ''}`, row.init))).toBe(row.code);
  });
}

test('a dial disturbs so many requests of its action and no other', async () => {
  await using s = stage();
  const vpcs = (): Promise<string> => refusalOf(s.client.send(new ec2.DescribeVpcsCommand({})));
  const subnets = (): Promise<string> => refusalOf(s.client.send(new ec2.DescribeSubnetsCommand({})));
  s.dials.set({ action: 'DescribeVpcs', throttled: true, times: 2 });
  s.dials.set({ action: 'DescribeSubnets', denied: true });
  expect([await vpcs(), await vpcs(), await vpcs()]).toEqual([
    'RequestLimitExceeded 503',
    'RequestLimitExceeded 503',
    'none',
  ]);
  expect([await subnets(), await subnets()]).toEqual(['UnauthorizedOperation 403', 'UnauthorizedOperation 403']);
  s.dials.clear();
  s.dials.set({ action: '*', error: 'InternalError' });
  expect([await vpcs(), await subnets()]).toEqual(['InternalError 500', 'InternalError 500']);
  s.dials.clear('*');
  expect([await vpcs(), s.dials.list()]).toEqual(['none', []]);
});

test('a delayed request is answered when its time has passed, and changes nothing before', async () => {
  await using s = stage();
  s.dials.set({ action: 'CreateNetworkInterface', delay: { fixedMs: 5000 }, times: 1 });
  const created = s.client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: s.subnet }));
  // The dial is gone once the request has reached it.
  while (s.dials.list().length > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(s.vpc.enis().length).toBe(1);
  await s.clock.advance(5000);
  expect((await created).NetworkInterface?.NetworkInterfaceId).toBe(s.vpc.enis()[1]?.id ?? '');
});

test('every request is on record with caller, action, parameters and outcome', async () => {
  await using s = stage();
  await s.client.send(new ec2.DescribeSubnetsCommand({ SubnetIds: [s.subnet] }));
  await refusalOf(s.client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: 'eni-00000001' })));
  await fetch(s.url, { method: 'POST', headers: form, body: 'nonsense' });
  const parameters = { Version: '2016-11-15' };
  const ended = { ms: 0, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) };
  expect(s.vpc.calls()).toEqual([
    {
      at: 1_700_000_000_000,
      caller: 'AKIDEXAMPLE',
      action: 'DescribeSubnets',
      parameters: { ...parameters, 'SubnetId.1': s.subnet },
      code: 'OK',
      result: `OK ${s.subnet} ${s.vpc.id}`,
      ...ended,
    },
    {
      at: 1_700_000_000_000,
      caller: 'AKIDEXAMPLE',
      action: 'DeleteNetworkInterface',
      parameters: { ...parameters, NetworkInterfaceId: 'eni-00000001' },
      code: 'InvalidNetworkInterfaceID.NotFound',
      result: "InvalidNetworkInterfaceID.NotFound: The networkInterface ID 'eni-00000001' does not exist",
      ...ended,
    },
    {
      at: 1_700_000_000_000,
      caller: 'AKIDEXAMPLE',
      action: '',
      parameters: { nonsense: '' },
      code: 'MissingAction',
      result: 'MissingAction: The request must contain the parameter Action',
      ...ended,
    },
  ]);
});

test('a name from elsewhere that XML cannot write does not spoil the answer', async () => {
  await using s = stage();
  s.vpc.createTags({ resourceIds: [s.node], tags: { Name: 'a\u0001\uFFFFb\u{1F600}' } });
  const { Tags } = await s.client.send(
    new ec2.DescribeTagsCommand({ Filters: [{ Name: 'resource-type', Values: ['instance'] }] }),
  );
  expect(Tags?.map(({ Value = '' }) => Value)).toEqual(['a\uFFFD\uFFFDb\u{1F600}']);
});
