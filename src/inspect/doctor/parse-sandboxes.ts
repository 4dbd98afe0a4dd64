/** A pod as its runtime knows it. */
export interface Sandbox {
  readonly id: string;
  /** `NAMESPACE/NAME`. */
  readonly name: string;
  readonly ready: boolean;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

interface Field {
  readonly number: number;
  /** A number, or the bytes of a text or a message. */
  readonly value: number | Buffer;
}

/** The fields of a message in proto3's wire format, in their order. Throws `RangeError` when the bytes are none. */
function fieldsOf(bytes: Buffer): readonly Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('the message ends within a number');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError('the message ends within a field');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = varint();
    const [number, wire] = [Math.floor(key / 8), key % 8];
    if (wire === VARINT) fields.push({ number, value: varint() });
    else if (wire === BYTES) fields.push({ number, value: take(varint()) });
    else if (wire === FIXED64) take(8);
    else if (wire === FIXED32) take(4);
    else throw new RangeError(`a field has the wire type ${wire}`);
  }
  return fields;
}

const bytesIn = (fields: readonly Field[], number: number): readonly Buffer[] =>
  fields.flatMap((field) => (field.number === number && typeof field.value !== 'number' ? [field.value] : []));
const textIn = (fields: readonly Field[], number: number): string => bytesIn(fields, number).at(-1)?.toString() ?? '';
const numberIn = (fields: readonly Field[], number: number): number =>
  fields.flatMap((field) => (field.number === number && typeof field.value === 'number' ? [field.value] : [])).at(-1) ??
  0;

/** `runtime.v1.ListPodSandboxResponse`: items 1; of each id 1, metadata 2 (name 1, namespace 3), state 3 (0 is ready). */
export function parseSandboxes(reply: Buffer): readonly Sandbox[] {
  return bytesIn(fieldsOf(reply), 1).map((bytes) => {
    const item = fieldsOf(bytes);
    const metadata = fieldsOf(bytesIn(item, 2).at(-1) ?? Buffer.alloc(0));
    return {
      id: textIn(item, 1),
      name: `${textIn(metadata, 3)}/${textIn(metadata, 1)}`,
      ready: numberIn(item, 3) === 0,
    };
  });
}

/** The address in `runtime.v1.PodSandboxStatusResponse`: status 1, network 5, ip 1; empty on the network of the host. */
export function parseSandboxAddress(reply: Buffer): string {
  const status = fieldsOf(bytesIn(fieldsOf(reply), 1).at(-1) ?? Buffer.alloc(0));
  return textIn(fieldsOf(bytesIn(status, 5).at(-1) ?? Buffer.alloc(0)), 1);
}

/** `runtime.v1.PodSandboxStatusRequest` for a sandbox: pod_sandbox_id 1. Ids are shorter than 128 bytes. */
export function sandboxRequest(id: string): Buffer {
  const text = Buffer.from(id);
  return Buffer.concat([Buffer.from([(1 << 3) | BYTES, text.length]), text]);
}
