import type { SourcePosition } from "@berth/model";
import type { Attribute, Body, Bundle, PolicyFile, Value } from "../syntax/ast.ts";
import { closestWord } from "../syntax/closest-word.ts";
import { classHolds } from "./class-holds.ts";
import { evaluateValue } from "./evaluate-value.ts";
import { type EvaluationContext, type EvaluationState, qualifiedName } from "./evaluation-state.ts";
import { expandText } from "./expand-text.ts";
import { controlContext } from "./load-policy.ts";
import type { PolicyValue } from "./policy-value.ts";

/**
 * Which bundles run, in which order: those that the caller names, else `bundlesequence` of `body common control`, else
 * `main`.
 */
export interface SequencedBundle {
  readonly bundle: Bundle;
  readonly args: readonly PolicyValue[];
}

/** @param given the caller's own sequence, which replaces the policy's */
export function bundleSequence(
  state: EvaluationState,
  files: readonly PolicyFile[],
  given: readonly string[] | undefined,
): readonly SequencedBundle[] {
  const start: SourcePosition = files[0]?.position ?? { file: "", line: 1, column: 1 };
  if (given !== undefined) return given.flatMap((name) => find(name, [], "default", start, state));
  const controls = files.flatMap((file) => file.blocks).filter(isCommonControl);
  const sequences = controls.flatMap((body) =>
    sequenceAttributes(body, state).map((attribute) => ({ body, attribute })),
  );
  if (sequences.length === 0) return findMain(start, state);
  return sequences.flatMap(({ body, attribute }) => entries(attribute, controlContext(body, state)));
}

function isCommonControl(block: PolicyFile["blocks"][number]): block is Body {
  return block.kind === "body" && block.bodyType.text === "common" && block.name.text === "control";
}

function sequenceAttributes(body: Body, state: EvaluationState): readonly Attribute[] {
  const context = controlContext(body, state);
  return body.attributes.filter(
    ({ name, guard }) =>
      name.text === "bundlesequence" &&
      (guard === undefined || classHolds(expandText(guard.text, context), context, guard.position)),
  );
}

function entries(attribute: Attribute, context: EvaluationContext): readonly SequencedBundle[] {
  const { value } = attribute;
  const elements: readonly Value[] = value.kind === "list" ? value.elements : [value];
  return elements.flatMap((element) => entry(element, context));
}

function entry(element: Value, context: EvaluationContext): readonly SequencedBundle[] {
  const namespace = context.bundle.namespace;
  if (element.kind === "call") {
    const args = element.args.map((argument) => evaluateValue(argument, context));
    const known = args.filter((argument) => argument !== undefined);
    return find(element.name.text, known, namespace, element.position, context.state);
  }
  if (element.kind === "name") return find(element.text, [], namespace, element.position, context.state);
  const names = evaluateValue({ kind: "list", position: element.position, elements: [element] }, context);
  const items = names?.kind === "list" ? names.items : [];
  return items.flatMap((name) => find(name, [], namespace, element.position, context.state));
}

function find(
  name: string,
  args: readonly PolicyValue[],
  namespace: string,
  position: SourcePosition,
  state: EvaluationState,
): readonly SequencedBundle[] {
  const bundle = state.bundles.get(qualifiedName(name, namespace));
  if (bundle === undefined) {
    const hint = closestWord(
      name,
      [...state.bundles.keys()].map((key) => key.replace(/^default:/, "")),
    );
    const message = `there is no bundle ${name}, which the bundlesequence names`;
    state.findings.add("POLICY_UNDEFINED_BUNDLE", position, message, hint === undefined ? {} : { hint });
    return [];
  }
  if (bundle.parameters.length === args.length) return [{ bundle, args }];
  const message = `bundle ${name} takes ${bundle.parameters.length} arguments; the bundlesequence gives ${args.length}`;
  state.findings.add("POLICY_WRONG_ARGUMENT_COUNT", position, message);
  return [];
}

function findMain(start: SourcePosition, state: EvaluationState): readonly SequencedBundle[] {
  const bundle = state.bundles.get("default:main");
  if (bundle !== undefined) return [{ bundle, args: [] }];
  const message =
    "nothing says which bundles to run: add bundle agent main, or body common control with a bundlesequence";
  state.findings.add("POLICY_NO_BUNDLESEQUENCE", start, message);
  return [];
}
