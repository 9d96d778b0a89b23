import { jsonAt } from "./json-value.ts";
import { fromJson, type PolicyValue } from "./policy-value.ts";
import { specialScopes, type VariableName } from "./variable-name.ts";

/**
 * All variables of one evaluation: for each bundle its names, for each name a value and, for arrays, one value per index
 * path. An array element may hold a container, into which further indices lead.
 */
export class VariableTable {
  readonly #scopes = new Map<string, Map<string, Variable>>();

  /** Finds the value of a name as used in `scope`, which is qualified: `default:main`. */
  find(name: VariableName, scope: string): PolicyValue | undefined {
    const variable = this.#scopes.get(qualifiedScope(name, scope))?.get(name.name);
    if (variable === undefined) return undefined;
    return name.indices.length === 0 ? variable.value : elementOf(variable, name.indices);
  }

  set(name: VariableName, scope: string, value: PolicyValue): void {
    const qualified = qualifiedScope(name, scope);
    const variables = this.#scopes.get(qualified) ?? new Map<string, Variable>();
    this.#scopes.set(qualified, variables);
    const variable: Variable = variables.get(name.name) ?? { value: undefined, elements: new Map() };
    variables.set(name.name, variable);
    if (name.indices.length === 0) variable.value = value;
    else variable.elements.set(pathKey(name.indices), { indices: name.indices, value });
  }

  /** The elements of an array below `name`, each with the indices that remain, in the order of their definition. */
  elements(name: VariableName, scope: string): ArrayElement[] {
    const variable = this.#scopes.get(qualifiedScope(name, scope))?.get(name.name);
    if (variable === undefined) return [];
    const depth = name.indices.length;
    return [...variable.elements.values()]
      .filter(({ indices }) => indices.length > depth && name.indices.every((index, at) => indices[at] === index))
      .map(({ indices, value }) => ({ indices: indices.slice(depth), value }));
  }

  /** Every variable as `namespace:bundle.name[index]` and its value. */
  *all(): Iterable<[string, PolicyValue]> {
    for (const [scope, variables] of this.#scopes) {
      for (const [name, variable] of variables) {
        if (variable.value !== undefined) yield [`${scope}.${name}`, variable.value];
        for (const [path, element] of variable.elements) yield [`${scope}.${name}${path}`, element.value];
      }
    }
  }
}

/** One element of an array. */
export interface ArrayElement {
  readonly indices: readonly string[];
  readonly value: PolicyValue;
}

interface Variable {
  value: PolicyValue | undefined;
  readonly elements: Map<string, ArrayElement>;
}

/** The qualified bundle that a name belongs to when it is used in the qualified bundle `scope`. */
export function qualifiedScope(name: VariableName, scope: string): string {
  if (name.scope === undefined) return scope;
  if (name.namespace !== undefined) return `${name.namespace}:${name.scope}`;
  if (specialScopes.has(name.scope)) return `default:${name.scope}`;
  return `${scope.slice(0, scope.indexOf(":"))}:${name.scope}`;
}

/** The element at a path: an array element, or a member of the container that a prefix of the path leads to. */
function elementOf(variable: Variable, indices: readonly string[]): PolicyValue | undefined {
  const exact = variable.elements.get(pathKey(indices));
  if (exact !== undefined) return exact.value;
  for (let length = indices.length - 1; length >= 0; length -= 1) {
    const holder = length === 0 ? variable.value : variable.elements.get(pathKey(indices.slice(0, length)))?.value;
    if (holder?.kind !== "data") continue;
    const found = jsonAt(holder.json, indices.slice(length));
    if (found !== undefined) return fromJson(found);
  }
  return undefined;
}

function pathKey(indices: readonly string[]): string {
  return indices.map((index) => `[${index}]`).join("");
}
