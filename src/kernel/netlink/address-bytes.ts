import {
  type IpAddress,
  ipv4FromNumber,
  ipv4ToNumber,
  ipv6FromBigInt,
  ipv6ToBigInt,
  isIpv6Address,
  isMac,
  type MacAddress,
} from '../../addr/index.ts';

const HALF = 64n;

/** The four or sixteen bytes of an address, network order. */
export function addressBytes(address: IpAddress): Uint8Array {
  if (isIpv6Address(address)) {
    const value = ipv6ToBigInt(address);
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, value >> HALF, false);
    view.setBigUint64(8, BigInt.asUintN(64, value), false);
    return bytes;
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, ipv4ToNumber(address), false);
  return bytes;
}

/** The address in four or sixteen bytes; `undefined` for any other length. */
export function readIp(bytes: Uint8Array | undefined): IpAddress | undefined {
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length === 4) return ipv4FromNumber(view.getUint32(0, false));
  if (bytes.length !== 16) return undefined;
  return ipv6FromBigInt((view.getBigUint64(0, false) << HALF) | view.getBigUint64(8, false));
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
