import type { SourcePosition } from "@berth/model";
import type { Value } from "../syntax/ast.ts";
import { evaluationLimits } from "./evaluation-budget.ts";
import type { EvaluationContext } from "./evaluation-state.ts";
import { expandText, resolveName } from "./expand-text.ts";
import { type NamedTexts, withText } from "./named-texts.ts";
import { itemsOf } from "./policy-value.ts";
import type { ReferenceName } from "./reference-cache.ts";

/**
 * Implicit iteration: a promise that mentions `$(list)` is a promise for each item. Every list (or container) that a
 * promise mentions, in its promiser, its attributes and the bodies they name, is run through; the first one mentioned
 * changes slowest. Names with holes in them, `$(size[$(host)])`, are looked at once the hole is filled.
 */
export interface IterationPlan {
  /** Names without holes that hold lists, with their items; names with holes, to be looked at in each round. */
  readonly lists: readonly { readonly name: string; readonly items: readonly string[] }[];
  readonly dynamic: readonly string[];
}

/** Collects what a promise refers to, each name once, and finds the lists among it. */
export class ReferenceCollector {
  readonly #names = new Map<string, { readonly plain: boolean; readonly context: EvaluationContext }>();

  addText(text: string, context: EvaluationContext): void {
    const { state } = context;
    this.#add(state.references.ofText(text, state.template), context);
  }

  addValue(value: Value, context: EvaluationContext): void {
    const { state } = context;
    this.#add(state.references.ofValue(value, state.template), context);
  }

  #add(references: readonly ReferenceName[], context: EvaluationContext): void {
    for (const { name, plain } of references) {
      if (!this.#names.has(name)) this.#names.set(name, { plain, context });
    }
  }

  /** Looks up what was collected. */
  plan(): IterationPlan {
    const lists: { name: string; items: readonly string[] }[] = [];
    const dynamic: string[] = [];
    for (const [name, { plain, context }] of this.#names) {
      if (!plain) dynamic.push(name);
      const value = plain ? resolveName(name, context) : undefined;
      const items = value === undefined ? undefined : itemsOf(value);
      if (items !== undefined) lists.push({ name, items });
    }
    return { lists, dynamic };
  }
}

/** What one round of a promise is called with. */
export type Round = (context: EvaluationContext) => void;

/**
 * Runs `round` once for each combination of items. Nothing is run for an empty list, as in CFEngine. Past the limit the
 * promise is not run at all, and that is an error.
 */
export function iterate(plan: IterationPlan, context: EvaluationContext, position: SourcePosition, round: Round): void {
  const count = plan.lists.reduce((product, { items }) => product * items.length, 1);
  if (count > evaluationLimits.iterationsPerPromise) {
    const names = plan.lists.map(({ name }) => `$(${name})`).join(" x ");
    const message = `${names} makes ${count} promises of this one; at most ${evaluationLimits.iterationsPerPromise} are evaluated`;
    context.state.findings.add("POLICY_TOO_MANY_ITERATIONS", position, message);
    return;
  }
  if (plan.lists.length === 0 && plan.dynamic.length === 0) round(context);
  else nest({ plan, round, position, rounds: 0 }, 0, context, context.bindings);
}

interface Walk {
  readonly plan: IterationPlan;
  readonly round: Round;
  readonly position: SourcePosition;
  rounds: number;
}

function nest(walk: Walk, at: number, context: EvaluationContext, bindings: NamedTexts | undefined): void {
  const level = walk.plan.lists[at];
  if (level === undefined) {
    nestDynamic(walk, 0, { ...context, bindings });
    return;
  }
  for (const item of level.items) {
    if (stopped(walk, context)) return;
    nest(walk, at + 1, context, withText(bindings, level.name, item));
  }
}

/** `$(a[$(k)])` with `k` bound names `a[x]`, which may be a list in its turn. */
function nestDynamic(walk: Walk, at: number, context: EvaluationContext): void {
  const name = walk.plan.dynamic[at];
  if (name === undefined) {
    walk.rounds += 1;
    if (!stopped(walk, context)) walk.round(context);
    return;
  }
  const filled = expandText(name, context);
  const value = resolveName(filled, context);
  const items = value === undefined ? undefined : itemsOf(value);
  if (items === undefined) {
    nestDynamic(walk, at + 1, context);
    return;
  }
  for (const item of items) {
    if (stopped(walk, context)) return;
    nestDynamic(walk, at + 1, { ...context, bindings: withText(context.bindings, filled, item) });
  }
}

function stopped(walk: Walk, context: EvaluationContext): boolean {
  if (context.state.budget.exhausted) return true;
  if (walk.rounds <= evaluationLimits.iterationsPerPromise) return false;
  const message = `this promise iterates more than ${evaluationLimits.iterationsPerPromise} times`;
  context.state.findings.addFinal("POLICY_TOO_MANY_ITERATIONS", walk.position, message);
  context.state.budget.exhaust();
  return true;
}
