import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { barriersOf, NamespaceBrowser, tooWide } from '../support/browser.ts';
import { freshVpc, until } from '../support/e2e.ts';
import { addPod, type RunningPod, removePod } from '../support/e2e-pods.ts';

setDefaultTimeout(120_000);

const URL = 'http://localhost:61679/dashboard';
const vpc = freshVpc('db');
const node = vpc.node('node-a');
let browser: NamespaceBrowser;
let page: Page;
let faults: readonly string[] = [];
let pods: readonly RunningPod[] = [];

const slot = (address: string): Locator => page.locator(`button.slot[data-address="${address}"]`);
const legend = (state: string): Locator => page.locator(`#enis button.slot[data-state="${state}"]`);

/** Waits until a part of the page says something. */
const says = (what: string, words: string | RegExp, withinMs = 20_000): Promise<void> =>
  page.locator(what).filter({ hasText: words }).first().waitFor({ timeout: withinMs });

beforeAll(async () => {
  await vpc.up('--nodes', '1', '--instance-type', 't3.small', '--attach-ms', '200', '--detach-ms', '200');
  await node.configure('WARM_IP_TARGET=2', 'IP_COOLDOWN_PERIOD=5');
  await node.install();
  browser = await NamespaceBrowser.launch(node.paths.netns);
  ({ page, faults } = await browser.open(URL));
});
afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await vpc.down();
});

describe('the dashboard of a node', () => {
  test('says which node it is, that it is ready, and what it has', async () => {
    const status = await node.untilStatus('two free addresses', ({ pool }) => pool.free === 2 && pool.pending === 0);
    await says('#node-name', status.instance?.id ?? 'none');
    await says('#ready', 'Ready');
    await says('#enis h3', status.enis[0]?.id ?? 'none');
    await until('two free squares', async () => ((await legend('free').count()) === 2 ? true : undefined));
    await says('#targets', 'Kept free: 2 addresses');
  });

  test('pods come: their squares fill, with their names, while one looks', async () => {
    pods = [
      await addPod(node, 'one'),
      await addPod(node, 'two'),
      await addPod(node, 'three'),
      await addPod(node, 'four'),
    ];
    for (const { address, pod } of pods) {
      await slot(address).and(page.locator('[data-state=assigned]')).waitFor();
      expect(await slot(address).getAttribute('aria-label')).toBe(`${address}: in use by default/${pod}`);
    }
    await page.locator('#enis .eni').nth(1).waitFor();
    await says('#figures', 'in use4');
    await says('#chart-add .summary', '4 ADDs, 0 failed');
    await says('#calls', 'CreateNetworkInterface');
  });

  test('a click shows the way of a pod, and each thing on it is there', async () => {
    for (const { address, pod } of pods) {
      await slot(address).click();
      await says('#path-news', `default/${pod} has ${address} of eni-`);
      await says('#path-news', 'nothing is missing');
      await says('#path', `512: from all to ${address}/32 lookup main`);
      expect(await slot(address).getAttribute('aria-pressed')).toBe('true');
    }
    // The last pods are on the second ENI, the first on the primary one.
    await says('#path', `1536: from ${pods.at(-1)?.address}/32 lookup`);
    expect(await page.locator('#path li[data-state=missing]').count()).toBe(0);
  });

  test('what somebody breaks of it is named with what to do, and after that it is whole', async () => {
    const [first, ...rest] = pods;
    if (first === undefined) throw new Error('no pods');
    const [link = 'none'] = / dev (\S+)/.exec(await node.text('ip', 'route', 'get', first.address))?.slice(1) ?? [];
    await page.getByLabel('Pod or address').fill(`default/${first.pod}`);
    await page.getByRole('button', { name: 'Show' }).click();
    await says('#path-news', `default/${first.pod} has ${first.address} of`);
    await says('#path-news', 'nothing is missing');
    // All but a pair of links that is gone the daemon puts back before anybody sees it.
    await node.text('ip', 'link', 'delete', link);
    await says('#path li[data-state=missing]', 'no link that names this pod as its owner');
    await says('#path .lack', 'delete it, its controller makes another one');
    await removePod(node, first);
    await says('#path-news', 'no pod of this name or address');
    pods = [await addPod(node, first.pod), ...rest];
    await page.getByRole('button', { name: 'Show' }).click();
    await says('#path-news', 'nothing is missing');
  });

  test('a pod that is not there is said to be none', async () => {
    await page.getByLabel('Pod or address').fill('default/nobody');
    await page.getByLabel('Pod or address').press('Enter');
    await says('#path-news', 'default/nobody: no pod of this name or address');
    expect(await page.locator('#path li').count()).toBe(0);
  });

  test('with the keyboard alone: to the squares, along them, and to a way', async () => {
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('End');
    await page.keyboard.press('Home');
    const buttons = await page.locator('.eni').first().locator('button').all();
    const addresses = await Promise.all(buttons.map((button) => button.getAttribute('data-address')));
    expect(await page.evaluate<string>('document.activeElement.dataset.address')).toBe(addresses[0] ?? 'none');
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate<string>('document.activeElement.dataset.address')).toBe(addresses[1] ?? 'none');
    await page.keyboard.press('Enter');
    await says('#path-news', `has ${addresses[1]}`);
    await page.locator('#chart-pool svg').focus();
    await page.keyboard.press('ArrowLeft');
    await says('#chart-pool .readout', /: in use \d/);
    await page.locator('#table summary').focus();
    await page.keyboard.press('Enter');
    await says('#table tbody', /4/);
  });

  test('an address that somebody gives to a link is kept back, told with its remedy, and free again', async () => {
    const address = (await legend('free').first().getAttribute('data-address')) ?? 'none';
    await node.text('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
    await slot(address).and(page.locator('[data-state=quarantine]')).waitFor();
    await says('#conditions', 'ADDRESS_QUARANTINED');
    await says('#conditions .remedy', /\w/);
    await says('#news', 'Conditions: ');
    expect(await slot(address).getAttribute('aria-label')).toContain('a link of the host has it');
    await node.text('ip', 'address', 'del', `${address}/32`, 'dev', 'lo');
    await until('no condition', async () => ((await page.locator('#conditions li').count()) === 0 ? true : undefined));
    await slot(address).and(page.locator('[data-state=free]')).waitFor();
  });

  test('pods go: their squares rest, and are free or gone after it', async () => {
    const [first, ...rest] = pods;
    if (first === undefined) throw new Error('no pods');
    await removePod(node, first);
    await slot(first.address).and(page.locator('[data-state=cooldown]')).waitFor();
    expect(await slot(first.address).getAttribute('aria-label')).toMatch(/: cooling down until \d/);
    await until('it to rest no more', async () => ((await legend('cooldown').count()) === 0 ? true : undefined));
    pods = rest;
    await says('#figures', 'in use3');
  });

  for (const colorScheme of ['light', 'dark'] as const)
    test(`nothing keeps anybody from using it, ${colorScheme}, and it fits a phone`, async () => {
      const shown = await browser.open(URL, { colorScheme });
      await shown.page.locator('button.slot[data-state=assigned]').first().click();
      await shown.page.locator('#path li').first().waitFor();
      await shown.page.locator('#table summary').click();
      expect(await barriersOf(shown.page)).toEqual([]);
      await shown.page.setViewportSize({ width: 320, height: 640 });
      expect(await tooWide(shown.page)).toBeLessThanOrEqual(0);
      expect(await barriersOf(shown.page)).toEqual([]);
      expect(shown.faults).toEqual([]);
      await shown.page.context().close();
    });

  test('a daemon that dies is missed at once; the page goes on with the next one by itself', async () => {
    const pid = await node.daemonPid();
    process.kill(pid, 'SIGSTOP');
    await says('#silence', /has said nothing for \d seconds/);
    process.kill(pid, 'SIGCONT');
    await says('#link', 'live');
    process.kill(pid, 'SIGKILL');
    await says('#link', 'no answer');
    await says('#silence', 'systemctl status vpc-cni-ipamd');
    await says('#link', 'live', 60_000);
    expect(await page.locator('#silence').isVisible()).toBe(false);
    for (const { address } of pods) await slot(address).and(page.locator('[data-state=assigned]')).waitFor();
    expect(await node.daemonPid()).not.toBe(pid);
  });

  test('all that time it complained about nothing and asked nobody else', () => {
    expect(faults).toEqual([]);
  });

  test('from another name, and where it is switched off, there is no page', async () => {
    const ask = (...words: readonly string[]) => node.text('curl', '-s', ...words, 'http://127.0.0.1:61679/dashboard');
    expect(await ask('-H', 'Host: rebind.example')).toContain('loopback names');
    expect(await ask()).toContain('<!doctype html>');
    await node.configure('DISABLE_DASHBOARD=true');
    await node.stopDaemon();
    await node.install();
    await until('the port to be open', async () =>
      (await node.run(['curl', '-s', 'http://127.0.0.1:61679/'])).stdout.includes('/v1/enis') ? true : undefined,
    );
    expect(JSON.parse(await ask())).toEqual({
      AvailableCommands: ['/v1/enis', '/v1/eni-configs', '/v1/networkutils-env-settings', '/v1/ipamd-env-settings'],
    });
  });
});

describe('the dashboard of a node with 700 pods', () => {
  test('is one readable page, on a desk and on a phone, and names stay text', async () => {
    const program = join(import.meta.dir, '../support/crowded-dashboard.ts');
    const crowded = Bun.spawn(['nsenter', `--net=${node.paths.netns}`, '--', process.execPath, program, '61700'], {
      stdout: 'pipe',
    });
    try {
      await crowded.stdout.getReader().read();
      const shown = await browser.open('http://localhost:61700/dashboard');
      await shown.page.locator('button.slot').nth(749).waitFor();
      expect(await shown.page.locator('button.slot[data-state=assigned]').count()).toBe(700);
      expect(await shown.page.locator('button.slot').first().getAttribute('aria-label')).toContain(
        '<img src=x onerror',
      );
      expect(await shown.page.locator('#pods option').count()).toBe(700);
      expect(await shown.page.title()).toBe('i-1');
      expect(await tooWide(shown.page)).toBeLessThanOrEqual(0);
      await shown.page.setViewportSize({ width: 320, height: 640 });
      expect(await tooWide(shown.page)).toBeLessThanOrEqual(0);
      expect(await barriersOf(shown.page)).toEqual([]);
      expect(shown.faults).toEqual([]);
    } finally {
      crowded.kill();
      await crowded.exited;
    }
  });
});
