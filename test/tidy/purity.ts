/** The pure packages get time, chance and the world as parameters: nothing in them may reach for these by itself. */
import { importsOf, packageOf } from "./imports.ts";
import { type Finding, findingAt, nameOf, type SourceFile, type SyntaxNode, walk } from "./source-file.ts";

/** Packages that compile without Node and without the DOM. */
export const purePackages = ["model", "policy", "domain-xml", "claims", "planner"] as const;

const remedies: Readonly<Record<string, string>> = {
  Date: "take `nowMs` as a parameter",
  performance: "take `nowMs` as a parameter",
  setTimeout: "answer with a deadline that the caller waits for",
  setInterval: "answer with a deadline that the caller waits for",
  setImmediate: "return, and let the caller call again",
  queueMicrotask: "return, and let the caller call again",
  process: "take the value as a parameter; packages/agent reads it from the process",
  console: "return the text; packages/cli prints it",
  Buffer: "use Uint8Array",
  fetch: "take the answer as a parameter; packages/agent has the I/O",
  crypto: "take the random bytes as a parameter",
  globalThis: "take what you need of it as a parameter",
};

/** Whether a file belongs to the sources of a pure package. */
export function isPureSource(path: string): boolean {
  const own = packageOf(path);
  return (purePackages as readonly (string | undefined)[]).includes(own) && path.startsWith(`packages/${own}/src/`);
}

/** Clocks, chance, timers, process, console and node:* in the sources of pure packages. */
export function checkPurity(files: readonly SourceFile[]): Finding[] {
  return files
    .filter((file) => isPureSource(file.path))
    .flatMap((file) => [...bannedNames(file), ...nodeImports(file)]);
}

function nodeImports(file: SourceFile): Finding[] {
  return importsOf(file).flatMap(({ target, offset }) =>
    target.startsWith("node:")
      ? [
          findingAt(
            file,
            offset,
            `a pure package imports ${target}`,
            "move the I/O to packages/agent and pass its result in",
          ),
        ]
      : [],
  );
}

function bannedNames(file: SourceFile): Finding[] {
  const findings: Finding[] = [];
  const own = declaredNames(file);
  walk(file.ast, (node, ancestors) => {
    const parent = ancestors.at(-1);
    if (isMathRandom(node)) {
      findings.push(
        findingAt(file, node.start, "Math.random in a pure package", "take a random source as a parameter"),
      );
    }
    const name = nameOf(node);
    if (name === undefined || own.has(name) || !Object.hasOwn(remedies, name) || isLabel(node, parent)) return;
    findings.push(findingAt(file, node.start, `${name} in a pure package`, remedies[name] ?? ""));
  });
  return findings;
}

/** Functions, variables, parameters and imports of the file: such a name is not the global one. */
function declaredNames(file: SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  walk(file.ast, (node) => {
    const declared = [/^(Function|Class)Declaration$|^VariableDeclarator$/.test(node.type) ? node.id : undefined];
    if (Array.isArray(node.params)) declared.push(...node.params);
    if (/^Import.*Specifier$/.test(node.type)) declared.push(node.local);
    for (const one of declared) names.add(nameOf(one) ?? "");
  });
  return names;
}

function isMathRandom(node: SyntaxNode): boolean {
  return node.type === "MemberExpression" && nameOf(node.object) === "Math" && nameOf(node.property) === "random";
}

/** `x.process` and `{ process: 1 }` name a field, not the global. */
function isLabel(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (parent === undefined || parent.computed === true) return false;
  if (parent.type === "MemberExpression") return parent.property === node;
  return "key" in parent && parent.key === node;
}
