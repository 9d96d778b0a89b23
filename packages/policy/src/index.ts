/** The CFEngine policy language: text to tree, tree to what one host promises. Pure. */
export {
  type ClassAnd,
  type ClassExpression,
  type ClassName,
  type ClassNot,
  type ClassOr,
  classNamesOf,
  evaluateClassExpression,
} from "./class-expression/class-expression.ts";
export {
  type ClassExpressionError,
  type ClassExpressionResult,
  classExpressionDiagnostic,
  parseClassExpression,
} from "./class-expression/parse-class-expression.ts";
export { renderDiagnostic } from "./render-diagnostic.ts";
export * from "./syntax/ast.ts";
export { checkFiles } from "./syntax/check-files.ts";
export { closestWord } from "./syntax/closest-word.ts";
export { type ParseResult, parsePolicy, policyLengthMax } from "./syntax/parse-policy.ts";
export { positionInString } from "./syntax/parse-string.ts";
