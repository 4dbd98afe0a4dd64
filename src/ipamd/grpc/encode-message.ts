/**
 * The part of proto3's wire format that the interface needs: strings, booleans, 32-bit integers, lists of strings and of
 * messages (protobuf.dev, "Encoding").
 */

/** What stands in a field. */
export type FieldType = 'string' | 'bool' | 'int32' | 'strings' | { readonly repeated: Spec };

/** A message: its fields by name, each with its number. */
export type Spec = { readonly [name: string]: readonly [number: number, type: FieldType] };

type ValueOf<T extends FieldType> = T extends 'string'
  ? string
  : T extends 'bool'
    ? boolean
    : T extends 'int32'
      ? number
      : T extends 'strings'
        ? readonly string[]
        : T extends { readonly repeated: infer S extends Spec }
          ? readonly Message<S>[]
          : never;

/** The value of a message: every field is there, and one that was not sent has the value proto3 gives it. */
export type Message<S extends Spec> = { readonly [K in keyof S]: ValueOf<S[K][1]> };

/** How the bytes of a field are laid out. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    if (rest < 0x80n) return Buffer.from([...bytes, low]);
    bytes.push(low | 0x80);
  }
}

const tag = (number: number, wire: number): Buffer => varint(BigInt((number << 3) | wire));

function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([tag(number, WIRE.bytes), varint(BigInt(bytes.length)), bytes]);
}

function encodeValue(number: number, type: FieldType, value: unknown): readonly Buffer[] {
  // An element of a list is written even when it is empty, a field of its own is not.
  if (Array.isArray(value))
    return value.map((item) =>
      bytesField(number, typeof type === 'object' ? encodeMessage(type.repeated, item) : Buffer.from(String(item))),
    );
  if (value === '' || value === false || value === 0 || value === undefined) return [];
  if (typeof value === 'string') return [bytesField(number, Buffer.from(value))];
  // A negative int32 goes out as the 64-bit number it is: ten bytes.
  if (typeof value === 'number') return [tag(number, WIRE.varint), varint(BigInt.asUintN(64, BigInt(value)))];
  return [tag(number, WIRE.varint), varint(1n)];
}

/** The bytes of a message, fields in order of their numbers. */
export function encodeMessage<S extends Spec>(spec: S, message: Message<S>): Buffer {
  const fields = Object.entries(spec).sort(([, [a]], [, [b]]) => a - b);
  return Buffer.concat(fields.flatMap(([name, [number, type]]) => encodeValue(number, type, message[name])));
}
