import type { Attribute } from "./ast.ts";
import type { DiagnosticSink } from "./diagnostic-sink.ts";

/**
 * Reports every attribute that stands twice in one promise, or twice under one guard of a body. CFEngine takes one of them
 * in silence, so the reader cannot know which value holds.
 */
export function reportDuplicates(
  sink: DiagnosticSink,
  attributes: readonly Attribute[],
  where: "promise" | "body",
): void {
  if (attributes.length < 2) return;
  const seen = new Map<string, Attribute>();
  for (const attribute of attributes) {
    const name = attribute.name.text;
    const key = attribute.guard === undefined ? name : `${attribute.guard.text}::${name}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, attribute);
      continue;
    }
    const related = [{ position: first.position, message: "it stands here first" }];
    const message = duplicateMessage(attribute, where);
    sink.reportAt("POLICY_DUPLICATE_ATTRIBUTE", attribute.position, name.length, message, { related });
  }
}

function duplicateMessage(attribute: Attribute, where: "promise" | "body"): string {
  const place =
    where === "promise"
      ? "this promise"
      : attribute.guard === undefined
        ? "this body"
        : `this body under ${attribute.guard.text}::`;
  return `${attribute.name.text} is already given in ${place}; remove one of the two`;
}
