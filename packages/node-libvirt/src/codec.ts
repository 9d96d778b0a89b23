/**
 * Small codecs that are put together to describe a message once, for both directions and for the compiler: the types
 * of every procedure's arguments and result follow from them.
 */
import { clientError } from "./errors.ts";
import type { XdrReader, XdrWriter } from "./xdr.ts";

/** How one value goes onto the wire and comes back. */
export interface Codec<T> {
  /** The fewest bytes any value takes, which bounds how many of them a frame can hold. */
  readonly bytesMinimum: number;
  encode(writer: XdrWriter, value: T): void;
  decode(reader: XdrReader): T;
}

/** The value that a codec carries. */
export type Value<C> = C extends Codec<infer T> ? T : never;

/** XDR `int`. */
export const int32: Codec<number> = {
  bytesMinimum: 4,
  encode: (writer, value) => writer.int32(value),
  decode: (reader) => reader.int32(),
};

/** XDR `unsigned int`. */
export const uint32: Codec<number> = {
  bytesMinimum: 4,
  encode: (writer, value) => writer.uint32(value),
  decode: (reader) => reader.uint32(),
};

/** Sizes, times and versions. Above 2^53 the nearest double. */
export const uint64: Codec<number> = {
  bytesMinimum: 8,
  encode: (writer, value) => writer.uint64(value),
  decode: (reader) => reader.uint64(),
};

/** An answer that libvirt sends as an `int`: 0 is no, anything else yes. */
export const truth: Codec<boolean> = {
  bytesMinimum: 4,
  encode: (writer, value) => writer.int32(value ? 1 : 0),
  decode: (reader) => reader.int32() !== 0,
};

/** A procedure without result. */
export const nothing: Codec<void> = { bytesMinimum: 0, encode: () => {}, decode: () => {} };

/** REMOTE_STRING_MAX */
const textBytesMaximum = 4 << 20;

/** A text which is always there, at most 4 MiB of UTF-8. */
export const text: Codec<string> = {
  bytesMinimum: 4,
  encode: (writer, value) => writer.string(value, textBytesMaximum),
  decode: (reader) => reader.string(textBytesMaximum),
};

/** 16 bytes, written as libvirt writes them: lower-case hexadecimal with dashes. */
export const uuid: Codec<string> = {
  bytesMinimum: 16,
  encode: (writer, value) => writer.fixedHex(value.replaceAll("-", ""), 16),
  decode: (reader) => {
    const hex = reader.fixedHex(16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
};

/** `char name[length]` of C: one unit for each character, ended by a zero where it is shorter. */
export function characters(length: number): Codec<string> {
  return {
    bytesMinimum: 4 * length,
    encode: (writer, value) => {
      for (let index = 0; index < length; index++) writer.int32(value.charCodeAt(index) || 0);
    },
    decode: (reader) => {
      const codes = Array.from({ length }, () => reader.int32() & 0xff);
      const end = codes.indexOf(0);
      return String.fromCharCode(...(end < 0 ? codes : codes.slice(0, end)));
    },
  };
}

/** A value which may be missing; `undefined` is taken for null. */
export function nullable<T>(item: Codec<T>): Codec<T | null | undefined> {
  return {
    bytesMinimum: 4,
    encode: (writer, value) => {
      writer.bool(value !== null && value !== undefined);
      if (value !== null && value !== undefined) item.encode(writer, value);
    },
    decode: (reader) => (reader.bool() ? item.decode(reader) : null),
  };
}

/** As many items as the protocol allows at most. */
export function array<T>(item: Codec<T>, itemsMaximum: number): Codec<readonly T[]> {
  return {
    bytesMinimum: 4,
    encode: (writer, values) => {
      if (values.length > itemsMaximum) {
        throw clientError(
          "ENCODE",
          `a list of ${values.length} items is longer than the ${itemsMaximum} libvirt takes`,
        );
      }
      writer.uint32(values.length);
      for (const value of values) item.encode(writer, value);
    },
    decode: (reader) => {
      const values: T[] = [];
      for (let left = reader.count(itemsMaximum, item.bytesMinimum); left > 0; left--) values.push(item.decode(reader));
      return values;
    },
  };
}

/** Fields one after the other, in the order of their names here. */
export function struct<Fields extends Readonly<Record<string, Codec<unknown>>>>(
  fields: Fields,
): Codec<{ readonly [Name in keyof Fields]: Value<Fields[Name]> }> {
  type Struct = { readonly [Name in keyof Fields]: Value<Fields[Name]> };
  // The mapped type above says for each name what this list cannot: which value belongs to which codec.
  const entries = Object.entries(fields) as [string, Codec<unknown>][];
  return {
    bytesMinimum: entries.reduce((sum, [, codec]) => sum + codec.bytesMinimum, 0),
    encode: (writer, value: Struct) => {
      for (const [name, codec] of entries) codec.encode(writer, value[name]);
    },
    decode: (reader) => {
      const value: Record<string, unknown> = {};
      for (const [name, codec] of entries) value[name] = codec.decode(reader);
      return value as Struct;
    },
  };
}

/** The same bytes seen as another type. */
export function mapped<Wire, T>(wire: Codec<Wire>, toWire: (value: T) => Wire, fromWire: (wire: Wire) => T): Codec<T> {
  return {
    bytesMinimum: wire.bytesMinimum,
    encode: (writer, value) => wire.encode(writer, toWire(value)),
    decode: (reader) => fromWire(wire.decode(reader)),
  };
}

/** Options of a call by name. What is left out is false. */
export type Flags<Name extends string> = { readonly [N in Name]?: boolean | undefined };

/** Options by name, sent as the bits of one number. */
export function flags<Name extends string>(bits: Readonly<Record<Name, number>>): Codec<Flags<Name> | undefined> {
  const names = Object.keys(bits) as Name[];
  const toWire = (chosen: Flags<Name> | undefined) => {
    let wire = 0;
    for (const name of Object.keys(chosen ?? {})) {
      if (!Object.hasOwn(bits, name)) throw new TypeError(`there is no flag ${name}; known are ${names.join(", ")}`);
    }
    for (const name of names) if (chosen?.[name] === true) wire |= bits[name];
    return wire >>> 0;
  };
  const fromWire = (wire: number) =>
    Object.fromEntries(names.filter((name) => wire & bits[name]).map((name) => [name, true])) as Flags<Name>;
  return mapped(uint32, toWire, fromWire);
}

/** The bit that `1 << index` of libvirt's headers names; also right for bit 31. */
export function bit(index: number): number {
  return 2 ** index;
}

/** A number with names, from 0 on. A number newer than the list reads as `unknown`. */
export function enumeration<Name extends string>(names: readonly Name[], unknown: NoInfer<Name>): Codec<Name> {
  const toWire = (name: Name) => {
    const number = names.indexOf(name);
    if (number < 0) throw new TypeError(`${JSON.stringify(name)} is none of ${names.join(", ")}`);
    return number;
  };
  return mapped(int32, toWire, (number) => names[number] ?? unknown);
}

/** Decodes a value that must fill the payload. @throws LibvirtError `DECODE` */
export function decodeWhole<T>(codec: Codec<T>, reader: XdrReader): T {
  const value = codec.decode(reader);
  reader.end();
  return value;
}
