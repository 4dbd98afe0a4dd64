import { given, isObject, listAt, objectAt, optionalTextAt, textAt, wrongShape } from './parse-shape.ts';
import {
  type AddResult,
  type ResultDns,
  type ResultInterface,
  type ResultIp,
  type ResultRoute,
  ROUTE_NUMBERS,
} from './result.ts';

function parseInterface(value: unknown, path: string): ResultInterface {
  const item = objectAt(value, path);
  const { mac, mtu } = item;
  return {
    name: textAt(item['name'], `${path}.name`),
    // Upstream stores the route table id here, as text; a converted cache may hold the bare number.
    ...given('mac', typeof mac === 'number' ? String(mac) : optionalTextAt(mac, `${path}.mac`)),
    ...given('mtu', typeof mtu === 'number' && mtu > 0 ? mtu : undefined),
    ...given('sandbox', optionalTextAt(item['sandbox'], `${path}.sandbox`)),
    ...given('socketPath', optionalTextAt(item['socketPath'], `${path}.socketPath`)),
    ...given('pciID', optionalTextAt(item['pciID'], `${path}.pciID`)),
  };
}

function parseIp(value: unknown, path: string, interfaces: number): ResultIp {
  const item = objectAt(value, path);
  const index = item['interface'] ?? undefined;
  if (
    index !== undefined &&
    (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= interfaces)
  )
    wrongShape(`${path}.interface`, 'the index of an interface');
  return {
    address: textAt(item['address'], `${path}.address`),
    ...given('gateway', optionalTextAt(item['gateway'], `${path}.gateway`)),
    ...given('interface', index),
  };
}

function parseRoute(value: unknown, path: string): ResultRoute {
  const item = objectAt(value, path);
  const numbers = ROUTE_NUMBERS.flatMap((key) => {
    const value = item[key];
    return typeof value === 'number' ? [[key, value] as const] : [];
  });
  return {
    dst: textAt(item['dst'], `${path}.dst`),
    ...given('gw', optionalTextAt(item['gw'], `${path}.gw`)),
    ...Object.fromEntries(numbers),
  };
}

function parseDns(value: unknown): ResultDns | undefined {
  if (!isObject(value) || Object.keys(value).length === 0) return undefined;
  const texts = (key: string): readonly string[] | undefined =>
    value[key] === undefined ? undefined : listAt(value[key], `prevResult.dns.${key}`).map((item) => textAt(item, key));
  return {
    ...given('nameservers', texts('nameservers')),
    ...given('domain', optionalTextAt(value['domain'], 'prevResult.dns.domain')),
    ...given('search', texts('search')),
    ...given('options', texts('options')),
  };
}

/** Reads the result of an earlier ADD, ours or upstream's, of any version from 0.3.0. Throws `CNI_CONFIG`. */
export function parsePrevResult(value: unknown): AddResult {
  const result = objectAt(value, 'prevResult');
  const interfaces = listAt(result['interfaces'], 'prevResult.interfaces').map((item, index) =>
    parseInterface(item, `prevResult.interfaces[${index}]`),
  );
  const routes = listAt(result['routes'], 'prevResult.routes');
  return {
    interfaces,
    ips: listAt(result['ips'], 'prevResult.ips').map((item, index) =>
      parseIp(item, `prevResult.ips[${index}]`, interfaces.length),
    ),
    ...(routes.length === 0
      ? {}
      : { routes: routes.map((item, index) => parseRoute(item, `prevResult.routes[${index}]`)) }),
    ...given('dns', parseDns(result['dns'])),
  };
}
