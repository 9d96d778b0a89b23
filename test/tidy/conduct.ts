/** How code and tests behave: errors carry codes, exports are explained, tests wait for conditions and always run. */
import { packageOf } from "./imports.ts";
import { isPureSource } from "./purity.ts";
import { type Finding, findingAt, isNode, nameOf, type SourceFile, type SyntaxNode, walk } from "./source-file.ts";

/** `new Error(...)` and thrown texts in the packages' sources: callers tell failures apart by class and code. */
export function checkErrors(files: readonly SourceFile[]): Finding[] {
  return files.filter(isPackageSource).flatMap((file) => {
    const findings: Finding[] = [];
    walk(file.ast, (node) => {
      const bare = (node.type === "NewExpression" || node.type === "CallExpression") && nameOf(node.callee) === "Error";
      const text = node.type === "ThrowStatement" && isText(node.argument);
      if (!bare && !text) return;
      const remedy =
        "throw the error class of the package with a code and its cause, TypeError for misuse, or return a value";
      findings.push(findingAt(file, node.start, bare ? "a bare Error" : "a thrown text", remedy));
    });
    return findings;
  });
}

function isText(node: unknown): boolean {
  return (
    isNode(node) && (node.type === "TemplateLiteral" || (node.type === "Literal" && typeof node.value === "string"))
  );
}

function isPackageSource(file: SourceFile): boolean {
  return file.path.startsWith(`packages/${packageOf(file.path)}/src/`);
}

/** Exported declarations without TSDoc. */
export function checkDocs(files: readonly SourceFile[]): Finding[] {
  return files.filter(isPackageSource).flatMap((file) =>
    statements(file).flatMap((statement) => {
      const declaration = exportedDeclaration(statement);
      if (declaration === undefined || isDocumented(file, statement) || isNameOfTable(declaration)) return [];
      const name = declaredName(declaration);
      const remedy = `write /** ... */ above it: what it is, units, what it throws, why the default`;
      return [findingAt(file, statement.start, `${name} is exported without TSDoc`, remedy)];
    }),
  );
}

function statements(file: SourceFile): SyntaxNode[] {
  return (file.ast.body as SyntaxNode[]) ?? [];
}

function exportedDeclaration(statement: SyntaxNode): SyntaxNode | undefined {
  if (statement.type !== "ExportNamedDeclaration" && statement.type !== "ExportDefaultDeclaration") return undefined;
  return isNode(statement.declaration) ? statement.declaration : undefined;
}

function declaredName(declaration: SyntaxNode): string {
  const declarator = (declaration.declarations as SyntaxNode[] | undefined)?.[0];
  return nameOf(declaration.id) ?? nameOf(declarator?.id) ?? "the default";
}

/** `type Colour = (typeof colours)[number]` repeats the table above it, which has the comment. */
function isNameOfTable(declaration: SyntaxNode): boolean {
  if (declaration.type !== "TSTypeAliasDeclaration") return false;
  const { typeAnnotation } = declaration;
  if (!isNode(typeAnnotation) || typeAnnotation.type !== "TSIndexedAccessType") return false;
  const object = typeAnnotation.objectType;
  const inner = isNode(object) && object.type === "TSParenthesizedType" ? object.typeAnnotation : object;
  return isNode(inner) && inner.type === "TSTypeQuery";
}

function isDocumented(file: SourceFile, statement: SyntaxNode): boolean {
  // Lint directives may stand between the comment and what it explains.
  const before = file.text
    .slice(0, statement.start)
    .replace(/(\s*\/\/ biome-ignore[^\n]*)+\s*$/, "")
    .trimEnd();
  if (before.endsWith("*/")) return before.slice(before.lastIndexOf("/*")).startsWith("/**");
  return isOverload(file, statement);
}

/** The second and later signatures of one function share the first one's comment. */
function isOverload(file: SourceFile, statement: SyntaxNode): boolean {
  const all = statements(file);
  const before = all[all.indexOf(statement) - 1];
  const own = exportedDeclaration(statement);
  const other = before === undefined ? undefined : exportedDeclaration(before);
  return other?.type === "TSDeclareFunction" && own !== undefined && nameOf(other.id) === nameOf(own.id);
}

/** Files of pure packages that do not open with their intuition. */
export function checkOpenings(files: readonly SourceFile[]): Finding[] {
  return files
    .filter((file) => isPureSource(file.path))
    .flatMap((file) => {
      const first = statements(file).find((statement) => !isImport(statement));
      const lead = file.text.slice(0, first?.start ?? 0).replace(/^\s*import\s[^;]*;/gm, "");
      if (first === undefined || /\/\*\*?\s*\S|\/\/\s*\S/.test(lead)) return [];
      const remedy = "open it with what it does and why it works, in plain words";
      return [findingAt(file, first.start, "the file opens without a comment", remedy)];
    });
}

function isImport(statement: SyntaxNode): boolean {
  if (statement.type === "ImportDeclaration" || statement.type === "ExportAllDeclaration") return true;
  return statement.type === "ExportNamedDeclaration" && isNode(statement.source);
}

/** Tests that wait for time instead of a condition. A pause inside a loop is a poll, and fine. */
export function checkSleeps(files: readonly SourceFile[]): Finding[] {
  return files
    .filter((file) => isTestFile(file.path))
    .flatMap((file) => {
      const findings: Finding[] = [];
      walk(file.ast, (node, ancestors) => {
        if (!isPause(node) || isInLoop(ancestors)) return;
        const remedy = "wait for the condition: vi.waitFor, expect.poll, an event, or a virtual clock";
        findings.push(findingAt(file, node.start, "a test that sleeps", remedy));
      });
      return findings;
    });
}

function isTestFile(path: string): boolean {
  return path.startsWith("test/") || /^packages\/[^/]+\/test\//.test(path);
}

function isPause(node: SyntaxNode): boolean {
  if (node.type === "AwaitExpression") {
    const call = node.argument;
    return (
      isNode(call) &&
      call.type === "CallExpression" &&
      /^(setTimeout|sleep|delay|wait)$/.test(nameOf(call.callee) ?? "")
    );
  }
  if (node.type !== "NewExpression" || nameOf(node.callee) !== "Promise") return false;
  const executor = (node.arguments as SyntaxNode[])[0];
  const resolve = nameOf((executor?.params as SyntaxNode[] | undefined)?.[0]);
  if (executor === undefined || resolve === undefined || !isNode(executor.body)) return false;
  let pauses = false;
  walk(executor.body, (inner) => {
    if (inner.type !== "CallExpression" || nameOf(inner.callee) !== "setTimeout") return;
    if (nameOf((inner.arguments as SyntaxNode[])[0]) === resolve) pauses = true;
  });
  return pauses;
}

const loops = new Set(["ForStatement", "ForOfStatement", "WhileStatement", "DoWhileStatement"]);

function isInLoop(ancestors: readonly SyntaxNode[]): boolean {
  return ancestors.some((ancestor) => loops.has(ancestor.type));
}

/** Tests that do not run, or that keep the others from running. */
export function checkSkips(files: readonly SourceFile[]): Finding[] {
  return files
    .filter((file) => isTestFile(file.path))
    .flatMap((file) => {
      const findings: Finding[] = [];
      walk(file.ast, (node) => {
        if (node.type !== "MemberExpression" || !/^(it|test|describe)$/.test(nameOf(node.object) ?? "")) return;
        const modifier = nameOf(node.property) ?? "";
        if (!/^(only|skip|todo|skipIf|runIf|fails)$/.test(modifier)) return;
        const remedy =
          "let it run everywhere: choose what the machine offers, or install what is missing in test/setup";
        findings.push(findingAt(file, node.start, `a test with .${modifier}`, remedy));
      });
      return findings;
    });
}
