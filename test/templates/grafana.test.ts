import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DASHBOARD = JSON.parse(readFileSync(join(import.meta.dir, '../../templates/grafana/vpc-cni.json'), 'utf8'));

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly refId: string }[];
}
const panels: readonly Panel[] = DASHBOARD.panels;

test('panels have a number and a place of their own', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.filter(({ gridPos }) => gridPos.x + gridPos.w > 24)).toEqual([]);
});

test('every query is of the chosen nodes, and of the chosen data source', () => {
  for (const { targets, title } of panels)
    for (const { expr } of targets) expect([title, expr.includes('instance=~"$instance"')]).toEqual([title, true]);
  const sources = JSON.stringify(DASHBOARD).match(/"uid":"(?!vpc-cni-host)[^"]*"/g) ?? [];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are Grafana's.
  expect([...new Set(sources)]).toEqual(['"uid":"${datasource}"']);
});
