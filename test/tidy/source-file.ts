/** Sources as the house rules see them: path, text and syntax tree, read once for all rules. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseAst } from "rolldown/parseAst";

/** Any node of the tree (ESTree with TypeScript's additions); rules look at the few fields that they know. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** One TypeScript or JavaScript file of the house. */
export interface SourceFile {
  /** Relative to the house's root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly ast: SyntaxNode;
}

/** What a rule found: every finding names its remedy. */
export interface Finding {
  /** `path:line` */
  readonly at: string;
  readonly problem: string;
  readonly remedy: string;
}

/** Parses one file; synthetic ones in the tests of the rules too. */
export function sourceFile(path: string, text: string): SourceFile {
  const lang = path.endsWith(".js") ? "js" : "ts";
  return { path, text, ast: parseAst(text, { lang }, path) as unknown as SyntaxNode };
}

const leftOut = new Set(["node_modules", ".git", ".hosts", "bench-results", "coverage", "dist"]);

/** Paths of all files below `root`, relative to it, without what is made rather than written. */
export function listFiles(root: string, folder = root): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !leftOut.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return listFiles(root, path);
      return entry.isFile() ? [relative(root, path)] : [];
    })
    .sort();
}

/** All sources below `root`. */
export function readSources(root: string): SourceFile[] {
  return listFiles(root)
    .filter((path) => /\.(ts|js)$/.test(path))
    .map((path) => sourceFile(path, readFileSync(join(root, path), "utf8")));
}

/** A finding at the line of `offset`. */
export function findingAt(file: SourceFile, offset: number, problem: string, remedy: string): Finding {
  return { at: `${file.path}:${lineOf(file.text, offset)}`, problem, remedy };
}

/** Line of an offset, counted from 1. */
export function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < offset; index = text.indexOf("\n", index + 1)) line += 1;
  return line;
}

/** Calls `visit` for every node, parents first; `ancestors` ends with the parent. */
export function walk(
  node: SyntaxNode,
  visit: (node: SyntaxNode, ancestors: readonly SyntaxNode[]) => void,
  ancestors: readonly SyntaxNode[] = [],
): void {
  visit(node, ancestors);
  const inner = [...ancestors, node];
  for (const child of children(node)) walk(child, visit, inner);
}

function children(node: SyntaxNode): SyntaxNode[] {
  return Object.values(node).flatMap((value) => (Array.isArray(value) ? value : [value]).filter(isNode));
}

/** Whether a field of a node is a node itself. */
export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

/** The name of an identifier, or undefined for any other node. */
export function nameOf(node: unknown): string | undefined {
  return isNode(node) && node.type === "Identifier" ? (node.name as string) : undefined;
}
