import { type FieldType, type Message, type Spec, WIRE } from './encode-message.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LONGEST_VARINT = 10;

/** Bytes with a place in them. Throws `RangeError` where they end too early. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let index = 0; index < LONGEST_VARINT; index++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new RangeError('the message ends within a number');
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError('a number is longer than ten bytes');
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('the message ends within a field');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  bytes(): Buffer {
    return this.take(Number(this.varint()));
  }

  skip(wire: number): void {
    if (wire === WIRE.varint) this.varint();
    else if (wire === WIRE.fixed64) this.take(8);
    else if (wire === WIRE.bytes) this.bytes();
    else if (wire === WIRE.fixed32) this.take(4);
    else throw new RangeError(`a field has the wire type ${wire}`);
  }
}

const wireOf = (type: FieldType): number => (type === 'bool' || type === 'int32' ? WIRE.varint : WIRE.bytes);

function absent(type: FieldType): unknown {
  switch (type) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
      return 0;
    default:
      return [];
  }
}

function readValue(reader: Reader, type: FieldType, before: unknown): unknown {
  switch (type) {
    case 'string':
      return UTF8.decode(reader.bytes());
    case 'bool':
      return reader.varint() !== 0n;
    case 'int32':
      return Number(BigInt.asIntN(32, reader.varint()));
    case 'strings':
      return [...(before as readonly unknown[]), UTF8.decode(reader.bytes())];
    default:
      return [...(before as readonly unknown[]), parseMessage(type.repeated, reader.bytes())];
  }
}

/**
 * The message in the bytes: of a field that comes twice the last one counts, and one we do not know, or that has another
 * wire type than ours, is passed over, as proto3 asks. Throws `RangeError` or `TypeError` when the bytes are no message.
 */
export function parseMessage<S extends Spec>(spec: S, bytes: Buffer): Message<S> {
  const fields = new Map(Object.entries(spec).map(([name, [number, type]]) => [number, { name, type }]));
  const message: Record<string, unknown> = {};
  for (const { name, type } of fields.values()) message[name] = absent(type);
  for (const reader = new Reader(bytes); !reader.done; ) {
    const key = Number(reader.varint());
    const wire = key & 7;
    const field = fields.get(key >>> 3);
    if (field === undefined || wireOf(field.type) !== wire) reader.skip(wire);
    else message[field.name] = readValue(reader, field.type, message[field.name]);
  }
  return message as Message<S>;
}
