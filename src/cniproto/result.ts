import { given } from './parse-shape.ts';
import { atLeast, type CniVersion } from './versions.ts';

/** An interface of an attachment: without a sandbox it is on the host. */
export interface ResultInterface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly sandbox?: string;
  /** Of other plugins: handed on. */
  readonly socketPath?: string;
  readonly pciID?: string;
}

/** An address of an attachment, as CIDR text; `interface` is its place in the list of interfaces. */
export interface ResultIp {
  readonly address: string;
  readonly gateway?: string;
  readonly interface?: number;
}

/** What a route has besides its ends since 1.1.0: handed on. */
export const ROUTE_NUMBERS = ['mtu', 'advmss', 'priority', 'table', 'scope'] as const;

/** A route inside the sandbox. */
export interface ResultRoute extends Readonly<Partial<Record<(typeof ROUTE_NUMBERS)[number], number>>> {
  readonly dst: string;
  readonly gw?: string;
}

/** Name service for the pod; we never set it, but pass on what a chain said. */
export interface ResultDns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/** What an ADD achieved, before it takes the shape of a CNI version. */
export interface AddResult {
  readonly interfaces: readonly ResultInterface[];
  readonly ips: readonly ResultIp[];
  readonly routes?: readonly ResultRoute[];
  readonly dns?: ResultDns;
}

/** The result of a plugin that is not the first of its chain: what came before it, then its own. */
export function appendResult(previous: AddResult, own: AddResult): AddResult {
  const from = previous.interfaces.length;
  const moved = own.ips.map((ip) => ({
    ...ip,
    ...given('interface', ip.interface === undefined ? undefined : from + ip.interface),
  }));
  return {
    ...previous,
    interfaces: [...previous.interfaces, ...own.interfaces],
    ips: [...previous.ips, ...moved],
    ...given('routes', own.routes === undefined ? previous.routes : [...(previous.routes ?? []), ...own.routes]),
  };
}

/**
 * The result as JSON of one CNI version. Before 1.0.0 each address tells its family and `dns` is always there (Go's
 * encoder of those versions writes it, and readers came to expect it); what 1.1.0 added to interfaces and routes, the
 * MTU for one, earlier versions do not have.
 */
export function renderResult(result: AddResult, cniVersion: CniVersion): Readonly<Record<string, unknown>> {
  const legacy = !atLeast(cniVersion, '1.0.0');
  const newest = atLeast(cniVersion, '1.1.0');
  const interfaces = result.interfaces.map(({ name, mac, mtu, sandbox, socketPath, pciID }) => ({
    name,
    ...given('mac', mac),
    ...given('mtu', newest ? mtu : undefined),
    ...given('sandbox', sandbox),
    ...(newest ? { ...given('socketPath', socketPath), ...given('pciID', pciID) } : {}),
  }));
  const ips = result.ips.map((ip) => ({
    ...(legacy ? { version: ip.address.includes(':') ? '6' : '4' } : {}),
    ...given('interface', ip.interface),
    address: ip.address,
    ...given('gateway', ip.gateway),
  }));
  const routes = result.routes?.map(({ dst, gw, ...more }) => ({ dst, ...given('gw', gw), ...(newest ? more : {}) }));
  return {
    cniVersion,
    interfaces,
    ips,
    ...(routes === undefined || routes.length === 0 ? {} : { routes }),
    ...given('dns', result.dns ?? (legacy ? {} : undefined)),
  };
}
