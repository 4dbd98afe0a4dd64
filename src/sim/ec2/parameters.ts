import {
  type Ipv4Address,
  type Ipv4Cidr,
  type Ipv6Address,
  type Ipv6Cidr,
  isIpv4,
  parseIpv4Cidr,
  parseIpv6,
  parseIpv6Cidr,
} from '../../addr/index.ts';
import { SimFault } from '../model/index.ts';
import { checkId, type IdKind } from './ids.ts';
import { emptyNode, firstOf, growTree, numbered, type ParameterNode } from './parameter-tree.ts';
import { isUnsupported } from './unsupported.ts';

const TRUE = new Set(['true', '1']);
const FALSE = new Set(['false', '0']);

/**
 * The parameters of a query request as a tree (`Filter.1.Value.2`). Every reader marks what it took, so that what is
 * left over is known to be unknown and can be refused: a parameter silently ignored would make a client believe it worked.
 */
export class Parameters {
  /** The action asked for. */
  readonly action: string;
  readonly #node: ParameterNode;
  readonly #path: string;

  private constructor(action: string, node: ParameterNode, path: string) {
    this.action = action;
    this.#node = node;
    this.#path = path;
  }

  /** Reads the pairs of a form body or a query string. */
  static parse(pairs: Iterable<readonly [string, string]>): Parameters {
    const root = growTree(pairs);
    return new Parameters(root.children.get('Action')?.value ?? '', root, '');
  }

  /** What the request says something about, by the first part of each name. */
  names(): readonly string[] {
    return [...this.#node.children.keys()];
  }

  /** Whether the request says anything about this parameter. */
  has(name: string): boolean {
    return this.#node.children.has(name);
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
    if (value === undefined || value === '') throw missing(`${this.#path}${name}`);
    return value;
  }

  /** `ClientToken`: what makes a request the same request when it is sent again. */
  clientToken(): string | undefined {
    const value = this.text('ClientToken') || undefined;
    // "Constraints: Maximum 64 ASCII characters" (API reference, RunInstances).
    if (value !== undefined && !/^[\x20-\x7e]{1,64}$/.test(value))
      throw this.#invalid('ClientToken', value.slice(0, 64));
    return value;
  }

  /** One of a few words. */
  choice<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.text(name);
    const word = words.find((one) => one === value);
    if (value !== undefined && word === undefined) throw this.#invalid(name, value);
    return word;
  }

  /** A whole number. Zero or more, unless `least` says otherwise. */
  integer(name: string, least = 0): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,9}$/.test(value) || Number(value) < least) throw this.#invalid(name, value);
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

  /** An id of this kind. */
  id(name: string, kind: IdKind): string | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : checkId(kind, value);
  }

  /** An id the action cannot do without. */
  requiredId(name: string, kind: IdKind): string {
    return checkId(kind, this.required(name));
  }

  /** Ids `name.1`, `name.2`, … of this kind. */
  ids(name: string, kind: IdKind): readonly string[] {
    return this.list(name).map((value) => checkId(kind, value));
  }

  /** Ids, at least one. */
  requiredIds(name: string, kind: IdKind): readonly string[] {
    const ids = this.ids(name, kind);
    if (ids.length === 0) throw missing(`${this.#path}${name}`);
    return ids;
  }

  /** An IPv4 address. */
  address(name: string): Ipv4Address | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : this.#address(name, value);
  }

  /** IPv4 addresses `name.1`, `name.2`, … */
  addresses(name: string): readonly Ipv4Address[] {
    return this.list(name).map((value) => this.#address(name, value));
  }

  /** An IPv6 address in any spelling. */
  ipv6(name: string): Ipv6Address | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : this.#parsed(name, value, parseIpv6);
  }

  /** IPv6 addresses `name.1`, `name.2`, … */
  ipv6Addresses(name: string): readonly Ipv6Address[] {
    return this.list(name).map((value) => this.#parsed(name, value, parseIpv6));
  }

  /** An IPv4 network. */
  cidr(name: string): Ipv4Cidr | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : this.#parsed(name, value, parseIpv4Cidr);
  }

  /** IPv4 networks `name.1`, `name.2`, … */
  cidrs(name: string): readonly Ipv4Cidr[] {
    return this.list(name).map((value) => this.#parsed(name, value, parseIpv4Cidr));
  }

  /** An IPv6 network. */
  ipv6Cidr(name: string): Ipv6Cidr | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : this.#parsed(name, value, parseIpv6Cidr);
  }

  /** IPv6 networks `name.1`, `name.2`, … */
  ipv6Cidrs(name: string): readonly Ipv6Cidr[] {
    return this.list(name).map((value) => this.#parsed(name, value, parseIpv6Cidr));
  }

  /** The bytes behind base64. */
  base64(name: string): Uint8Array | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value))
      throw new SimFault('InvalidParameterValue', `The parameter ${this.#path}${name} is not base64`);
    return Uint8Array.from(Buffer.from(value, 'base64'));
  }

  /** The texts of `name.1`, `name.2`, … */
  list(name: string): readonly string[] {
    return numbered(this.#node.children.get(name)).flatMap(({ node }) => {
      if (node.value === undefined) return [];
      node.read = true;
      return [node.value];
    });
  }

  /** The structures `name.1.…`, `name.2.…` */
  structures(name: string): readonly Parameters[] {
    return numbered(this.#node.children.get(name)).map(
      ({ node, step }) => new Parameters(this.action, node, `${this.#path}${name}.${step}.`),
    );
  }

  /** The structure `name.…`, empty when the request has none. */
  structure(name: string): Parameters {
    return new Parameters(this.action, this.#node.children.get(name) ?? emptyNode(), `${this.#path}${name}.`);
  }

  /** Throws `UnsupportedOperation` naming a parameter that EC2 has and the simulator has not. */
  refuseUnsupported(): void {
    const name = firstOf(this.#node, (_, path) => isUnsupported(this.action, path));
    if (name !== undefined)
      throw new SimFault('UnsupportedOperation', `The simulator does not know the parameter ${name} of ${this.action}`);
  }

  /** Throws `UnknownParameter` when something was sent that no reader took. */
  finish(): void {
    const name = firstOf(this.#node, (node) => !node.read);
    if (name !== undefined) throw new SimFault('UnknownParameter', `The parameter ${name} is not recognized`);
  }

  #address(name: string, value: string): Ipv4Address {
    if (!isIpv4(value)) throw this.#invalid(name, value);
    return value;
  }

  #parsed<T>(name: string, value: string, parse: (text: string) => T): T {
    try {
      return parse(value);
    } catch {
      throw this.#invalid(name, value);
    }
  }

  #invalid(name: string, value: string): SimFault {
    return new SimFault('InvalidParameterValue', `Value (${value}) for parameter ${this.#path}${name} is invalid`);
  }
}

/** EC2's complaint about a parameter an action cannot do without. */
export function missing(name: string): SimFault {
  return new SimFault('MissingParameter', `The request must contain the parameter ${name}`);
}
