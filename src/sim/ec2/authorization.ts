import { SimFault } from '../model/index.ts';

const CREDENTIAL = /^([A-Z0-9a-z]{1,128})\/(\d{8})\/([a-z0-9-]+)\/ec2\/aws4_request$/;

/**
 * The access key a request is signed with. Signature Version 4 is checked for its shape and scope, not its value: any
 * credentials open the simulator, but a client that forgets to sign, or signs for another region, learns it here.
 */
export function accessKeyOf(request: Request, region: string): string {
  const header = request.headers.get('authorization');
  if (header === null)
    throw new SimFault('MissingAuthenticationToken', 'The request carries no Authorization header', 403);
  const [scheme, ...fields] = header.split(/[\s,]+/).filter((part) => part !== '');
  const parts = new Map(fields.map((field) => split(field)));
  const [, key, day, scope] = CREDENTIAL.exec(parts.get('Credential') ?? '') ?? [];
  const signed = (parts.get('SignedHeaders') ?? '').split(';');
  const date = request.headers.get('x-amz-date') ?? '';
  if (scheme !== 'AWS4-HMAC-SHA256' || key === undefined || !/^[0-9a-f]{64}$/.test(parts.get('Signature') ?? ''))
    throw failure('Authorization is no complete AWS4-HMAC-SHA256 header for the service ec2');
  if (!signed.includes('host') || !/^\d{8}T\d{6}Z$/.test(date) || date.slice(0, 8) !== day)
    throw failure('the host must be signed, and X-Amz-Date must be of the day of the credential');
  if (scope !== region) throw failure(`the credential is scoped to ${scope}, this is ${region}`);
  return key;
}

function failure(reason: string): SimFault {
  return new SimFault('AuthFailure', `AWS was not able to validate the provided access credentials: ${reason}`, 401);
}

function split(field: string): [string, string] {
  const at = field.indexOf('=');
  return [field.slice(0, at), field.slice(at + 1)];
}
