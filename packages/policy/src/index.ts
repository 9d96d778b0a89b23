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
export * from "./evaluate/evaluate-policy.ts";
export type { NotHandledPromises } from "./evaluate/not-handled.ts";
export type { CommandResult, FileRead, FileStatus, PolicyWorld } from "./evaluate/policy-world.ts";
export { contradictionOf, environmentKey } from "./guest-environments/contradiction.ts";
export { type GuestAttribute, guestAttributes } from "./guest-environments/guest-attributes.ts";
export { canonify } from "./hard-classes/canonify.ts";
export { hardClasses, hostNames } from "./hard-classes/hard-classes.ts";
export type { BrokenDownTime, HostFacts, InterfaceFacts } from "./hard-classes/host-facts.ts";
export { renderDiagnostic } from "./render-diagnostic.ts";
export * from "./syntax/ast.ts";
export { checkFiles } from "./syntax/check-files.ts";
export { closestWord } from "./syntax/closest-word.ts";
export { type ParseResult, parsePolicy, policyLengthMax } from "./syntax/parse-policy.ts";
export { positionInString } from "./syntax/parse-string.ts";
