import type { StatusDocument, StatusEni } from '../../src/cniproto/index.ts';
import { Dashboard, type Gauges } from '../../src/dashboard/index.ts';
import { ManualClock } from '../support/manual-clock.ts';

export const eni = (device: number, addresses: StatusEni['addresses']): StatusEni => ({
  id: `eni-${device}`,
  mac: `02:00:00:00:00:0${device}`,
  device,
  link: `eth${device}`,
  primary: device === 0,
  primaryAddress: `10.0.${device}.4`,
  table: device === 0 ? 254 : device + 1,
  addresses,
});

export const STATUS: StatusDocument = {
  version: '1.2.3',
  pid: 1,
  ready: true,
  reason: null,
  phase: 'serving',
  instance: { id: 'i-1', type: 'm5.large', availabilityZone: 'eu-central-1a', primaryAddress: '10.0.0.4' },
  targets: { mode: 'secondary', warmEni: 1, warmIp: 0, minimumIp: 0, maxEnis: 3, addressesPerEni: 9, maxPods: 29 },
  pool: { total: 2, assigned: 1, free: 1, cooldown: 0, pending: 0 },
  enis: [
    eni(0, [{ address: '10.0.0.5', state: 'assigned', pod: 'shop/cart', containerId: 'secret' }]),
    eni(1, [{ address: '10.0.1.5', state: 'free' }]),
  ],
  ec2Calls: {},
  lastError: null,
  startedAt: '2026-01-01T00:00:00.000Z',
  readyAfterMs: 100,
  rssBytes: 1,
};

/** A dashboard of a daemon whose status is set by hand. */
export function dashboardOf(status: StatusDocument = STATUS) {
  const clock = new ManualClock();
  const stop = new AbortController();
  const dashboard = new Dashboard(clock, stop.signal);
  const daemon = { status, looks: 0, viewersChanged: 0 };
  const gauges = (): Gauges => ({ ...{ total: 2, assigned: 1, free: 1 }, ...{ cooldown: 0, pending: 0, waiting: 0 } });
  dashboard.watch({
    status: () => {
      daemon.looks += 1;
      return daemon.status;
    },
    gauges,
    pathOf: async (pod) => {
      if (pod === 'mute') throw new Error('netlink is mute');
      return undefined;
    },
    looked: () => {
      daemon.viewersChanged += 1;
    },
  });
  return { dashboard, daemon, clock, stop };
}

export const request = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Request =>
  new Request(`http://localhost:61679${path}`, { method, headers: { host: 'localhost:61679', ...headers } });

/** Reads the messages of an event stream, one after the other. */
export function messagesOf(answer: Response | Promise<Response> | undefined) {
  const reader = Promise.resolve(answer).then((response) => response?.body?.getReader());
  const decoder = new TextDecoder();
  let text = '';
  return async (): Promise<{ readonly name: string; readonly data: unknown }> => {
    for (;;) {
      const match = /(?:^|\n)event: (.*)\ndata: (.*)\n\n/.exec(text);
      if (match !== null) {
        text = text.slice(match.index + match[0].length);
        return { name: match[1] ?? '', data: JSON.parse(match[2] ?? 'null') };
      }
      const read = await (await reader)?.read();
      if (read === undefined || read.done) return { name: 'end', data: undefined };
      text += decoder.decode(read.value, { stream: true });
    }
  };
}
