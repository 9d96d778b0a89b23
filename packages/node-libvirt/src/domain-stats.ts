/** Bulk statistics: libvirt sends a list of named values for each domain; the ones every pass needs get types. */
import { type Codec, mapped, struct, text } from "./codec.ts";
import { type DomainStateReason, domainStateReason } from "./domain-state.ts";
import { clientError } from "./errors.ts";
import { type Domain, domainHandle } from "./handle.ts";
import type { XdrReader, XdrWriter } from "./xdr.ts";

/** A value of libvirt's typed parameters. Whole numbers above 2^53 are the nearest double. */
export type TypedValue = number | boolean | string;

/** What libvirt said of one domain. A group that was not asked for, or that the driver does not know, is missing. */
export interface DomainStats {
  readonly domain: Domain;
  readonly state?: DomainStateReason;
  /** Virtual processors: of a running domain as it runs, else as configured. */
  readonly vcpu?: { readonly current: number; readonly maximum: number };
  readonly balloon?: { readonly currentKib: number; readonly maximumKib: number };
  /** All values under libvirt's own names, such as `cpu.time`. */
  readonly params: ReadonlyMap<string, TypedValue>;
}

/** VIR_TYPED_PARAM_ */
const kind = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const;

const typedValue: Codec<TypedValue> = {
  bytesMinimum: 8,
  encode: encodeTypedValue,
  decode: decodeTypedValue,
};

function encodeTypedValue(writer: XdrWriter, value: TypedValue): void {
  if (typeof value === "string") {
    writer.uint32(kind.string);
    text.encode(writer, value);
  } else if (typeof value === "boolean") {
    writer.uint32(kind.boolean);
    writer.int32(value ? 1 : 0);
  } else if (Number.isSafeInteger(value)) {
    writer.uint32(value < 0 ? kind.llong : kind.ullong);
    writer.int64(value);
  } else {
    writer.uint32(kind.double);
    writer.float64(value);
  }
}

function decodeTypedValue(reader: XdrReader): TypedValue {
  const type = reader.uint32();
  switch (type) {
    case kind.int:
      return reader.int32();
    case kind.uint:
      return reader.uint32();
    case kind.llong:
      return reader.int64();
    case kind.ullong:
      return reader.uint64();
    case kind.double:
      return reader.float64();
    case kind.boolean:
      return reader.int32() !== 0;
    case kind.string:
      return text.decode(reader);
    default:
      throw clientError("DECODE", `libvirt's answer cannot be read: there is no parameter type ${type}`);
  }
}

/** REMOTE_CONNECT_GET_ALL_DOMAIN_STATS_MAX */
const paramsMaximum = 262_144;

/** A list of names and values. Written out, for a pass over 1000 domains reads 8000 of them. */
const typedParams: Codec<ReadonlyMap<string, TypedValue>> = {
  bytesMinimum: 4,
  encode: (writer, params) => {
    writer.uint32(params.size);
    for (const [name, value] of params) {
      text.encode(writer, name);
      typedValue.encode(writer, value);
    }
  },
  decode: (reader) => {
    const params = new Map<string, TypedValue>();
    for (let left = reader.count(paramsMaximum, text.bytesMinimum + typedValue.bytesMinimum); left > 0; left--) {
      params.set(text.decode(reader), typedValue.decode(reader));
    }
    return params;
  },
};

/** remote_domain_stats_record */
export const domainStats: Codec<DomainStats> = mapped(
  struct({ domain: domainHandle, params: typedParams }),
  ({ domain, params }) => ({ domain, params }),
  ({ domain, params }) => groupStats(domain, params),
);

function groupStats(domain: Domain, params: ReadonlyMap<string, TypedValue>): DomainStats {
  const state = numberOf(params, "state.state");
  const current = numberOf(params, "vcpu.current");
  const maximum = numberOf(params, "vcpu.maximum");
  const currentKib = numberOf(params, "balloon.current");
  const maximumKib = numberOf(params, "balloon.maximum");
  return {
    domain,
    ...(state === undefined ? {} : { state: domainStateReason(state, numberOf(params, "state.reason") ?? 0) }),
    ...(current === undefined || maximum === undefined ? {} : { vcpu: { current, maximum } }),
    ...(currentKib === undefined || maximumKib === undefined ? {} : { balloon: { currentKib, maximumKib } }),
    params,
  };
}

function numberOf(params: ReadonlyMap<string, TypedValue>, name: string): number | undefined {
  const value = params.get(name);
  return typeof value === "number" ? value : undefined;
}
