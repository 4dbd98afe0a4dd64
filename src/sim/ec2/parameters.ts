import { type Ipv4Address, isIpv4 } from '../../addr/index.ts';
import { SimFault } from '../model/index.ts';

interface Node {
  value: string | undefined;
  read: boolean;
  readonly children: Map<string, Node>;
}

/** No EC2 parameter nests deeper (`TagSpecification.1.Tag.1.Key`); a bound keeps the tree shallow. */
const MAX_DEPTH = 8;

/** Control characters have no place in XML, so an answer could not give them back. */
const UNPRINTABLE = /[^\P{Cc}\t\n\r]/u;

const TRUE = new Set(['true', '1']);
const FALSE = new Set(['false', '0']);

/**
 * The parameters of a query request as a tree (`Filter.1.Value.2`). Every reader marks what it took, so that what is
 * left over is known to be unknown and can be refused: a parameter silently ignored would make a client believe it worked.
 */
export class Parameters {
  readonly #node: Node;
  readonly #path: string;

  private constructor(node: Node, path: string) {
    this.#node = node;
    this.#path = path;
  }

  /** Reads the pairs of a form body or a query string. */
  static parse(pairs: Iterable<readonly [string, string]>): Parameters {
    const root = emptyNode();
    for (const [name, value] of pairs) {
      const steps = name.split('.');
      if (steps.length > MAX_DEPTH) throw new SimFault('InvalidQueryParameter', `The parameter ${name} nests too deep`);
      let node = root;
      for (const step of steps) {
        let child = node.children.get(step);
        if (child === undefined) {
          child = emptyNode();
          node.children.set(step, child);
        }
        node = child;
      }
      if (node.value !== undefined) throw new SimFault('InvalidQueryParameter', `The parameter ${name} is given twice`);
      if (UNPRINTABLE.test(value))
        throw new SimFault('InvalidParameterValue', `The parameter ${name} holds a control character`);
      node.value = value;
    }
    return new Parameters(root, '');
  }

  /** The text of a parameter. */
  text(name: string): string | undefined {
    const node = this.#node.children.get(name);
    if (node?.value === undefined) return undefined;
    node.read = true;
    return node.value;
  }

  /** The text of a parameter the action cannot do without. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '')
      throw new SimFault('MissingParameter', `The request must contain the parameter ${this.#path}${name}`);
    return value;
  }

  /** A whole number, zero or more. */
  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^\d{1,9}$/.test(value)) throw this.#invalid(name, value);
    return Number(value);
  }

  /** `true` or `false`. */
  flag(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return undefined;
    if (TRUE.has(value)) return true;
    if (FALSE.has(value)) return false;
    throw this.#invalid(name, value);
  }

  /** An IPv4 address. */
  address(name: string): Ipv4Address | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!isIpv4(value)) throw this.#invalid(name, value);
    return value;
  }

  /** The texts of `name.1`, `name.2`, … */
  list(name: string): readonly string[] {
    return this.#numbered(name).flatMap(({ node }) => {
      node.read = true;
      return node.value === undefined ? [] : [node.value];
    });
  }

  /** IPv4 addresses `name.1`, `name.2`, … */
  addresses(name: string): readonly Ipv4Address[] {
    return this.list(name).map((value) => {
      if (!isIpv4(value)) throw this.#invalid(name, value);
      return value;
    });
  }

  /** The structures `name.1.…`, `name.2.…` */
  structures(name: string): readonly Parameters[] {
    return this.#numbered(name).map(({ node, step }) => new Parameters(node, `${this.#path}${name}.${step}.`));
  }

  /** The structure `name.…`, empty when the request has none. */
  structure(name: string): Parameters {
    return new Parameters(this.#node.children.get(name) ?? emptyNode(), `${this.#path}${name}.`);
  }

  /** Throws `UnsupportedOperation` when the request uses one of these: EC2 knows them, this simulator does not yet. */
  unsupported(...names: readonly string[]): void {
    const used = names.find((name) => this.#node.children.has(name));
    if (used !== undefined) throw new SimFault('UnsupportedOperation', `The simulator does not know ${used} yet`);
  }

  /** Throws `UnknownParameter` when something was sent that no reader took. */
  finish(): void {
    const name = firstUnread(this.#node, []);
    if (name !== undefined) throw new SimFault('UnknownParameter', `The parameter ${name} is not recognized`);
  }

  #numbered(name: string): readonly { readonly node: Node; readonly step: string }[] {
    const children = this.#node.children.get(name)?.children ?? new Map<string, Node>();
    return [...children]
      .filter(([step]) => /^[1-9]\d{0,5}$/.test(step))
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([step, node]) => ({ node, step }));
  }

  #invalid(name: string, value: string): SimFault {
    return new SimFault('InvalidParameterValue', `Value (${value}) for parameter ${this.#path}${name} is invalid`);
  }
}

function emptyNode(): Node {
  return { value: undefined, read: false, children: new Map() };
}

function firstUnread(node: Node, path: readonly string[]): string | undefined {
  if (node.value !== undefined && !node.read) return path.join('.');
  for (const [step, child] of node.children) {
    const found = firstUnread(child, [...path, step]);
    if (found !== undefined) return found;
  }
  return undefined;
}
