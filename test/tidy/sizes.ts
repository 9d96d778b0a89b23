/** Lengths: a file or a function that a reader cannot hold in the head is cut. */
import { type Finding, findingAt, lineOf, nameOf, type SourceFile, type SyntaxNode, walk } from "./source-file.ts";

/** Lines at which a file must be cut. */
export const fileLinesMax = 500;
/** Lines at which a function must be cut, its braces included. */
export const functionLinesMax = 70;

/** Files that are too long. */
export function checkFileLengths(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => {
    const lines = lineOf(file.text, file.text.trimEnd().length);
    if (lines <= fileLinesMax) return [];
    const problem = `${lines} lines, the limit is ${fileLinesMax}`;
    return [{ at: `${file.path}:1`, problem, remedy: "cut it by what changes together, one noun for each file" }];
  });
}

const functionTypes = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

/** Functions that are too long. Suites of tests (`describe`) and tests are counted by their inner functions only. */
export function checkFunctionLengths(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) => {
    const findings: Finding[] = [];
    walk(file.ast, (node, ancestors) => {
      if (!functionTypes.has(node.type) || isSuite(node, ancestors.at(-1))) return;
      const lines = lineOf(file.text, node.end) - lineOf(file.text, node.start) + 1;
      if (lines <= functionLinesMax) return;
      const name = nameOf(node.id) ?? nameOf(ancestors.at(-1)?.id) ?? nameOf(ancestors.at(-1)?.key) ?? "a function";
      const problem = `${name} has ${lines} lines, the limit is ${functionLinesMax}`;
      findings.push(findingAt(file, node.start, problem, "give each of its paragraphs a name of its own"));
    });
    return findings;
  });
}

/** The function given to `describe`, or one that holds a whole `describe`: a folder of tests rather than a function. */
function isSuite(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (isDescribe(parent)) return true;
  let holdsOne = false;
  walk(node, (inner) => {
    holdsOne ||= isDescribe(inner);
  });
  return holdsOne;
}

function isDescribe(node: SyntaxNode | undefined): boolean {
  if (node?.type !== "CallExpression") return false;
  let callee = node.callee as SyntaxNode;
  while (callee.type === "MemberExpression" || callee.type === "CallExpression") {
    callee = (callee.type === "MemberExpression" ? callee.object : callee.callee) as SyntaxNode;
  }
  return nameOf(callee) === "describe";
}
