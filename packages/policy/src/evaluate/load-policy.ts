import type { Diagnostic, SourcePosition } from "@berth/model";
import type { Body, PolicyFile } from "../syntax/ast.ts";
import { parsePolicy } from "../syntax/parse-policy.ts";
import { classHolds } from "./class-holds.ts";
import { ClassScope } from "./class-table.ts";
import { evaluateValue } from "./evaluate-value.ts";
import { evaluationLimits } from "./evaluation-budget.ts";
import type { EvaluationContext, EvaluationState } from "./evaluation-state.ts";
import { expandText } from "./expand-text.ts";
import { withText } from "./named-texts.ts";
import { hasReference } from "./text-template.ts";

/**
 * A policy is one file and those it includes: `inputs` of `body common control` and `body file control`, relative to the
 * file that names them. An input's name may hold variables, so the files read so far are looked through for their variables
 * before the names are expanded, as often as that leads to new files.
 */
export interface LoadedPolicy {
  readonly files: readonly PolicyFile[];
  /** Path to text, for showing diagnostics. */
  readonly sources: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the entry file and everything it includes. `rehearseBundles` gives variables their values so far. */
export function loadPolicy(
  state: EvaluationState,
  entry: { readonly file: string; readonly text: string },
  rehearseBundles: () => void,
): LoadedPolicy {
  const loader = new PolicyLoader(state);
  loader.add(entry.file, entry.text, true);
  for (let grew = true; grew; ) {
    if (loader.needsVariables()) rehearseBundles();
    grew = loader.addInputs();
  }
  return loader;
}

class PolicyLoader implements LoadedPolicy {
  readonly files: PolicyFile[] = [];
  readonly sources = new Map<string, string>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #asked = new Set<string>();
  /** Bodies whose inputs are read and hold no variables: a second look finds nothing new. */
  readonly #settled = new Set<Body>();
  readonly #state: EvaluationState;

  constructor(state: EvaluationState) {
    this.#state = state;
  }

  add(file: string, text: string, isEntry: boolean): void {
    const parsed = parsePolicy(text, file);
    this.files.push(parsed.ast);
    this.sources.set(file, text);
    this.#asked.add(normalised(file));
    this.diagnostics.push(...parsed.diagnostics);
    this.#state.addFile(parsed.ast, isEntry);
  }

  needsVariables(): boolean {
    return this.#inputBodies().some(hasVariableInputs);
  }

  /** Reads the inputs that are not read yet. @returns whether there was one */
  addInputs(): boolean {
    let grew = false;
    for (const body of this.#inputBodies().filter((each) => !this.#settled.has(each))) {
      if (!hasVariableInputs(body)) this.#settled.add(body);
      for (const input of inputsOf(body, this.#state)) grew = this.#addInput(input, body) || grew;
    }
    return grew;
  }

  #addInput(input: Input, body: Body): boolean {
    if (hasReference(input.path)) return false;
    const path = input.path.startsWith("/") ? input.path : joined(directoryOf(body.position.file), input.path);
    if (this.#asked.has(normalised(path))) return false;
    this.#asked.add(normalised(path));
    if (this.files.length >= evaluationLimits.files) {
      this.#fail(input.position, `a policy may have ${evaluationLimits.files} files; this one is not read`);
      return false;
    }
    const file = this.#state.world.readFile(path);
    if (file.ok) {
      this.add(path, file.text, false);
      return true;
    }
    if (!ignoresMissing(this.files)) this.#fail(input.position, `cannot read the input ${path}: ${file.error}`);
    return false;
  }

  #fail(position: SourcePosition, message: string): void {
    this.diagnostics.push({ severity: "error", code: "POLICY_INPUT_UNREADABLE", message, position });
  }

  #inputBodies(): readonly Body[] {
    return this.files.flatMap((file) =>
      file.blocks.filter(
        (block): block is Body =>
          block.kind === "body" &&
          block.name.text === "control" &&
          (block.bodyType.text === "common" || block.bodyType.text === "file"),
      ),
    );
  }
}

interface Input {
  readonly path: string;
  readonly position: SourcePosition;
}

function inputsOf(body: Body, state: EvaluationState): readonly Input[] {
  const context = controlContext(body, state);
  return body.attributes
    .filter((each) => each.name.text === "inputs")
    .filter(({ guard }) => guard === undefined || classHolds(expandText(guard.text, context), context, guard.position))
    .flatMap(({ value }) => (value.kind === "list" ? value.elements : [value]))
    .flatMap((element) => {
      const single = evaluateValue({ kind: "list", position: element.position, elements: [element] }, context);
      return single?.kind === "list" ? single.items.map((path) => ({ path, position: element.position })) : [];
    })
    .filter(({ path }) => !path.startsWith("@"));
}

/** The context of a control body: no bundle of its own, its namespace's variables. */
export function controlContext(body: Body, state: EvaluationState): EvaluationContext {
  const bundle = {
    kind: "bundle" as const,
    position: body.position,
    bundleType: body.bodyType,
    name: body.name,
    namespace: body.namespace,
    parameters: [],
    sections: [],
  };
  const directory = directoryOf(body.position.file);
  const inFile = withText(undefined, "this.promise_filename", body.position.file);
  const specials = withText(inFile, "this.promise_dirname", directory);
  return {
    state,
    bundle,
    scope: `${body.namespace}:control_${body.bodyType.text}`,
    classes: new ClassScope(),
    specials,
    pass: 1,
  };
}

function ignoresMissing(files: readonly PolicyFile[]): boolean {
  return files.some((file) =>
    file.blocks.some(
      (block) =>
        block.kind === "body" &&
        block.bodyType.text === "common" &&
        block.name.text === "control" &&
        block.attributes.some(
          ({ name, value }) =>
            name.text === "ignore_missing_inputs" && value.kind === "string" && value.text === "true",
        ),
    ),
  );
}

function hasVariableInputs(body: Body): boolean {
  return body.attributes.some(
    ({ name, value, guard }) => (name.text === "inputs" && holdsVariables(value)) || guard !== undefined,
  );
}

function holdsVariables(value: Body["attributes"][number]["value"]): boolean {
  switch (value.kind) {
    case "string":
      return hasReference(value.text) || value.text.startsWith("@");
    case "list":
      return value.elements.some(holdsVariables);
    case "variable":
    case "call":
      return true;
    case "name":
      return false;
  }
}

function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, Math.max(1, slash));
}

function joined(directory: string, path: string): string {
  return directory === "." ? path : `${directory === "/" ? "" : directory}/${path}`;
}

/** `a/./b/../c` and `a/c` are one file. */
function normalised(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else parts.push(part);
  }
  return (path.startsWith("/") ? "/" : "") + parts.join("/");
}
