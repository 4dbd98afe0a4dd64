import { given } from './parse-shape.ts';
import { atLeast, type CniVersion } from './versions.ts';

/** An interface of an attachment: without a sandbox it is on the host. */
export interface ResultInterface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly sandbox?: string;
}

/** An address of an attachment, as CIDR text; `interface` is its place in the list of interfaces. */
export interface ResultIp {
  readonly address: string;
  readonly gateway?: string;
  readonly interface?: number;
}

/** A route inside the sandbox. */
export interface ResultRoute {
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

/**
 * The result as JSON of one CNI version. Before 1.0.0 each address tells its family and `dns` is always there (Go's
 * encoder of those versions writes it, and readers came to expect it); the MTU of an interface came with 1.1.0.
 */
export function renderResult(result: AddResult, cniVersion: CniVersion): Readonly<Record<string, unknown>> {
  const legacy = !atLeast(cniVersion, '1.0.0');
  const interfaces = result.interfaces.map(({ name, mac, mtu, sandbox }) => ({
    name,
    ...given('mac', mac),
    ...given('mtu', atLeast(cniVersion, '1.1.0') ? mtu : undefined),
    ...given('sandbox', sandbox),
  }));
  const ips = result.ips.map((ip) => ({
    ...(legacy ? { version: ip.address.includes(':') ? '6' : '4' } : {}),
    ...given('interface', ip.interface),
    address: ip.address,
    ...given('gateway', ip.gateway),
  }));
  const routes = result.routes?.map(({ dst, gw }) => ({ dst, ...given('gw', gw) }));
  return {
    cniVersion,
    interfaces,
    ips,
    ...(routes === undefined || routes.length === 0 ? {} : { routes }),
    ...given('dns', result.dns ?? (legacy ? {} : undefined)),
  };
}
