import type { Diagnostic } from "@berth/model";

/** A place where Berth and cf-promises 3.21 disagree on purpose. The README of this package lists them by these titles. */
export interface Difference {
  readonly title: string;
  readonly acceptedBy: "cf-promises" | "berth";
  /**
   * Whether a disagreement is of this kind.
   * @param errors what Berth says, empty where Berth accepts
   * @param output what cf-promises printed
   */
  explains(errors: readonly Diagnostic[], output: string, policy: string): boolean;
}

function onlyOurs(title: string, codes: readonly string[]): Difference {
  return { title, acceptedBy: "cf-promises", explains: (errors) => errors.some(({ code }) => codes.includes(code)) };
}

function onlyTheirs(title: string, message: RegExp, policyHolds = /(?:)/): Difference {
  return {
    title,
    acceptedBy: "berth",
    explains: (_, output, policy) => message.test(output) && policyHolds.test(policy),
  };
}

export const differences: readonly Difference[] = [
  onlyOurs("A promise type or body type that does not exist is an error", [
    "POLICY_UNKNOWN_PROMISE_TYPE",
    "POLICY_UNKNOWN_BODY_TYPE",
  ]),
  onlyOurs("An empty promiser is an error", ["POLICY_EMPTY_PROMISER"]),
  onlyOurs("An attribute given twice in a promise, or twice under one guard of a body, is an error", [
    "POLICY_DUPLICATE_ATTRIBUTE",
  ]),
  onlyOurs("A bundle or body that is used must exist, and must get as many arguments as it takes", [
    "POLICY_UNDEFINED_BUNDLE",
    "POLICY_UNDEFINED_BODY",
    "POLICY_WRONG_ARGUMENT_COUNT",
  ]),
  onlyOurs("A class expression is read to its end", [
    "CLASS_EXPRESSION_EXTRA_PARENTHESIS",
    "CLASS_EXPRESSION_MISSING_OPERATOR",
    "CLASS_EXPRESSION_MISSING_NAME",
    "CLASS_EXPRESSION_BAD_CHARACTER",
    "CLASS_EXPRESSION_UNCLOSED_PARENTHESIS",
    "CLASS_EXPRESSION_DOUBLE_AND",
    "CLASS_EXPRESSION_DOUBLE_NOT",
  ]),
  onlyOurs("A quoted guard without variables must be a class expression, so it is not empty", [
    "CLASS_EXPRESSION_EMPTY",
  ]),
  {
    title: "A guard ends with two colons, not with three or more",
    acceptedBy: "cf-promises",
    explains: (_errors, _output, policy) => /:::|: ?::/.test(policy),
  },
  onlyOurs("A block is not named with its namespace; body file control gives it", ["POLICY_QUALIFIED_NAME"]),
  onlyOurs("The words bundle, body and promise name nothing", ["POLICY_RESERVED_WORD"]),
  onlyOurs("An @if has one @else", ["POLICY_MACRO_SECOND_ELSE"]),
  onlyOurs("A file that holds NUL characters is no policy", ["POLICY_NOT_TEXT"]),
  onlyOurs("What CFEngine ignores is an error: variables that cannot be, numbers that are none, broken JSON", [
    "POLICY_INVALID_VARIABLE_NAME",
    "POLICY_INVALID_JSON",
    "POLICY_TYPE_MISMATCH",
    "POLICY_VARIABLE_CIRCLE",
    "POLICY_UNRESOLVED_VARIABLE",
  ]),
  {
    title: "A guest promise is checked whole: its host, its type, its values after expansion",
    acceptedBy: "cf-promises",
    explains: (errors) => errors.some(({ code }) => code.startsWith("GUEST_")),
  },
  onlyTheirs("A promise type and a guard may share a line", /syntax error/, /^[ \t]*\w+:[ \t]+[\w.|&!()]+[ \t]*::/m),
  onlyTheirs(
    "Blanks may stand around a class expression, its operators and its parentheses",
    /Syntax error in context string|Context string is invalid/,
    /^ *[^"'\n]*(?:[!(|.&] |[ ][)|.&])[^"'\n]*::|=> [^;]*["'](?: [^"'\n]*|[^"'\n]* )["']/m,
  ),
  onlyTheirs(
    "env_spec_file, the old name of env_spec, is accepted with a warning",
    /Unknown attribute 'env_spec_file'/,
  ),
  onlyTheirs("environment_host may be a class expression", /Scalar value is out of range/, /environment_host/),
  onlyTheirs(
    "A value that holds a variable is judged by what it comes to",
    /Selection is out of bounds|out of range/,
    /=> *["'`][^"'`]*\$[({]/,
  ),
  onlyTheirs(
    "Values of attributes that Berth has no use for are not checked",
    /Selection is out of bounds|out of range|Syntax error in context string/,
    /^ *(?:files|commands|processes|packages):/m,
  ),
];
