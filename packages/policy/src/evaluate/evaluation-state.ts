import { type ClassExpressionResult, parseClassExpression } from "../class-expression/parse-class-expression.ts";
import type { HostFacts } from "../hard-classes/host-facts.ts";
import type { Body, Bundle, PolicyFile } from "../syntax/ast.ts";
import type { ClassScope, ClassTable } from "./class-table.ts";
import { EvaluationBudget } from "./evaluation-budget.ts";
import { FindingList } from "./finding-list.ts";
import type { NamedTexts } from "./named-texts.ts";
import type { PolicyValue } from "./policy-value.ts";
import type { PolicyWorld } from "./policy-world.ts";
import { ReferenceCache } from "./reference-cache.ts";
import { parseTemplate, type Template } from "./text-template.ts";
import { parseVariableName, type VariableName } from "./variable-name.ts";
import { VariableTable } from "./variable-table.ts";

/** Everything that one evaluation keeps, made anew for each. */
export class EvaluationState {
  readonly facts: HostFacts;
  readonly world: PolicyWorld;
  readonly allowCommands: boolean;
  readonly classes: ClassTable;
  readonly variables = new VariableTable();
  readonly findings = new FindingList();
  readonly budget = new EvaluationBudget();
  /** Qualified name to bundle; the first of two counts, the second is reported by the front end. */
  readonly bundles = new Map<string, Bundle>();
  /** `type namespace:name` to body. */
  readonly bodies = new Map<string, Body>();
  /** References of texts, found once. */
  readonly references = new ReferenceCache();
  readonly #templates = new Map<string, Template>();
  readonly #names = new Map<string, VariableName>();
  readonly #expressions = new Map<string, ClassExpressionResult>();

  constructor(facts: HostFacts, world: PolicyWorld, classes: ClassTable, allowCommands: boolean) {
    this.facts = facts;
    this.world = world;
    this.classes = classes;
    this.allowCommands = allowCommands;
  }

  addFile(file: PolicyFile, isEntry: boolean): void {
    for (const block of file.blocks) {
      if (block.kind === "bundle") this.#addBundle(block, isEntry);
      if (block.kind === "body") {
        const key = `${block.bodyType.text} ${block.namespace}:${block.name.text}`;
        if (!this.bodies.has(key)) this.bodies.set(key, block);
      }
    }
  }

  /** `__main__` is `main` in the file that the user named, and nothing in a file that another one includes. */
  #addBundle(bundle: Bundle, isEntry: boolean): void {
    if (bundle.name.text === "__main__" && !isEntry) return;
    const name = bundle.name.text === "__main__" ? "main" : bundle.name.text;
    const key = `${bundle.namespace}:${name}`;
    if (!this.bundles.has(key)) this.bundles.set(key, bundle);
  }

  /** Templates of texts that stand in the policy, each taken apart once. */
  readonly template = (text: string): Template => {
    let template = this.#templates.get(text);
    if (template === undefined) {
      template = parseTemplate(text);
      if (this.#templates.size < cachedMax) this.#templates.set(text, template);
    }
    return template;
  };

  /** Names of variables, each taken apart once. */
  variableName(text: string): VariableName {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = parseVariableName(text);
      if (this.#names.size < cachedMax) this.#names.set(text, name);
    }
    return name;
  }

  expression(text: string): ClassExpressionResult {
    let parsed = this.#expressions.get(text);
    if (parsed === undefined) {
      parsed = parseClassExpression(text);
      if (this.#expressions.size < cachedMax) this.#expressions.set(text, parsed);
    }
    return parsed;
  }
}

/** Enough for every text of a large policy; texts out of data beyond it are taken apart each time. */
const cachedMax = 20_000;

/** `name` or `namespace:name` as used in `namespace`, qualified. CFEngine never falls back to another namespace. */
export function qualifiedName(name: string, namespace: string): string {
  return name.includes(":") ? name : `${namespace}:${name}`;
}

/** Where in the run a text is looked at: what its unqualified names mean. */
export interface EvaluationContext {
  readonly state: EvaluationState;
  readonly bundle: Bundle;
  /** Qualified: `default:main`. */
  readonly scope: string;
  readonly classes: ClassScope;
  /** `$(this.name)`, and `with` as itself. */
  readonly specials: NamedTexts | undefined;
  /** Reference names that the iteration has fixed, as written, to the item of this round. */
  readonly bindings?: NamedTexts | undefined;
  /** Parameters of the body whose text is looked at. */
  readonly parameters?: ReadonlyMap<string, PolicyValue>;
  /** 1 to 3; from the last one on, what is unresolved stays so. */
  readonly pass: number;
}

/** Passes over each bundle, as in CFEngine: what a later promise defines, an earlier one sees in the next pass. */
export const passes = 3;
