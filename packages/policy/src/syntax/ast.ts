import type { SourcePosition } from "@berth/model";

/**
 * The shape of a policy text after parsing. A file is a row of blocks; a bundle holds sections of promises; promises and
 * bodies hold attributes; an attribute's right side is a value. The tree keeps the order of the text and everything that
 * evaluation needs, and nothing is evaluated yet: variables stay as text inside strings, and `name(...)` on a right side
 * is a {@link Call} whether it turns out to be a function, a body or a bundle.
 *
 * Nodes are frozen. Every node has a `kind` to switch on and a `position` that a person can open.
 */
export interface PolicyFile {
  readonly kind: "policy-file";
  readonly position: SourcePosition;
  /** Bundles, bodies and promise blocks in the order of the text. A block that could not be read is left out. */
  readonly blocks: readonly Block[];
}

/** What stands at the top of a file. */
export type Block = Bundle | Body | PromiseBlock;

/** `bundle agent name(parameter, ...) { ... }` */
export interface Bundle {
  readonly kind: "bundle";
  /** Where the word `bundle` stands. */
  readonly position: SourcePosition;
  /** `agent`, `common`, `edit_line`, ... */
  readonly bundleType: Identifier;
  readonly name: Identifier;
  /** From the nearest `body file control { namespace => "..."; }` above in the file. @default "default" as in CFEngine */
  readonly namespace: string;
  readonly parameters: readonly Identifier[];
  readonly sections: readonly Section[];
}

/** One `type:` heading and its promises. The same type may head several sections of one bundle. */
export interface Section {
  readonly kind: "section";
  readonly position: SourcePosition;
  /** `guest_environments`, `vars`, ... without the colon. */
  readonly promiseType: Identifier;
  readonly promises: readonly PolicyPromise[];
}

/** One promise: `"promiser" -> promisee attribute => value, ... ;` */
export interface PolicyPromise {
  readonly kind: "promise";
  /** Where the promiser stands. */
  readonly position: SourcePosition;
  /** The guard above it in the same section; absent means `any`. */
  readonly guard?: Guard;
  readonly promiser: StringLiteral;
  /** After `->`: a string or a list. */
  readonly promisee?: Value;
  readonly attributes: readonly Attribute[];
}

/** `body type name(parameter, ...) { attribute => value; ... }`, `body agent control` and `body file control` included. */
export interface Body {
  readonly kind: "body";
  /** Where the word `body` stands. */
  readonly position: SourcePosition;
  /** `common`, `file`, `environment_resources`, `action`, ... */
  readonly bodyType: Identifier;
  /** `control` for the control bodies. */
  readonly name: Identifier;
  /** As for {@link Bundle.namespace}. */
  readonly namespace: string;
  readonly parameters: readonly Identifier[];
  /** In the order of the text, each with its own guard. The same name may stand under different guards. */
  readonly attributes: readonly Attribute[];
}

/** `promise agent name { ... }`: declares a custom promise type. */
export interface PromiseBlock {
  readonly kind: "promise-block";
  readonly position: SourcePosition;
  readonly blockType: Identifier;
  /** The promise type that it declares. */
  readonly name: Identifier;
  readonly attributes: readonly Attribute[];
}

/** `name => value` in a promise or in a body. */
export interface Attribute {
  readonly kind: "attribute";
  /** Where the name stands. */
  readonly position: SourcePosition;
  readonly name: Identifier;
  readonly value: Value;
  /** In a body, the guard above it; absent means `any`. A promise's attributes have none: the promise has it. */
  readonly guard?: Guard;
}

/**
 * `linux.!ubuntu::` or `"$(list)"::`. Its text is a class expression; a quoted one may hold variables and is to be
 * expanded first.
 */
export interface Guard {
  readonly kind: "guard";
  readonly position: SourcePosition;
  /** Without `::` and without quotes, escapes removed. */
  readonly text: string;
  readonly quoted: boolean;
}

/** A right side, a list element or an argument. */
export type Value = StringLiteral | ListLiteral | Call | Name | VariableReference;

/** `"..."`, `'...'` or a backtick string. */
export interface StringLiteral {
  readonly kind: "string";
  /** Where the opening quote stands. */
  readonly position: SourcePosition;
  /** Escapes removed; `$(x)` and `@(x)` still in it, unexpanded. */
  readonly text: string;
  /** Exactly as written, quotes and escapes included. */
  readonly raw: string;
}

/** `{ a, b }` */
export interface ListLiteral {
  readonly kind: "list";
  readonly position: SourcePosition;
  readonly elements: readonly Value[];
}

/** `name(argument, ...)`: a function call, a body with arguments, or a bundle with arguments. */
export interface Call {
  readonly kind: "call";
  readonly position: SourcePosition;
  /** May be qualified: `namespace:name`. */
  readonly name: Identifier;
  readonly args: readonly Value[];
}

/** An unquoted word: a body's or a bundle's name (may be qualified, `namespace:name`), or a bare integer. */
export interface Name {
  readonly kind: "name";
  readonly position: SourcePosition;
  readonly text: string;
}

/** An unquoted `$(x)`, `${x}`, `@(x)` or `@{x}`. */
export interface VariableReference {
  readonly kind: "variable";
  readonly position: SourcePosition;
  /** `$` takes the value as text, `@` takes the list or container whole. */
  readonly sigil: "$" | "@";
  /** What stands between the brackets: `bundle.name[key]`. */
  readonly name: string;
  /** Exactly as written, so `$(x)` again. */
  readonly raw: string;
}

/** A word of the policy that is not a value: a type, a name, a parameter. */
export interface Identifier {
  readonly kind: "identifier";
  readonly position: SourcePosition;
  readonly text: string;
}

/** Every node of the tree. */
export type PolicyNode = PolicyFile | Block | Section | PolicyPromise | Attribute | Guard | Value | Identifier;
