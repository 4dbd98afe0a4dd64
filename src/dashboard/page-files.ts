import charts from './page/charts.js' with { type: 'text' };
import dom from './page/dom.js' with { type: 'text' };
import enis from './page/enis.js' with { type: 'text' };
import history from './page/history.js' with { type: 'text' };
import page from './page/index.htm' with { type: 'text' };
import main from './page/main.js' with { type: 'text' };
import node from './page/node.js' with { type: 'text' };
import path from './page/path.js' with { type: 'text' };
import style from './page/style.css' with { type: 'text' };
import { HEADERS } from './same-origin.ts';

const SCRIPT = 'text/javascript; charset=utf-8';

/** What the page is made of, by its name below the page's own path. */
const FILES: Readonly<Record<string, { readonly text: string; readonly type: string }>> = {
  '': { text: page, type: 'text/html; charset=utf-8' },
  'style.css': { text: style, type: 'text/css; charset=utf-8' },
  ...Object.fromEntries(
    Object.entries({ main, node, enis, history, charts, path, dom }).map(([name, text]) => [
      `${name}.js`,
      { text, type: SCRIPT },
    ]),
  ),
};

/** One file of the page; `undefined` when there is none of this name. */
export function pageFile(name: string): Response | undefined {
  const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  return file && new Response(file.text, { headers: { ...HEADERS, 'content-type': file.type } });
}
