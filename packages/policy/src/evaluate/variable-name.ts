/**
 * `namespace:bundle.name[index][index]`, where everything but the name may be left out. A name without a bundle belongs to
 * the bundle it is used in; `sys`, `const`, `this` and a few more are special bundles that exist once.
 */
export interface VariableName {
  readonly namespace?: string;
  /** The bundle, without its namespace. */
  readonly scope?: string;
  readonly name: string;
  readonly indices: readonly string[];
}

/** Bundles of the default namespace that every namespace sees without a prefix. */
export const specialScopes: ReadonlySet<string> = new Set(["sys", "const", "this", "def", "match", "mon", "edit"]);

/** Takes a name apart. Anything is a name of some sort; one that nobody defined is simply not found. */
export function parseVariableName(text: string): VariableName {
  const bracket = text.indexOf("[");
  const head = bracket < 0 ? text : text.slice(0, bracket);
  const colon = head.indexOf(":");
  const local = head.slice(colon + 1);
  const dot = local.indexOf(".");
  return {
    ...(colon < 0 ? {} : { namespace: head.slice(0, colon) }),
    ...(dot < 0 ? {} : { scope: local.slice(0, dot) }),
    name: local.slice(dot + 1),
    indices: bracket < 0 ? [] : indicesOf(text.slice(bracket)),
  };
}

/** `[a][b[c]]` to `a`, `b[c]`; a bracket that never closes ends the last index. */
function indicesOf(text: string): string[] {
  const indices: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === "[") {
      if (depth === 0) from = at + 1;
      depth += 1;
    } else if (text[at] === "]") {
      depth -= 1;
      if (depth === 0) indices.push(text.slice(from, at));
    }
  }
  return indices;
}

/** Whether a `vars` promiser can be a variable: CFEngine refuses `a-b` and an empty name. */
export function isLegalVariableName(text: string): boolean {
  return /^(?:[a-zA-Z0-9_]+:)?(?:[a-zA-Z0-9_]+\.)?[a-zA-Z0-9_]+(?:\[[\s\S]*\])*$/.test(text);
}
