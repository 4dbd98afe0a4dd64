import { describe, expect, test } from 'bun:test';
import { dashboardOf, eni, messagesOf, request, STATUS } from './sample.ts';

const settle = async (): Promise<void> => undefined;

describe('the event stream', () => {
  test('begins with everything: node, ENIs, history', async () => {
    const { dashboard } = dashboardOf();
    dashboard.called('ADD', 'ok', 5);
    const next = messagesOf(dashboard.serve(request('/dashboard/events')));
    const [node, enis, history] = [await next(), await next(), await next()];
    expect(node).toMatchObject({ name: 'node', data: { version: '1.2.3', waiting: 0, conditions: [] } });
    expect(enis).toMatchObject({
      name: 'enis',
      data: {
        order: ['eni-0', 'eni-1'],
        enis: [{ id: 'eni-0', slots: [['10.0.0.5', 'assigned', 'shop/cart']] }, { slots: [['10.0.1.5', 'free', '']] }],
      },
    });
    expect(history).toMatchObject({ name: 'history', data: { adds: [1], assigned: [1] } });
  });

  test('tells nobody the ids of containers', async () => {
    const nameless = { address: '10.0.1.6', state: 'assigned', containerId: 'secret' } as const;
    const { dashboard } = dashboardOf({ ...STATUS, enis: [...STATUS.enis, eni(2, [nameless])] });
    const next = messagesOf(dashboard.serve(request('/dashboard/events')));
    const said = JSON.stringify([await next(), await next()]);
    expect(said).toContain('shop/cart');
    expect(said).toContain('["10.0.1.6","assigned",""]');
    expect(said).not.toContain('secret');
  });

  test('a change shows a tenth of a second later, and only what has changed', async () => {
    const { dashboard, daemon, clock } = dashboardOf();
    const next = messagesOf(dashboard.serve(request('/dashboard/events')));
    for (let count = 0; count < 3; count += 1) await next();
    daemon.status = {
      ...STATUS,
      enis: [STATUS.enis[0] ?? eni(0, []), eni(1, [{ address: '10.0.1.5', state: 'releasing' }])],
    };
    for (let count = 0; count < 50; count += 1) dashboard.changed();
    await clock.pass(100, settle);
    expect(await next()).toEqual({
      name: 'enis',
      data: {
        order: ['eni-0', 'eni-1'],
        enis: [expect.objectContaining({ id: 'eni-1', slots: [['10.0.1.5', 'releasing', '']] })],
      },
    });
    daemon.status = { ...daemon.status, ready: false, enis: [STATUS.enis[0] ?? eni(0, [])] };
    dashboard.changed();
    await clock.pass(100, settle);
    expect(await next()).toMatchObject({ name: 'node', data: { ready: false } });
    expect(await next()).toEqual({ name: 'enis', data: { order: ['eni-0'], enis: [] } });
  });

  test('what changes by itself shows within two seconds, and a sign of life comes every second', async () => {
    const { dashboard, daemon, clock } = dashboardOf();
    const next = messagesOf(dashboard.serve(request('/dashboard/events')));
    for (let count = 0; count < 3; count += 1) await next();
    daemon.status = { ...STATUS, reason: 'full' };
    await clock.pass(3_000, settle);
    const names = [await next(), await next(), await next(), await next()].map(({ name }) => name);
    expect(names).toEqual(['history', 'node', 'beat', 'beat']);
    dashboard.called('DEL', 'ok', 1);
    await clock.pass(1_000, settle);
    expect(await next()).toMatchObject({ name: 'history', data: { dels: [1] } });
  });

  test('a cooldown that only goes on is no change', async () => {
    const { dashboard, daemon, clock } = dashboardOf();
    const resting = (freeInMs: number) => ({
      ...STATUS,
      enis: [eni(0, [{ address: '10.0.0.5', state: 'cooldown', freeInMs }])],
    });
    daemon.status = resting(30_000);
    const next = messagesOf(dashboard.serve(request('/dashboard/events')));
    for (let count = 0; count < 3; count += 1) await next();
    await clock.pass(1_999, settle);
    daemon.status = resting(28_001);
    await clock.pass(1_001, settle);
    expect([await next(), await next(), await next()].map(({ name }) => name)).toEqual(['history', 'beat', 'beat']);
  });

  test('without anybody looking the daemon is asked nothing but the figures of its pool', async () => {
    const { dashboard, daemon, clock } = dashboardOf();
    dashboard.changed();
    await clock.pass(60_000, settle);
    expect(daemon.looks).toBe(0);
    const answer = await dashboard.serve(request('/dashboard/events'));
    await clock.pass(3_000, settle);
    // Twice for the newcomer, once for what may have changed by itself.
    expect(daemon.looks).toBe(3);
    await answer?.body?.cancel();
    await clock.pass(1_000, settle);
    const { looks } = daemon;
    dashboard.changed();
    await clock.pass(60_000, settle);
    expect(daemon.looks).toBe(looks);
  });

  test('that somebody comes, and that the last one goes, is told once each', async () => {
    const { dashboard, daemon, clock } = dashboardOf();
    const open = async () => await dashboard.serve(request('/dashboard/events'));
    const answers = [await open(), await open()];
    await clock.pass(5_000, settle);
    expect(daemon.viewersChanged).toBe(2);
    await answers[0]?.body?.cancel();
    await clock.pass(5_000, settle);
    expect(daemon.viewersChanged).toBe(2);
    await answers[1]?.body?.cancel();
    await clock.pass(5_000, settle);
    expect(daemon.viewersChanged).toBe(3);
  });

  test('ends with the daemon', async () => {
    const { dashboard, stop } = dashboardOf();
    const answer = await dashboard.serve(request('/dashboard/events'));
    const reader = answer?.body?.getReader();
    await reader?.read();
    stop.abort();
    await expect(reader?.read()).rejects.toThrow();
    expect((await dashboard.serve(request('/dashboard/events')))?.status).toBe(503);
  });

  test('says what was counted', async () => {
    const { dashboard } = dashboardOf();
    dashboard.called('ADD', 'POOL_GROWING', 30_000);
    dashboard.called('DEL', 'ok', 1);
    dashboard.called('CHECK', 'ok', 1);
    dashboard.asked({ action: 'DescribeSubnets', code: undefined });
    dashboard.asked({ action: 'CreateNetworkInterface', code: undefined });
    dashboard.asked({ action: 'DescribeSubnets', code: 'Throttling' });
    const next = messagesOf(dashboard.serve(request('/dashboard/events')));
    for (let count = 0; count < 2; count += 1) await next();
    expect((await next()).data).toMatchObject({
      ...{ adds: [1], addsFailed: [1], addMaxMs: [30_000], dels: [1] },
      ...{ ec2Reads: [1], ec2Changes: [1], ec2Failed: [1] },
    });
  });
});

describe('other requests', () => {
  const { dashboard } = dashboardOf();
  const serve = async (path: string, headers?: Readonly<Record<string, string>>) =>
    await dashboard.serve(request(path, headers));

  test('the page and everything it names are there, with nothing from elsewhere', async () => {
    const page = (await (await serve('/dashboard'))?.text()) ?? '';
    const named = [...page.matchAll(/(?:src|href)="(dashboard\/[^"]+)"/g)].map(([, path]) => `/${path}`);
    expect(named.length).toBeGreaterThan(7);
    for (const path of named) expect([path, (await serve(path))?.status]).toEqual([path, 200]);
    const texts = await Promise.all(named.map(async (path) => (await serve(path))?.text()));
    const imports = texts.flatMap((text = '') =>
      [...text.matchAll(/ from '\.\/([^']+)'/g)].map(([, name]) => `/dashboard/${name}`),
    );
    expect(imports.filter((path) => !named.includes(path))).toEqual([]);
    expect([page, ...texts].join().replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:\/\//);
  });

  test('a browser that asks for the port is led to the page, a program is not', async () => {
    const answer = await serve('/', { accept: 'text/html,*/*' });
    expect([answer?.status, answer?.headers.get('location')]).toEqual([302, '/dashboard']);
    expect(await serve('/', { accept: '*/*' })).toBeUndefined();
    expect(await serve('/v1/enis')).toBeUndefined();
    expect(await serve('/dashboards')).toBeUndefined();
  });

  test('a file or a pod that is not there is not found', async () => {
    expect((await serve('/dashboard/none.js'))?.status).toBe(404);
    expect((await serve('/dashboard/constructor'))?.status).toBe(404);
    const answer = await serve('/dashboard/path?pod=a/b');
    expect([answer?.status, await answer?.text()]).toEqual([
      404,
      'no pod of this name or address has an address of this node\n',
    ]);
  });

  test('a kernel that cannot be asked is said to be that', async () => {
    const answer = await serve('/dashboard/path?pod=mute');
    expect([answer?.status, await answer?.text()]).toEqual([503, 'the kernel cannot be asked: netlink is mute\n']);
  });

  const rows: readonly (readonly [what: string, headers: Readonly<Record<string, string>>, status: number])[] = [
    ['localhost', { host: 'localhost:61679' }, 200],
    ['an address of loopback', { host: '127.0.0.1:61679' }, 200],
    ['the end of a tunnel', { host: 'localhost:8080' }, 200],
    ['loopback of IPv6', { host: '[::1]:61679' }, 200],
    ['its own page', { host: 'localhost:61679', origin: 'http://localhost:61679' }, 200],
    ['a name that somebody points at us', { host: 'rebind.example:61679' }, 403],
    ['a name that begins like ours', { host: 'localhost.example' }, 403],
    ['no name', { host: '' }, 403],
    ['a page of somebody else', { host: 'localhost:61679', origin: 'https://other.example' }, 403],
    ['a page of another port', { host: 'localhost:61679', origin: 'http://localhost:80' }, 403],
    ['a page without an origin', { host: 'localhost:61679', origin: 'null' }, 403],
  ];
  for (const [what, headers, status] of rows)
    for (const path of ['/dashboard', '/dashboard/events', '/dashboard/path?pod=x'])
      test(`${path} for ${what}: ${status}`, async () => {
        const found = await dashboardOf().dashboard.serve(request(path, headers));
        expect(found?.status === 403).toBe(status === 403);
      });

  test('what the page may do is said with each answer', async () => {
    for (const path of ['/dashboard', '/dashboard/main.js', '/dashboard/none', '/dashboard/events', '/dashboard/path'])
      expect((await serve(path))?.headers.get('content-security-policy')).toContain(
        "default-src 'none'; script-src 'self'",
      );
  });

  test('HEAD opens no stream', async () => {
    const fresh = dashboardOf();
    const answer = await fresh.dashboard.serve(request('/dashboard/events', {}, 'HEAD'));
    expect([answer?.status, answer?.body]).toEqual([200, null]);
  });

  test('before the daemon is watched there is nothing to tell', async () => {
    const { Dashboard } = await import('../../src/dashboard/index.ts');
    const { ManualClock } = await import('../support/manual-clock.ts');
    const early = new Dashboard(new ManualClock(), new AbortController().signal);
    const next = messagesOf(early.serve(request('/dashboard/events')));
    expect(await next()).toEqual({ name: 'node', data: null });
  });
});
