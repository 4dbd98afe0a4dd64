import { type Ipv4Address, ipv4FromNumber, ipv4ToNumber, isMac, type MacAddress } from '../../addr/index.ts';

/** The four bytes of an address, network order. */
export function ipv4Bytes(address: Ipv4Address): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, ipv4ToNumber(address), false);
  return bytes;
}

/** The address in four bytes; `undefined` for any other length. */
export function readIpv4(bytes: Uint8Array | undefined): Ipv4Address | undefined {
  if (bytes?.length !== 4) return undefined;
  return ipv4FromNumber(new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, false));
}

/** The six bytes of a MAC. */
export function macBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16));
}

/** The MAC in six bytes; `undefined` for any other length (tunnels have four or sixteen). */
export function readMac(bytes: Uint8Array | undefined): MacAddress | undefined {
  if (bytes?.length !== 6) return undefined;
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':');
  return isMac(text) ? text : undefined;
}
