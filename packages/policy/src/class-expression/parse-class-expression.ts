/**
 * Text to class expression, by recursive descent over characters: or, and, not, then a name or parentheses. The first error
 * ends it, with a reason that names the remedy. Blanks and tabs may stand around every operator and parenthesis.
 */
import type { Diagnostic, SourcePosition } from "@berth/model";
import type { ClassExpression } from "./class-expression.ts";

/** Why a text is no class expression. */
export interface ClassExpressionError {
  /** Starts with `CLASS_EXPRESSION_`. */
  readonly code: string;
  readonly message: string;
  /** Where in the text, in UTF-16 code units from 0; at most the text's length. */
  readonly index: number;
  /** How many code units are wrong, at least 1. */
  readonly length: number;
  readonly hint?: string;
}

/** An expression, or the first thing that is wrong with the text. */
export type ClassExpressionResult =
  | { readonly ok: true; readonly expression: ClassExpression }
  | { readonly ok: false; readonly error: ClassExpressionError };

/** Parentheses and `!` may nest this deep. People nest three deep; the limit keeps hostile text off the call stack. */
const depthMax = 100;

/** Longest text that is looked at, in UTF-16 code units. */
const lengthMax = 65_536;

/** Parses `linux.!(debian|ubuntu)`. Never throws; time linear in the text. Variables are to be expanded before. */
export function parseClassExpression(text: string): ClassExpressionResult {
  if (text.length > lengthMax) {
    const message = `this class expression is longer than ${lengthMax} characters; define classes for its parts`;
    return { ok: false, error: { code: "CLASS_EXPRESSION_TOO_LONG", message, index: 0, length: 1 } };
  }
  const parser = new ClassExpressionParser(text);
  const expression = parser.parse();
  return expression === undefined ? { ok: false, error: parser.error } : { ok: true, expression };
}

/** The error as a diagnostic, for an expression whose first character stands at `position`, all on one line. */
export function classExpressionDiagnostic(error: ClassExpressionError, position: SourcePosition): Diagnostic {
  return {
    severity: "error",
    code: error.code,
    message: error.message,
    position: { ...position, column: position.column + error.index },
    length: error.length,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}

class ClassExpressionParser {
  readonly #text: string;
  #at = 0;
  #error: ClassExpressionError | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** The first error; to be asked only after {@link parse} gave none. */
  get error(): ClassExpressionError {
    return this.#error ?? { code: "CLASS_EXPRESSION_EMPTY", message: "a class name is missing", index: 0, length: 1 };
  }

  parse(): ClassExpression | undefined {
    this.#skipBlanks();
    if (this.#at === this.#text.length)
      return this.#fail("EMPTY", "a class expression is missing here; any always holds", 0, 1, "any");
    const expression = this.#parseOr(0);
    if (expression === undefined) return undefined;
    if (this.#at < this.#text.length) return this.#failAfterOperand();
    return expression;
  }

  #parseOr(depth: number): ClassExpression | undefined {
    const operands: ClassExpression[] = [];
    for (;;) {
      const operand = this.#parseAnd(depth);
      if (operand === undefined) return undefined;
      operands.push(operand);
      if (this.#peek() !== "|") return operands.length === 1 ? operand : { kind: "or", operands };
      this.#at += this.#text[this.#at + 1] === "|" ? 2 : 1;
      this.#skipBlanks();
    }
  }

  #parseAnd(depth: number): ClassExpression | undefined {
    const operands: ClassExpression[] = [];
    for (;;) {
      const operand = this.#parseNot(depth);
      if (operand === undefined) return undefined;
      operands.push(operand);
      const operator = this.#peek();
      if (operator !== "." && operator !== "&") return operands.length === 1 ? operand : { kind: "and", operands };
      if (operator === "&" && this.#text[this.#at + 1] === "&") {
        return this.#fail("DOUBLE_AND", "&& is no operator; `and` is a single & or a full stop", this.#at, 2, "&");
      }
      this.#at++;
      this.#skipBlanks();
    }
  }

  #parseNot(depth: number): ClassExpression | undefined {
    if (this.#peek() !== "!") return this.#parsePrimary(depth);
    const start = this.#at++;
    this.#skipBlanks();
    if (this.#peek() === "!")
      return this.#fail("DOUBLE_NOT", "!! is not possible; write no ! for `is set`, one ! for `is not set`", start, 2);
    const operand = this.#parsePrimary(depth);
    return operand === undefined ? undefined : { kind: "not", operand };
  }

  #parsePrimary(depth: number): ClassExpression | undefined {
    if (this.#peek() === "(") return this.#parseParentheses(depth);
    const start = this.#at;
    while (isNameCode(this.#text.charCodeAt(this.#at))) this.#at++;
    if (this.#at === start) return this.#failWithoutName();
    this.#takeQualifiedName();
    const name = this.#text.slice(start, this.#at);
    this.#skipBlanks();
    return { kind: "class", name };
  }

  #takeQualifiedName(): void {
    if (this.#peek() !== ":" || !isNameCode(this.#text.charCodeAt(this.#at + 1))) return;
    this.#at++;
    while (isNameCode(this.#text.charCodeAt(this.#at))) this.#at++;
  }

  #parseParentheses(depth: number): ClassExpression | undefined {
    const start = this.#at++;
    if (depth >= depthMax)
      return this.#fail(
        "TOO_DEEP",
        `parentheses nest deeper than ${depthMax}; define classes for the inner parts`,
        start,
        1,
      );
    this.#skipBlanks();
    const inner = this.#parseOr(depth + 1);
    if (inner === undefined) return undefined;
    if (this.#at === this.#text.length)
      return this.#fail("UNCLOSED_PARENTHESIS", "this parenthesis is not closed; add `)`", start, 1);
    if (this.#peek() !== ")") return this.#failAfterOperand();
    this.#at++;
    this.#skipBlanks();
    return inner;
  }

  /** At a place where a name, `!` or `(` should stand and something else does. */
  #failWithoutName(): undefined {
    const found = this.#peek();
    const at = this.#at;
    if (found === "") {
      const message = `a class name is missing at the end, after \`${lastMark(this.#text)}\``;
      return this.#fail("MISSING_NAME", message, Math.max(0, this.#text.trimEnd().length - 1), 1);
    }
    if (".&|)".includes(found))
      return this.#fail("MISSING_NAME", `a class name is missing before this \`${found}\``, at, 1);
    return this.#failOnCharacter();
  }

  /** At a place where an operator should stand and something else does. */
  #failAfterOperand(): undefined {
    const found = this.#peek();
    const at = this.#at;
    if (found === ")") return this.#fail("EXTRA_PARENTHESIS", "this `)` closes nothing; remove it", at, 1);
    if (found === "!" || found === "(" || isNameCode(this.#text.charCodeAt(at))) return this.#failWithoutOperator();
    return this.#failOnCharacter();
  }

  #failWithoutOperator(): undefined {
    const at = this.#at;
    const word = /^[a-zA-Z]{2,3}(?![a-zA-Z0-9_])/.exec(this.#text.slice(at, at + 4))?.[0] ?? "";
    const operator = { and: ".", or: "|", not: ".!" }[word];
    const message = "two classes need an operator between them: `.` for and, `|` for or";
    const hint = operator === undefined ? "." : operator;
    return this.#fail("MISSING_OPERATOR", message, at, Math.max(1, operator === undefined ? 1 : word.length), hint);
  }

  #failOnCharacter(): undefined {
    const at = this.#at;
    const found = this.#text[at] ?? "";
    const before = /[a-zA-Z0-9_]*$/.exec(this.#text.slice(Math.max(0, at - 64), at))?.[0] ?? "";
    const after = /^[^\s.|&!()]*/.exec(this.#text.slice(at, at + 64))?.[0] ?? "";
    if (found === ",")
      return this.#fail("BAD_CHARACTER", "a comma is no operator; write `|` for or, `.` for and", at, 1, "|");
    const message = `\`${found}\` cannot stand in a class name; names are letters, digits and _`;
    const canonified = (before + after).replaceAll(/[^a-zA-Z0-9_]/g, "_");
    return this.#fail("BAD_CHARACTER", message, at, 1, canonified);
  }

  #fail(suffix: string, message: string, index: number, length: number, hint?: string): undefined {
    const error = { code: `CLASS_EXPRESSION_${suffix}`, message, index, length };
    this.#error = hint === undefined ? error : { ...error, hint };
    return undefined;
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #skipBlanks(): void {
    while (this.#text[this.#at] === " " || this.#text[this.#at] === "\t") this.#at++;
  }
}

function isNameCode(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}

function lastMark(text: string): string {
  return text.trimEnd().at(-1) ?? "";
}
