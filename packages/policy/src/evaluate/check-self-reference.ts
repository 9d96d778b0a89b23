import type { Bundle, PolicyFile, PolicyPromise, Value } from "../syntax/ast.ts";
import type { FindingList } from "./finding-list.ts";
import { parseTemplate, type Template, wholeListReference } from "./text-template.ts";

/**
 * Finds variables that are made of themselves, directly (`a => "$(a)x"`) or through others (`a` from `b` from `a`): no
 * number of passes gives them a value, and CFEngine refuses the policy. Looked at bundle by bundle, in unqualified names.
 */
export function checkSelfReference(files: readonly PolicyFile[], findings: FindingList): void {
  for (const block of files.flatMap((file) => file.blocks)) {
    if (block.kind === "bundle") checkBundle(block, findings);
  }
}

interface Definition {
  readonly promise: PolicyPromise;
  readonly names: ReadonlySet<string>;
}

function checkBundle(bundle: Bundle, findings: FindingList): void {
  const definitions = new Map<string, Definition[]>();
  for (const section of bundle.sections) {
    if (section.promiseType.text !== "vars") continue;
    for (const promise of section.promises) {
      const names = referencedNames(promise);
      if (names.size === 0) continue;
      const earlier = definitions.get(promise.promiser.text) ?? [];
      definitions.set(promise.promiser.text, [...earlier, { promise, names }]);
    }
  }
  reportCircles(definitions, findings);
}

/** Depth-first, with an explicit stack: the chain of variables may be as long as the policy. */
function reportCircles(definitions: ReadonlyMap<string, readonly Definition[]>, findings: FindingList): void {
  const finished = new Set<string>();
  for (const start of definitions.keys()) {
    const path: { name: string; next: Iterator<string> }[] = [];
    const onPath = new Set<string>();
    const enter = (name: string) => {
      path.push({ name, next: referencesOf(name, definitions) });
      onPath.add(name);
    };
    if (!finished.has(start)) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const step = top.next.next();
      if (step.done === true) {
        path.pop();
        onPath.delete(top.name);
        finished.add(top.name);
      } else if (onPath.has(step.value)) {
        report(top.name, step.value, definitions, findings);
      } else if (!finished.has(step.value) && definitions.has(step.value)) {
        enter(step.value);
      }
    }
  }
}

function* referencesOf(name: string, definitions: ReadonlyMap<string, readonly Definition[]>): Iterator<string> {
  for (const { names } of definitions.get(name) ?? []) yield* names;
}

function report(
  from: string,
  to: string,
  definitions: ReadonlyMap<string, readonly Definition[]>,
  findings: FindingList,
): void {
  const definition = definitions.get(from)?.find(({ names }) => names.has(to));
  if (definition === undefined) return;
  const message =
    from === to
      ? `the variable ${from} is made of itself and can never have a value`
      : `the variable ${from} is made of ${to}, which is made of ${from}: neither can ever have a value`;
  findings.add("POLICY_VARIABLE_CIRCLE", definition.promise.position, message);
}

/** Names, unqualified and without indices, that stand literally in the value of a `vars` promise outside of calls. */
function referencedNames(promise: PolicyPromise): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { name, value } of promise.attributes) {
    if (valueTypes.has(name.text)) collect(value, names);
  }
  return names;
}

const valueTypes: ReadonlySet<string> = new Set(["string", "int", "real", "slist", "ilist", "rlist"]);

function collect(value: Value, names: Set<string>): void {
  if (value.kind === "list") for (const element of value.elements) collect(element, names);
  if (value.kind === "variable") addName(value.name, names);
  if (value.kind === "string") {
    const listName = wholeListReference(value.text);
    if (listName !== undefined) addName(listName, names);
    collectTemplate(parseTemplate(value.text), names);
  }
}

function collectTemplate(template: Template, names: Set<string>): void {
  for (const part of template.parts) {
    if (typeof part === "string") continue;
    collectTemplate(part.name, names);
    addName(part.name.text, names);
  }
}

function addName(name: string, names: Set<string>): void {
  if (/^[a-zA-Z0-9_]+$/.test(name)) names.add(name);
}
