import { classNamesOf } from "../class-expression/class-expression.ts";
import { warnOfCase } from "../guest-environments/host-class-warnings.ts";
import type { Guard, PolicyFile } from "../syntax/ast.ts";
import type { EvaluationState } from "./evaluation-state.ts";
import { hasReference } from "./text-template.ts";

/** Warns of guards that name a class in another case than the host has it, once evaluation knows which classes are set. */
export function checkClassCase(files: readonly PolicyFile[], state: EvaluationState): void {
  const own = classesDefinedIn(files);
  const seen = new Set<Guard>();
  for (const guard of guardsOf(files)) {
    if (seen.has(guard) || hasReference(guard.text)) continue;
    seen.add(guard);
    const parsed = state.expression(guard.text);
    for (const name of parsed.ok ? classNamesOf(parsed.expression) : []) {
      if (!own.has(name)) warnOfCase(name, guard.position, state);
    }
  }
}

function* guardsOf(files: readonly PolicyFile[]): Iterable<Guard> {
  for (const block of files.flatMap((file) => file.blocks)) {
    const holders = block.kind === "bundle" ? block.sections.flatMap((section) => section.promises) : block.attributes;
    for (const holder of holders) {
      if ("guard" in holder && holder.guard !== undefined) yield holder.guard;
    }
  }
}

/** A class that the policy itself may define is meant as it is written. */
function classesDefinedIn(files: readonly PolicyFile[]): ReadonlySet<string> {
  const sections = files
    .flatMap((file) => file.blocks)
    .flatMap((block) => (block.kind === "bundle" ? block.sections : []))
    .filter((section) => section.promiseType.text === "classes");
  return new Set(sections.flatMap((section) => section.promises.map((promise) => promise.promiser.text)));
}
