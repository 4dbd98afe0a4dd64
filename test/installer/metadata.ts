/** The part of an instance's metadata that an installation asks for. */
export interface Metadata {
  /** The loopback link has the MAC 00:…:00 in every namespace. */
  readonly mac?: string;
  readonly region?: string;
  readonly instanceType?: string;
  readonly userData?: string | Uint8Array<ArrayBuffer>;
}

/** A metadata service of version 2 on the loopback, for a host whose root is a directory. */
export function serveMetadata({
  mac = '00:00:00:00:00:00',
  region = 'eu-west-1',
  instanceType = 'm5.large',
  userData,
}: Metadata = {}) {
  const document = {
    ...{ instanceId: 'i-0123456789abcdef0', instanceType, region },
    availabilityZone: `${region}a`,
  };
  const answers: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>> = {
    '/latest/meta-data/mac': mac,
    '/latest/meta-data/instance-type': instanceType,
    ...(userData === undefined ? {} : { '/latest/user-data': userData }),
    '/latest/dynamic/instance-identity/document': JSON.stringify(document),
  };
  return Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      if (request.method === 'PUT') return new Response('token');
      const answer = answers[new URL(request.url).pathname];
      return answer === undefined ? new Response('', { status: 404 }) : new Response(answer);
    },
  });
}
