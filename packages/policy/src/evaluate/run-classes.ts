import { parseInteger } from "../functions/number-text.ts";
import { canonify } from "../hard-classes/canonify.ts";
import { hostNames } from "../hard-classes/hard-classes.ts";
import type { Attribute, Value } from "../syntax/ast.ts";
import { classHolds } from "./class-holds.ts";
import { evaluateValue } from "./evaluate-value.ts";
import { conditionAnswer, type PromiseRound } from "./run-promise.ts";
import { hasReference } from "./text-template.ts";

/**
 * A `classes` promise defines a class where its condition holds. `dist` and `select_class` choose one class of several:
 * CFEngine throws dice for the first; here both are chosen by the host's name, so that a host always chooses the same.
 */
export function runClass(round: PromiseRound): void {
  const { promiser } = round;
  if (promiser === "" || hasReference(promiser)) return;
  const name = canonify(promiser);
  const decided = decide(round, name);
  for (const chosen of decided) defineClass(round, chosen);
}

function defineClass(round: PromiseRound, name: string): void {
  const { context, attributes } = round;
  const scope = attributes.get("scope");
  const value = scope === undefined ? undefined : evaluateValue(scope.value, context);
  const wanted =
    value?.kind === "scalar" ? value.text : context.bundle.bundleType.text === "common" ? "namespace" : "bundle";
  if (wanted === "namespace") context.state.classes.define(name, context.bundle.namespace);
  else context.classes.add(name);
}

type Decision = (attribute: Attribute, round: PromiseRound, name: string) => readonly string[];

const decisions: Readonly<Record<string, Decision>> = {
  expression: (attribute, round, name) => (conditionAnswer(attribute.value, round.context) === true ? [name] : []),
  not: (attribute, round, name) => (conditionAnswer(attribute.value, round.context) === true ? [] : [name]),
  and: (attribute, round, name) => (answers(attribute, round).every((answer) => answer) ? [name] : []),
  or: (attribute, round, name) => (answers(attribute, round).some((answer) => answer) ? [name] : []),
  xor: (attribute, round, name) =>
    answers(attribute, round).filter((answer) => answer).length % 2 === 1 ? [name] : [],
  dist: chooseByShare,
  select_class: chooseOne,
};

function decide(round: PromiseRound, name: string): readonly string[] {
  for (const [key, decision] of Object.entries(decisions)) {
    const attribute = round.attributes.get(key);
    if (attribute !== undefined) return decision(attribute, round, name);
  }
  return [name];
}

/** Each element's answer; an element with an unknown variable does not hold. */
function answers(attribute: Attribute, round: PromiseRound): readonly boolean[] {
  return elementsOf(attribute.value).flatMap((element) => elementAnswers(element, round));
}

function elementsOf(value: Value): readonly Value[] {
  return value.kind === "list" ? value.elements : [value];
}

function elementAnswers(element: Value, round: PromiseRound): readonly boolean[] {
  if (element.kind !== "variable" && element.kind !== "string")
    return [conditionAnswer(element, round.context) === true];
  return texts(element, round).map((text) => !hasReference(text) && classHolds(text, round.context, element.position));
}

function texts(value: Value, round: PromiseRound): readonly string[] {
  const whole: Value = value.kind === "list" ? value : { kind: "list", position: value.position, elements: [value] };
  const evaluated = evaluateValue(whole, round.context);
  return evaluated?.kind === "list" ? evaluated.items.filter((item) => !item.startsWith("@(")) : [];
}

/** `dist => { "10", "30" }` on `x` defines `x` and one of `x_10`, `x_30`, in these shares. */
function chooseByShare(attribute: Attribute, round: PromiseRound, name: string): readonly string[] {
  const shares = texts(attribute.value, round).map((text) => ({ text, share: parseInteger(text)?.value ?? 0 }));
  const total = shares.reduce((sum, { share }) => sum + share, 0);
  let point = total === 0 ? 0 : (hostNumber(round, name) % 1_000_003) % total;
  for (const { text, share } of shares) {
    if (point < share) return [name, canonify(`${name}_${text}`)];
    point -= share;
  }
  return [];
}

function chooseOne(attribute: Attribute, round: PromiseRound, name: string): readonly string[] {
  const choices = texts(attribute.value, round);
  const chosen = choices[hostNumber(round, name) % Math.max(1, choices.length)];
  return chosen === undefined || hasReference(chosen) ? [] : [name, canonify(chosen)];
}

/** FNV-1a of the host's name and the class's: spread evenly over hosts, the same on one host for ever. */
function hostNumber(round: PromiseRound, name: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${hostNames(round.context.state.facts).fqhost}/${name}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash;
}
