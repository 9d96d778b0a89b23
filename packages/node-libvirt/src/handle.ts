/**
 * Handles: how libvirt names its objects on the wire. They are plain data, hold nothing open, and stay meaningful
 * after a reconnect.
 */
import {
  array,
  type Codec,
  type Flags,
  flags,
  int32,
  mapped,
  nullable,
  struct,
  text,
  uint32,
  uuid,
  type Value,
} from "./codec.ts";

/** REMOTE_DOMAIN_LIST_MAX, and the same number for networks, pools and volumes. */
export const listMaximum = 16_384;

/** remote_nonnull_domain */
export const domainHandle = struct({ name: text, uuid, id: int32 });
/** remote_nonnull_network */
export const networkHandle = struct({ name: text, uuid });
/** remote_nonnull_storage_pool */
export const poolHandle = struct({ name: text, uuid });
/** remote_nonnull_storage_vol */
export const volumeHandle = struct({ pool: text, name: text, key: text });

/** A domain. `uuid` is lower-case with dashes; `id` is -1 while it is not active. */
export type Domain = Value<typeof domainHandle>;
/** A virtual network. */
export type Network = Value<typeof networkHandle>;
/** A storage pool. */
export type StoragePool = Value<typeof poolHandle>;
/** A volume: the name of its pool, its name there, and its key, for files the path. */
export type StorageVolume = Value<typeof volumeHandle>;

/** remote_domain */
export const nullableDomain = nullable(domainHandle);
/** remote_network */
export const nullableNetwork = nullable(networkHandle);

/** Arguments of a list call: that the items are wanted and not only their number, then the filter. */
export function listFilter<Name extends string>(bits: Readonly<Record<Name, number>>): Codec<Flags<Name> | undefined> {
  const wire = struct({ needResults: int32, filter: flags(bits) });
  return mapped(
    wire,
    (filter) => ({ needResults: 1, filter }),
    ({ filter }) => filter,
  );
}

/** Result of a list call: the items, then their number once more. */
export function listed<T>(item: Codec<T>): Codec<readonly T[]> {
  const wire = struct({ items: array(item, listMaximum), count: uint32 });
  return mapped(
    wire,
    (items) => ({ items, count: items.length }),
    ({ items }) => items,
  );
}

/** An argument followed by a flags word which libvirt keeps for later: always zero. */
export function withoutFlags<T>(codec: Codec<T>): Codec<T> {
  const wire = struct({ value: codec, flags: uint32 });
  return mapped(
    wire,
    (value) => ({ value, flags: 0 }) as Value<typeof wire>,
    ({ value }) => value as T,
  );
}
