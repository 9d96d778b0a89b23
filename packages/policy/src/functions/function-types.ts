import type { SourcePosition } from "@berth/model";
import type { PolicyType, PolicyValue } from "../evaluate/policy-value.ts";
import type { PolicyWorld } from "../evaluate/policy-world.ts";
import type { ArrayElement } from "../evaluate/variable-table.ts";
import type { HostFacts } from "../hard-classes/host-facts.ts";
import type { Value } from "../syntax/ast.ts";

/**
 * What a parameter takes. `list`: a list or container, by value, by name or as inline JSON. `name`: the name of a
 * variable. `class`: a class expression. `lazy`: a text that the function itself expands for each item.
 */
export type ParameterType = "string" | "int" | "real" | "list" | "name" | "class" | "path" | "regex" | "lazy";

/** One parameter of a function. */
export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  /** The only words that it takes. */
  readonly options?: readonly string[];
}

/** An argument after evaluation. */
export interface Argument {
  /** Text of a scalar; empty for lists and containers. */
  readonly text: string;
  readonly value: PolicyValue;
  readonly position: SourcePosition;
  /** As it stands in the policy, for `lazy` parameters. */
  readonly source: Value;
}

/** What functions may see and do: the narrow side of an evaluation. */
export interface FunctionContext {
  readonly facts: HostFacts;
  readonly world: PolicyWorld;
  readonly allowCommands: boolean;
  /** Whether a class expression holds; a text that is none does not hold and is reported. */
  holds(expression: string, position: SourcePosition): boolean;
  /** Every class that holds here. */
  classNames(): readonly string[];
  /** The value of a variable by name, as used in the calling bundle. */
  variable(name: string): PolicyValue | undefined;
  /** The elements of an array by name. */
  arrayElements(name: string): readonly ArrayElement[];
  /** The names of all variables, qualified. */
  variableNames(): readonly string[];
  /** The names of all bundles, qualified. */
  bundleNames(): readonly string[];
  /** Expands a `lazy` argument, with `$(this)` as the item where there is one; `undefined` where it gives nothing. */
  expandLazily(source: Value, item: string | undefined): string | undefined;
  /** Counts the steps of pattern matching against what the whole evaluation may cost. */
  spend(patternSteps: number): void;
  /** Reports why the function gives nothing. */
  fail(code: string, message: string, position: SourcePosition, severity?: "error" | "warning"): void;
}

/** `true`/`false` from functions that answer a question; `undefined` where there is no result (yet). */
export type FunctionResult = PolicyValue | boolean | undefined;

/** One row of the table of functions. */
export interface PolicyFunction {
  readonly parameters: readonly Parameter[];
  /** How many of the parameters may be left out, from the end. @default 0 */
  readonly optional?: number;
  /** The last parameter may be repeated. @default false */
  readonly variadic?: boolean;
  /** `class` stands for an answer, usable as a class expression. `any`: as the arguments are. */
  readonly returns: PolicyType | "class" | "any";
  /** Called although an argument still holds an unknown variable. @default false: the call waits, as in CFEngine */
  readonly takesUnresolved?: boolean;
  apply(args: readonly Argument[], context: FunctionContext, position: SourcePosition): FunctionResult;
}

/** Functions of one kind, by name. */
export type FunctionFamily = Readonly<Record<string, PolicyFunction>>;

/** Shorthand for tables of functions. */
export function parameter(name: string, type: ParameterType = "string", options?: readonly string[]): Parameter {
  return options === undefined ? { name, type } : { name, type, options };
}

/** The text of the argument at an index; empty where it was left out. */
export function textAt(args: readonly Argument[], index: number): string {
  return args[index]?.text ?? "";
}
