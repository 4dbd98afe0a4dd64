import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const AXE = join(import.meta.dir, '../../node_modules/axe-core/axe.min.js');

/** A headless Chromium that lives in a network namespace: what it talks to on its own stays in there. */
export class NamespaceBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #directory: string;

  private constructor(browser: Browser, directory: string) {
    this.#browser = browser;
    this.#directory = directory;
  }

  static async launch(netns: string): Promise<NamespaceBrowser> {
    const directory = mkdtempSync(join(tmpdir(), 'vpc-cni-browser-'));
    const program = join(directory, 'chromium');
    // It is spoken to over inherited pipes, so the test need not be in the namespace.
    writeFileSync(
      program,
      `#!/bin/sh\nexec nsenter --net=${netns} -- ${Bun.which('chromium') ?? Bun.which('chromium-browser')} "$@"\n`,
      {
        mode: 0o755,
      },
    );
    // The sandbox of Chromium is not for root.
    const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
    return new NamespaceBrowser(browser, directory);
  }

  /** Opens a page in a fresh profile; whatever it complains about or asks of others is in `faults`. */
  async open(
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<{ readonly page: Page; readonly faults: readonly string[] }> {
    const context = await this.#browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      // A stream that ends with its daemon is told there, and by the page.
      if (message.type() === 'error' && !/ERR_(?:CONNECTION|INCOMPLETE)|Failed to load resource/.test(message.text()))
        faults.push(message.text());
    });
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) faults.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    await page.locator('#link[data-state=live]').waitFor();
    return { page, faults };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** What axe finds that keeps people from using a page: rule and element. */
export async function barriersOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(readFileSync(AXE, 'utf8'));
  return await page.evaluate<string[]>(
    "axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))",
  );
}

/** How many pixels a page is wider than its window. */
export const tooWide = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
