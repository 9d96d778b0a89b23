/**
 * A class expression is a yes-or-no question about the set of classes that hold on a host: `linux.(ubuntu|debian).!weekend`.
 * `!` binds tightest, then `.` or `&` (and), then `|` or `||` (or). This file holds its shape and asks the question.
 */
export type ClassExpression = ClassName | ClassNot | ClassAnd | ClassOr;

/** Holds where the class is set. */
export interface ClassName {
  readonly kind: "class";
  /** Qualified (`namespace:name`) or not. */
  readonly name: string;
}

/** Holds where its operand does not. */
export interface ClassNot {
  readonly kind: "not";
  readonly operand: ClassExpression;
}

/** Holds where every operand does. */
export interface ClassAnd {
  readonly kind: "and";
  /** Two or more. */
  readonly operands: readonly ClassExpression[];
}

/** Holds where at least one operand does. */
export interface ClassOr {
  readonly kind: "or";
  /** Two or more. */
  readonly operands: readonly ClassExpression[];
}

/**
 * Whether the expression holds. Nothing here knows of namespaces, `any` or case: that is for `isSet` to answer.
 *
 * @param isSet whether the class of this name, as written, is set
 */
export function evaluateClassExpression(expression: ClassExpression, isSet: (name: string) => boolean): boolean {
  switch (expression.kind) {
    case "class":
      return isSet(expression.name);
    case "not":
      return !evaluateClassExpression(expression.operand, isSet);
    case "and":
      return expression.operands.every((operand) => evaluateClassExpression(operand, isSet));
    case "or":
      return expression.operands.some((operand) => evaluateClassExpression(operand, isSet));
  }
}

/** Every class that the expression asks for, once each, in the order of the text. */
export function classNamesOf(expression: ClassExpression): readonly string[] {
  const names = new Set<string>();
  collectNames(expression, names);
  return [...names];
}

function collectNames(expression: ClassExpression, names: Set<string>): void {
  switch (expression.kind) {
    case "class":
      names.add(expression.name);
      return;
    case "not":
      collectNames(expression.operand, names);
      return;
    case "and":
    case "or":
      for (const operand of expression.operands) collectNames(operand, names);
  }
}
