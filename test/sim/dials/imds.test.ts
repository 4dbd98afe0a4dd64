import { expect, test } from 'bun:test';
import { formatCidr } from '../../../src/addr/index.ts';
import { createSimClock } from '../../../src/sim/clock/index.ts';
import type { Dial } from '../../../src/sim/dials/index.ts';
import { systemClock } from '../../../src/sys/index.ts';
import { stage } from '../imds/support.ts';
import { smallVpc, subnetId } from '../model/support.ts';

const META = '/latest/meta-data/';
const MACS = `${META}network/interfaces/macs/`;

const refusals: readonly { name: string; dial: Omit<Dial, 'action'>; status: string }[] = [
  { name: 'an error', dial: { error: '500' }, status: '500' },
  { name: 'a denial', dial: { denied: true }, status: '403' },
  { name: 'throttling', dial: { throttled: true }, status: '503' },
  { name: 'an empty bucket', dial: { bucket: { size: 2, perSecond: 0 } }, status: '503' },
];
test.each(refusals)('$name of the metadata service is $status to whoever asks', async ({ dial, status }) => {
  await using s = stage();
  const token = await s.token();
  const read = async (): Promise<string> => {
    const response = await fetch(`${s.imds}${META}instance-id`, { headers: { 'x-aws-ec2-metadata-token': token } });
    return response.ok ? response.text() : String(response.status);
  };
  s.dials.set({ action: 'IMDS', ...dial });
  const answers = [await read(), await read(), await read()];
  expect([answers.at(-1), await s.token()]).toEqual([status, status]);
  s.dials.clear();
  expect(await read()).toBe(s.node);
});

test('a lost answer: the connection breaks, and the token that was made is on record', async () => {
  await using s = stage();
  s.dials.set({ action: 'IMDS', lost: true, times: 1 });
  await expect(s.token()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect([(await s.token()).length, s.vpc.calls().map(({ action, result }) => `${action} ${result}`)]).toEqual([
    56,
    ['PUT /latest/api/token OK, and the answer was lost', 'PUT /latest/api/token OK'],
  ]);
});

/** A node whose metadata lags by three seconds, at a time that moves when told to. */
function lagging() {
  const time = { now: 1_700_000_000_000 };
  const vpc = smallVpc({ now: () => time.now });
  const s = stage({ vpc });
  s.dials.set({ action: 'IMDS', lagMs: 3000 });
  const pass = (ms: number): void => {
    time.now += ms;
  };
  pass(10_000);
  return { s, vpc, pass };
}

test('a lag: a new ENI, its prefix and its end are seen so much later', async () => {
  const { s: opened, vpc, pass } = lagging();
  await using s = opened;
  const eni = vpc.createEni({ subnetId: subnetId(vpc) });
  const attachment = vpc.beginAttach({ eniId: eni.id, instanceId: s.node, deviceIndex: 1 }).id;
  const seen: string[] = [];
  const look = async (what: string): Promise<void> =>
    void seen.push(`${what} ${await s.read(`${MACS}${eni.mac}/${what}`)}`);
  vpc.completeAttach(attachment);
  pass(2999);
  await look('device-number');
  pass(1);
  await look('device-number');
  const [prefix] = vpc.assignPrefixes({ eniId: eni.id, count: 1 });
  await look('ipv4-prefix');
  pass(3000);
  await look('ipv4-prefix');
  vpc.beginDetach({ attachmentId: attachment });
  vpc.completeDetach(attachment);
  vpc.deleteEni(eni.id);
  await look('ipv4-prefix');
  pass(3000);
  await look('ipv4-prefix');
  expect(seen).toEqual([
    'device-number 404',
    'device-number 1',
    'ipv4-prefix 404',
    `ipv4-prefix ${prefix && formatCidr(prefix)}`,
    `ipv4-prefix ${prefix && formatCidr(prefix)}`,
    'ipv4-prefix 404',
  ]);
});

test('stale reads: an ENI, a prefix, an address missing, a deleted ENI still listed; token requests do not count', async () => {
  await using s = stage({ launch: { instanceType: 'm5.large', secondaryCount: 2 } });
  const { vpc } = s;
  const attached = () => {
    const eni = vpc.createEni({ subnetId: subnetId(vpc), prefixCount: 2 });
    const attachment = vpc.beginAttach({ eniId: eni.id, instanceId: s.node, deviceIndex: 1 });
    vpc.completeAttach(attachment.id);
    return { eni, attachment };
  };
  const { eni, attachment } = attached();
  const [primary] = vpc.enisOf(s.node);
  const [first] = eni.prefixes.map(formatCidr);
  const whole = eni.prefixes.map(formatCidr).join('\n');
  const once = async (stale: NonNullable<Dial['stale']>, path: string): Promise<readonly string[]> => {
    s.dials.set({ action: 'IMDS', stale, times: 1 });
    return [await s.read(path), await s.read(path)];
  };
  expect(await once('missing-eni', `${MACS}${eni.mac}/interface-id`)).toEqual(['404', eni.id]);
  expect(await once('missing-prefix', `${MACS}${eni.mac}/ipv4-prefix`)).toEqual([first ?? '', whole]);
  expect(await once('missing-address', `${MACS}${primary?.mac}/local-ipv4s`)).toEqual([
    primary?.addresses.slice(0, 2).join('\n') ?? '',
    primary?.addresses.join('\n') ?? '',
  ]);
  vpc.beginDetach({ attachmentId: attachment.id });
  vpc.completeDetach(attachment.id);
  vpc.deleteEni(eni.id);
  expect(await once('deleted-eni', `${MACS}${eni.mac}/ipv4-prefix`)).toEqual([whole, '404']);
});

test('the clock moved ahead: a token expires, the credentials of the role change', async () => {
  const clock = createSimClock(systemClock);
  await using s = stage({ clock });
  const role = `${META}iam/security-credentials/node-role`;
  const token = await s.token('21600');
  const read = async (path: string): Promise<string> => {
    const response = await fetch(s.imds + path, { headers: { 'x-aws-ec2-metadata-token': token } });
    return response.ok ? response.text() : String(response.status);
  };
  const first = JSON.parse(await read(role));
  clock.advance(3_600_000);
  const second = JSON.parse(await read(role));
  expect(Date.parse(second.Expiration) - Date.parse(first.Expiration)).toBe(3_600_000);
  clock.advance(6 * 3_600_000);
  expect(await read(role)).toBe('401');
});

test('delays: an answer comes when its time is over, as drawn from the distribution', async () => {
  await using s = stage({ clock: systemClock });
  s.dials.set({ action: 'IMDS', delay: { minMs: 20, maxMs: 30 } });
  const started = performance.now();
  expect(await s.read(`${META}instance-id`)).toBe(s.node);
  // Two requests; a timer may be up to a millisecond early.
  expect(performance.now() - started).toBeGreaterThan(38);
  for (const { ms } of s.vpc.calls()) expect(ms).toBeGreaterThan(18);
});
