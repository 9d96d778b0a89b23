/**
 * A remote procedure is a name, a number, codecs for its arguments and one for its result: data, in the tables of
 * `domain.ts`, `network.ts`, `storage.ts` and `host.ts`. {@link bind} makes typed methods of such a table.
 */
import type { CallOptions } from "./call-options.ts";
import type { Codec, Value } from "./codec.ts";

/** One entry of a procedure table. The numbers are those of libvirt's `remote_protocol.x`. */
export interface Procedure<Args extends readonly unknown[], Result> {
  /** `REMOTE_PROC_` name, for messages. */
  readonly name: string;
  readonly number: number;
  readonly args: { readonly [Index in keyof Args]: Codec<Args[Index]> };
  readonly result: Codec<Result>;
}

/** Any procedure, where only its shape matters. */
export type AnyProcedure = Procedure<readonly unknown[], unknown>;

/** Describes a procedure; argument and result types are inferred from the codecs. */
export function procedure<const Codecs extends readonly Codec<unknown>[], Result>(
  name: string,
  number: number,
  args: Codecs,
  result: Codec<Result>,
): Procedure<{ -readonly [Index in keyof Codecs]: Value<Codecs[Index]> }, Result> {
  return { name, number, args: args as never, result };
}

/** Trailing arguments which may be `undefined` may be left out. */
type OptionalTail<Args extends readonly unknown[]> = Args extends readonly [...infer Init, infer Last]
  ? undefined extends Last
    ? [...OptionalTail<Init>, Last?]
    : [...Args]
  : [];

/** The method of a procedure: its arguments, then the options of the call. */
export type Method<P> =
  P extends Procedure<infer Args, infer Result>
    ? (...args: [...OptionalTail<Args>, options?: CallOptions]) => Promise<Result>
    : never;

/** One method for each procedure of a table. */
export type Methods<Table> = { readonly [Name in keyof Table]: Method<Table[Name]> };

/** Whoever can carry out a call. */
export interface Caller {
  call<Args extends readonly unknown[], Result>(
    procedure: Procedure<Args, Result>,
    args: Args,
    options?: CallOptions,
  ): Promise<Result>;
}

/** The methods of a table, carried out by `caller`. */
export function bind<Table extends Readonly<Record<string, AnyProcedure>>>(
  caller: Caller,
  table: Table,
): Methods<Table> {
  const methods = Object.entries(table).map(([name, entry]) => {
    const count = entry.args.length;
    const method = (...given: unknown[]) => {
      const args = Array.from({ length: count }, (_, index) => given[index]);
      return caller.call(entry, args, given[count] as CallOptions | undefined);
    };
    return [name, method];
  });
  return Object.fromEntries(methods) as Methods<Table>;
}
