/** The CFEngine policy language: text to tree, tree to what one host promises. Pure. */
export * from "./syntax/ast.ts";
export { type ParseResult, parsePolicy } from "./syntax/parse-policy.ts";
