import { evaluationLimits } from "./evaluation-budget.ts";
import type { EvaluationContext } from "./evaluation-state.ts";
import { type JsonValue, jsonAt } from "./json-value.ts";
import { textNamed } from "./named-texts.ts";
import { fromJson, type PolicyValue } from "./policy-value.ts";
import { hasReference, type Template, type TemplateReference } from "./text-template.ts";

/**
 * Filling the holes of a text. A hole whose variable holds a text becomes that text, expanded in its turn; any other hole
 * (unknown, a list outside an iteration, a container) stays as it is written, with the holes inside its name filled.
 */

/** Expands a text in a context. Never throws; past the limits the rest stays as written. */
export function expandText(text: string, context: EvaluationContext): string {
  if (!text.includes("$")) return text;
  return expandTemplate(context.state.template(text), context, 0);
}

function expandTemplate(template: Template, context: EvaluationContext, depth: number): string {
  if (template.plain) return template.text;
  let result = "";
  for (const part of template.parts) {
    result += typeof part === "string" ? part : expandReference(part, context, depth);
    if (result.length > evaluationLimits.textLength) return reportTooLong(template, context);
  }
  context.state.budget.takeCharacters(result.length);
  return result;
}

function expandReference(reference: TemplateReference, context: EvaluationContext, depth: number): string {
  if (context.state.budget.exhausted) return reference.raw;
  const name = expandTemplate(reference.name, context, depth);
  const value = resolveName(name, context);
  if (value?.kind !== "scalar") return reference.name.plain ? reference.raw : `$${bracketed(reference, name)}`;
  if (!hasReference(value.text)) return value.text;
  if (depth >= evaluationLimits.referenceDepth) {
    const message = `the variables that ${reference.raw} leads to nest deeper than ${evaluationLimits.referenceDepth}; they lead in a circle`;
    context.state.findings.add("POLICY_EXPANSION_TOO_DEEP", context.bundle.position, message);
    return value.text;
  }
  return expandTemplate(context.state.template(value.text), withoutParameters(context), depth + 1);
}

function bracketed(reference: TemplateReference, name: string): string {
  return reference.bracket === "(" ? `(${name})` : `{${name}}`;
}

/** A variable's own text was written in a bundle: a body's parameters mean nothing in it. */
function withoutParameters(context: EvaluationContext): EvaluationContext {
  if (context.parameters === undefined) return context;
  const { parameters: _, ...rest } = context;
  return rest;
}

function reportTooLong(template: Template, context: EvaluationContext): string {
  const message = `a text grows beyond ${evaluationLimits.textLength} characters when its variables are filled in`;
  context.state.findings.addFinal("POLICY_TEXT_TOO_LONG", context.bundle.position, message);
  context.state.budget.exhaust();
  return template.text;
}

/** The value of a name as written between the brackets, in a context; `undefined` where there is none. */
export function resolveName(text: string, context: EvaluationContext): PolicyValue | undefined {
  const parameter = context.parameters?.get(text);
  if (parameter?.kind === "scalar") return parameter;
  const bound = textNamed(context.bindings, text);
  if (bound !== undefined) return { kind: "scalar", type: "string", text: bound };
  if (parameter !== undefined) return parameter;
  const name = context.state.variableName(text);
  if (name.scope === undefined && name.namespace === undefined) {
    if (name.indices.length > 0) {
      const container = context.parameters?.get(name.name);
      if (container?.kind === "data") return memberOf(container.json, name.indices);
    }
    if (name.name === "with" || name.name === "this") return special(name.name, context);
  }
  if (name.scope === "this") return special(`this.${name.name}`, context);
  return context.state.variables.find(name, context.scope);
}

function memberOf(json: JsonValue, indices: readonly string[]): PolicyValue | undefined {
  const member = jsonAt(json, indices);
  return member === undefined ? undefined : fromJson(member);
}

function special(name: string, context: EvaluationContext): PolicyValue | undefined {
  const text = textNamed(context.specials, name);
  return text === undefined ? undefined : { kind: "scalar", type: "string", text };
}
