import { SimFault } from '../model/index.ts';

/** What a request says under one name (`Filter.1.Value.2`), and below it. */
export interface ParameterNode {
  value: string | undefined;
  /** Whether somebody has taken the value. */
  read: boolean;
  readonly children: Map<string, ParameterNode>;
}

/** No EC2 parameter nests deeper (`NetworkInterface.1.PrivateIpAddresses.1.Primary`); a bound keeps the tree shallow. */
const MAX_DEPTH = 8;

/** Control characters, and these two, have no place in XML, so an answer could not give them back. */
const UNPRINTABLE = /[^\P{Cc}\t\n\r]|[\uFFFE\uFFFF]/u;

/** A name that nothing was said under. */
export function emptyNode(): ParameterNode {
  return { value: undefined, read: false, children: new Map() };
}

/** The pairs of a form body or a query string as a tree. Throws EC2's complaint about names and values that are none. */
export function growTree(pairs: Iterable<readonly [string, string]>): ParameterNode {
  const root = emptyNode();
  for (const [name, value] of pairs) {
    if (UNPRINTABLE.test(name))
      throw new SimFault('InvalidQueryParameter', 'The name of a parameter holds a control character');
    const steps = name.split('.');
    if (steps.length > MAX_DEPTH) throw new SimFault('InvalidQueryParameter', `The parameter ${name} nests too deep`);
    const node = steps.reduce(childOf, root);
    if (node.value !== undefined) throw new SimFault('InvalidQueryParameter', `The parameter ${name} is given twice`);
    if (UNPRINTABLE.test(value))
      throw new SimFault('InvalidParameterValue', `The parameter ${name} holds a control character`);
    node.value = value;
  }
  return root;
}

/** What stands under `1`, `2`, …, in the order of the numbers. */
export function numbered(
  list: ParameterNode | undefined,
): readonly { readonly node: ParameterNode; readonly step: string }[] {
  return [...(list?.children ?? [])]
    .filter(([step]) => /^[1-9]\d{0,5}$/.test(step))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([step, node]) => ({ node, step }));
}

/** The name of the first parameter with a value that passes the test. */
export function firstOf(
  root: ParameterNode,
  test: (node: ParameterNode, path: string) => boolean,
  above = '',
): string | undefined {
  for (const [step, node] of root.children) {
    const path = above === '' ? step : `${above}.${step}`;
    if (node.value !== undefined && test(node, path)) return path;
    const found = firstOf(node, test, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

function childOf(node: ParameterNode, step: string): ParameterNode {
  const child = node.children.get(step) ?? emptyNode();
  node.children.set(step, child);
  return child;
}
