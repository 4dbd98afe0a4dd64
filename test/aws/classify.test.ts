import { expect, test } from 'bun:test';
import { EC2ServiceException } from '@aws-sdk/client-ec2';
import { classifyEc2Error, type Ec2Subject } from '../../src/aws/index.ts';

const service = (name: string, status: number, message = 'EC2 says no'): Error =>
  new EC2ServiceException({ name, message, $fault: 'client', $metadata: { httpStatusCode: status } });

const system = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code });

const named = (name: string): Error => Object.assign(new Error('gave up'), { name });

const eni: Ec2Subject = { eniId: 'eni-1' };
const rows: readonly (readonly [name: string, error: unknown, subject: Ec2Subject, line: string])[] = [
  [
    'a missing permission',
    service('UnauthorizedOperation', 403),
    eni,
    'IAM_DENIED backoff EC2 denied AttachNetworkInterface: EC2 says no',
  ],
  [
    'a denied account',
    service('AuthFailure', 401),
    eni,
    'IAM_DENIED backoff EC2 denied AttachNetworkInterface: EC2 says no',
  ],
  [
    'a bad signature',
    service('SignatureDoesNotMatch', 403),
    eni,
    'EC2_CREDENTIALS backoff no usable AWS credentials for AttachNetworkInterface: EC2 says no',
  ],
  [
    'an expired session',
    service('RequestExpired', 400),
    eni,
    'EC2_CREDENTIALS backoff no usable AWS credentials for AttachNetworkInterface: EC2 says no',
  ],
  [
    'no credentials at all',
    named('CredentialsProviderError'),
    eni,
    'EC2_CREDENTIALS backoff no usable AWS credentials for AttachNetworkInterface: gave up',
  ],
  [
    'an account that calls too often',
    service('RequestLimitExceeded', 503),
    eni,
    'EC2_THROTTLED backoff EC2 throttles AttachNetworkInterface: EC2 says no',
  ],
  [
    'a bare 429',
    service('Unknown', 429),
    eni,
    'EC2_THROTTLED backoff EC2 throttles AttachNetworkInterface: EC2 says no',
  ],
  [
    'a full subnet by its id',
    service('InsufficientFreeAddressesInSubnet', 400),
    { subnetId: 'subnet-1' },
    'SUBNET_NO_IPS backoff no free address in subnet subnet-1: EC2 says no',
  ],
  [
    'a full subnet by its ENI',
    service('InsufficientFreeAddressesInSubnet', 400),
    eni,
    'SUBNET_NO_IPS backoff no free address in subnet of eni-1: EC2 says no',
  ],
  [
    'a subnet without a whole prefix',
    service('InsufficientCidrBlocks', 400),
    eni,
    'SUBNET_FRAGMENTED backoff subnet of eni-1 has no free /28 block: EC2 says no',
  ],
  [
    'a subnet with less than a prefix',
    service('InvalidParameterValue', 400, "There aren't sufficient free Ipv4 addresses or prefixes"),
    { subnetId: 'subnet-1' },
    "SUBNET_NO_IPS backoff no free address in subnet subnet-1: There aren't sufficient free Ipv4 addresses or prefixes",
  ],
  [
    'an ENI that is gone',
    service('InvalidNetworkInterfaceID.NotFound', 400),
    eni,
    'EC2_NOT_FOUND never EC2 knows nothing of the object of AttachNetworkInterface: EC2 says no',
  ],
  [
    'an attachment that is gone',
    service('InvalidAttachmentID.NotFound', 400),
    eni,
    'EC2_NOT_FOUND never EC2 knows nothing of the object of AttachNetworkInterface: EC2 says no',
  ],
  [
    'an instance with all its ENIs',
    service('AttachmentLimitExceeded', 400),
    { instanceId: 'i-1' },
    'ENI_ATTACH_LIMIT never EC2 attaches no further ENI to i-1: EC2 says no',
  ],
  [
    'a device number that another ENI has',
    service('InvalidParameterValue', 400, "Instance 'i-1' already has an interface attached at device index '1'."),
    { instanceId: 'i-1' },
    "ENI_SLOT_TAKEN backoff EC2 has another ENI where i-1 should get one: Instance 'i-1' already has an interface attached at device index '1'.",
  ],
  [
    'an ENI with all its addresses',
    service('PrivateIpAddressLimitExceeded', 400),
    eni,
    'ADDRESS_LIMIT never EC2 assigns no further address to eni-1: EC2 says no',
  ],
  [
    'a refused connection',
    system('ECONNREFUSED'),
    eni,
    'EC2_UNREACHABLE backoff EC2 gave no clear answer to AttachNetworkInterface: connect ECONNREFUSED',
  ],
  [
    'a name that does not resolve',
    system('ENOTFOUND'),
    eni,
    'EC2_UNREACHABLE backoff EC2 gave no clear answer to AttachNetworkInterface: connect ENOTFOUND',
  ],
  [
    'silence',
    named('TimeoutError'),
    eni,
    'EC2_UNREACHABLE backoff EC2 gave no clear answer to AttachNetworkInterface: gave up',
  ],
  [
    'a code without a meaning of its own',
    service('IncorrectState', 400),
    eni,
    'EC2_FAILED backoff EC2 AttachNetworkInterface failed with IncorrectState: EC2 says no',
  ],
  [
    'a fault of EC2',
    service('InternalError', 500),
    eni,
    'EC2_UNREACHABLE backoff EC2 gave no clear answer to AttachNetworkInterface: InternalError: EC2 says no',
  ],
  [
    'something that is no error',
    'oops',
    eni,
    'EC2_FAILED backoff EC2 AttachNetworkInterface failed with unknown: oops',
  ],
];
for (const [name, error, subject, line] of rows) {
  test(`classifyEc2Error() ${name}`, () => {
    const { code, retry, message } = classifyEc2Error({ action: 'AttachNetworkInterface', error, subject });
    expect(`${code} ${retry} ${message}`).toBe(line);
  });
}

test('classifyEc2Error() cuts a long reason off between two words', () => {
  const error = service('UnauthorizedOperation', 403, 'not allowed to do so '.repeat(40));
  const { details } = classifyEc2Error({ action: 'CreateNetworkInterface', error, subject: {} });
  expect(String(details['reason'])).toMatch(/^(?:not allowed to do so ){14}not…$/);
});

test('classifyEc2Error() keeps the cause, EC2 code and a bounded reason', () => {
  const error = service('UnauthorizedOperation', 403, 'x'.repeat(2000));
  const failure = classifyEc2Error({ action: 'CreateNetworkInterface', error, subject: {} });
  expect([failure.cause, failure.details['ec2Code'], String(failure.details['reason']).length]).toEqual([
    error,
    'UnauthorizedOperation',
    300,
  ]);
  expect(classifyEc2Error({ action: 'CreateNetworkInterface', error: failure, subject: {} })).toBe(failure);
});
