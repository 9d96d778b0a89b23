/**
 * Which variables a text mentions does not change while a policy is evaluated, and every pass and every round wants to know
 * it: so it is found out once for each text.
 */
import { functionTable } from "../functions/function-table.ts";
import type { Call, Value } from "../syntax/ast.ts";
import type { Template } from "./text-template.ts";

/** A name between brackets, as written. */
export interface ReferenceName {
  readonly name: string;
  /** Whether the name has no holes itself. */
  readonly plain: boolean;
}

/** References of texts and values, inner ones before outer ones. The policy does not change: each is looked through once. */
export class ReferenceCache {
  readonly #byText = new Map<string, readonly ReferenceName[]>();
  readonly #byValue = new WeakMap<Value, readonly ReferenceName[]>();

  /** The references of a text. */
  ofText(text: string, template: (text: string) => Template): readonly ReferenceName[] {
    if (!text.includes("$")) return [];
    let names = this.#byText.get(text);
    if (names === undefined) {
      names = [...templateReferences(template(text))];
      this.#byText.set(text, names);
    }
    return names;
  }

  /** The references of a right side, its elements and arguments included. */
  ofValue(value: Value, template: (text: string) => Template): readonly ReferenceName[] {
    if (value.kind === "string") return this.ofText(value.text, template);
    let names = this.#byValue.get(value);
    if (names === undefined) {
      names = this.#inside(value, template);
      this.#byValue.set(value, names);
    }
    return names;
  }

  #inside(value: Value, template: (text: string) => Template): readonly ReferenceName[] {
    switch (value.kind) {
      case "string":
        return this.ofText(value.text, template);
      case "variable":
        return this.ofText(value.sigil === "$" ? value.raw : value.name, template);
      case "list":
        return value.elements.flatMap((element) => this.ofValue(element, template));
      case "call":
        return value.args.flatMap((argument, index) => (isLazy(value, index) ? [] : this.ofValue(argument, template)));
      case "name":
        return [];
    }
  }
}

/** What a function expands itself, for each item of its own list, does not iterate the promise: as observed of `maplist`. */
function isLazy(call: Call, index: number): boolean {
  return functionTable.get(call.name.text)?.parameters[index]?.type === "lazy";
}

function* templateReferences(template: Template): Iterable<ReferenceName> {
  for (const part of template.parts) {
    if (typeof part === "string") continue;
    if (!part.name.plain) yield* templateReferences(part.name);
    yield { name: part.name.text, plain: part.name.plain };
  }
}
