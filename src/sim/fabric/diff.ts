import type { Ipv4Address } from '../../addr/index.ts';
import type { Port, Ports } from './port.ts';

/** One change of the fabric. */
export type PortStep =
  | { readonly kind: 'unplug'; readonly port: Port }
  | { readonly kind: 'forget-address'; readonly port: Port; readonly address: Ipv4Address }
  | { readonly kind: 'plug'; readonly port: Port }
  | { readonly kind: 'learn-address'; readonly port: Port; readonly address: Ipv4Address };

const sameLink = (a: Port, b: Port | undefined): boolean =>
  b !== undefined && a.netns === b.netns && a.ifName === b.ifName && a.mac === b.mac;

/**
 * The steps between two states of the fabric; a whole burst of events is one diff, so what was attached and detached
 * within it costs nothing. Removals come first: an address that moves is never delivered to both its ENIs.
 */
export function diffPorts(before: Ports, after: Ports): readonly PortStep[] {
  const removed: PortStep[] = [];
  const added: PortStep[] = [];
  for (const port of before.values()) {
    const next = after.get(port.eniId);
    if (next === undefined || !sameLink(port, next)) removed.push({ kind: 'unplug', port });
    else
      for (const address of port.addresses)
        if (!next.addresses.includes(address)) removed.push({ kind: 'forget-address', port, address });
  }
  for (const port of after.values()) {
    const previous = before.get(port.eniId);
    const plugged = previous !== undefined && sameLink(previous, port);
    if (!plugged) added.push({ kind: 'plug', port });
    for (const address of port.addresses)
      if (!plugged || !previous.addresses.includes(address)) added.push({ kind: 'learn-address', port, address });
  }
  return [...removed, ...added];
}
