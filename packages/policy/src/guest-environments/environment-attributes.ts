import type { SourcePosition } from "@berth/model";
import { evaluateValue } from "../evaluate/evaluate-value.ts";
import type { EvaluationContext } from "../evaluate/evaluation-state.ts";
import { type ResolvedBody, resolveBody } from "../evaluate/resolve-body.ts";
import type { PromiseRound } from "../evaluate/run-promise.ts";
import { hasReference } from "../evaluate/text-template.ts";
import type { Attribute } from "../syntax/ast.ts";
import { attributeProblems } from "./attribute-problem.ts";
import { type GuestAttribute, guestAttribute } from "./guest-attributes.ts";

/**
 * Reads the attributes of one promise, from the promise and from the bodies it names, checks each against the table and
 * remembers whether one of them was wrong: a promise with a wrong attribute is reported and not promised.
 */
export class AttributeReader {
  readonly #round: PromiseRound;
  readonly #bodies = new Map<string, ResolvedBody | undefined>();
  #failed = false;

  constructor(round: PromiseRound) {
    this.#round = round;
  }

  /** Whether something that was read is wrong. */
  get failed(): boolean {
    return this.#failed;
  }

  fail(code: string, position: SourcePosition, message: string, extras: Parameters<FindingAdder>[3] = {}): void {
    this.#failed ||= extras?.severity !== "warning";
    this.#round.context.state.findings.add(code, position, message, extras);
  }

  /** The text of a scalar attribute and its place; undefined where it is absent, or wrong and reported. */
  text(place: GuestAttribute["place"], name: string): PlacedText | undefined {
    const found = this.#find(place, name);
    if (found === undefined) return undefined;
    const { attribute, context } = found;
    const value = evaluateValue(attribute.value, context);
    const position = attribute.value.position;
    if (value?.kind !== "scalar") {
      this.fail("GUEST_VALUE_UNKNOWN", position, `the value of ${name} for ${this.#name()} is not known on this host`);
      return undefined;
    }
    if (hasReference(value.text)) {
      this.fail(
        "POLICY_UNRESOLVED_VARIABLE",
        position,
        `${name} of ${this.#name()} holds an unknown variable: ${value.text}`,
      );
      return undefined;
    }
    const row = guestAttribute(place, name);
    for (const problem of row === undefined ? [] : attributeProblems(row, value.text)) {
      this.fail(problem.code, position, this.#told(problem.message, attribute), problem);
    }
    return { text: value.text, position };
  }

  /** An attribute as it stands in the policy, with the context to look at it in. */
  raw(place: GuestAttribute["place"], name: string): { attribute: Attribute; context: EvaluationContext } | undefined {
    return this.#find(place, name);
  }

  /** The items of a list attribute; a single text counts as a list of one. */
  items(place: GuestAttribute["place"], name: string): readonly string[] {
    const found = this.#find(place, name);
    const value = found === undefined ? undefined : evaluateValue(found.attribute.value, found.context);
    if (value === undefined) return [];
    return value.kind === "scalar" ? [value.text] : value.kind === "list" ? value.items : [];
  }

  /** A body's attributes as they hold here; undefined where the promise names none. */
  body(name: string): ResolvedBody | undefined {
    if (!this.#bodies.has(name)) {
      const attribute = this.#round.attributes.get(name);
      this.#bodies.set(
        name,
        attribute === undefined ? undefined : resolveBody(name, attribute.value, this.#round.context),
      );
    }
    return this.#bodies.get(name);
  }

  /** What comes out of variables is one guest's mistake and not another's: the message says whose. */
  #told(message: string, { value }: Attribute): string {
    const isLiteral = value.kind === "string" && !hasReference(value.text);
    return isLiteral ? message : `${message} (for ${this.#name()})`;
  }

  #find(place: GuestAttribute["place"], name: string) {
    if (place !== "promise") return this.body(place)?.attributes.get(name);
    const attribute = this.#round.attributes.get(name);
    return attribute === undefined ? undefined : { attribute, context: this.#round.context };
  }

  #name(): string {
    return JSON.stringify(this.#round.promiser);
  }
}

type FindingAdder = EvaluationContext["state"]["findings"]["add"];

/** A text and where its attribute stands. */
export interface PlacedText {
  readonly text: string;
  readonly position: SourcePosition;
}
