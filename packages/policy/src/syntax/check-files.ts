/**
 * What can be said about a policy once all its files are read and before anything is evaluated: whether the names it uses
 * exist, whether a name is given twice, and whether right sides have the shape that their attribute takes. Values are not
 * looked at.
 */
import type { Diagnostic } from "@berth/model";
import type { Attribute, Body, Bundle, Identifier, PolicyFile, PromiseBlock, Section } from "./ast.ts";
import { checkAttributes } from "./check-attributes.ts";
import { CheckFindings } from "./check-findings.ts";
import { checkReferences } from "./check-references.ts";
import { closestWord } from "./closest-word.ts";
import { type Definitions, definitionsOf } from "./definitions.ts";
import {
  bodyAttributesOf,
  bodyTypes,
  bundleTypes,
  controlAttributesOf,
  controlTypes,
  promiseAttributesOf,
  promiseBlockAttributes,
  promiseTypes,
  promiseTypesOf,
} from "./language-names.ts";
import { blockWords } from "./parse-context.ts";

/**
 * Checks the files of one policy together.
 *
 * @param files the entry file and everything that `inputs` named, in the order of reading
 * @param complete false where the parser found errors in any file: then only names are checked, and nothing that a missing
 *   definition would make wrong
 * @returns findings in the order of the files and of their text; `POLICY_UNKNOWN_...` carry a hint where a known name is near
 */
export function checkFiles(files: readonly PolicyFile[], complete = true): readonly Diagnostic[] {
  const findings = new CheckFindings(complete);
  const definitions = definitionsOf(files, findings);
  for (const file of files) {
    for (const block of file.blocks) {
      if (findings.isFull) return inOrder(files, findings.found);
      if (block.kind === "bundle") checkBundle(block, definitions, findings);
      else if (block.kind === "body") checkBody(block, findings);
      else checkPromiseBlock(block, findings);
      if (complete && block.kind !== "promise-block") checkReferences(block, definitions, findings);
    }
  }
  return inOrder(files, findings.found);
}

function inOrder(files: readonly PolicyFile[], found: readonly Diagnostic[]): readonly Diagnostic[] {
  const places = new Map(files.map((file, index) => [file.position.file, index]));
  const place = ({ position }: Diagnostic): number => places.get(position.file) ?? files.length;
  return found.toSorted(
    (left, right) =>
      place(left) - place(right) ||
      left.position.line - right.position.line ||
      left.position.column - right.position.column,
  );
}

function checkBundle(bundle: Bundle, definitions: Definitions, found: CheckFindings): void {
  const { bundleType } = bundle;
  if (!bundleTypes.includes(bundleType.text)) {
    found.add(unknownWord("POLICY_UNKNOWN_BUNDLE_TYPE", "bundle type", bundleType, bundleTypes));
    return;
  }
  const allowed = promiseTypesOf(bundleType.text);
  for (const section of bundle.sections) {
    if (found.isFull) return;
    checkSection(section, bundle, allowed, definitions, found);
  }
}

function checkSection(
  section: Section,
  bundle: Bundle,
  allowed: ReadonlySet<string>,
  definitions: Definitions,
  found: CheckFindings,
): void {
  const type = section.promiseType;
  const custom = bundle.bundleType.text === "agent" ? definitions.promiseTypes : new Set<string>();
  if (custom.has(type.text) || blockWords.has(type.text)) return;
  const table = promiseAttributesOf(type.text);
  if (table === undefined) {
    found.add(unknownWord("POLICY_UNKNOWN_PROMISE_TYPE", "promise type", type, [...allowed, ...custom], guardAdvice));
    return;
  }
  if (!allowed.has(type.text)) {
    const message = `a bundle ${bundle.bundleType.text} holds no ${type.text} promises; move them into ${homeOf(type.text)}`;
    found.add(errorAt("POLICY_MISPLACED_PROMISE_TYPE", type, message));
  }
  for (const promise of section.promises) checkAttributes(promise.attributes, table, `${type.text} promise`, found);
}

function homeOf(promiseType: string): string {
  const home = bundleTypes.find((type) => promiseTypesOf(type).has(promiseType));
  return `a bundle ${home ?? "agent"}`;
}

function checkBody(body: Body, found: CheckFindings): void {
  const isControl = body.name.text === "control";
  const table = isControl ? controlAttributesOf(body.bodyType.text) : bodyAttributesOf(body.bodyType.text);
  if (table === undefined) {
    found.add(
      unknownWord("POLICY_UNKNOWN_BODY_TYPE", "body type", body.bodyType, isControl ? controlTypes : bodyTypes),
    );
    return;
  }
  checkAttributes(body.attributes, table, `body ${body.bodyType.text}${isControl ? " control" : ""}`, found);
}

function checkPromiseBlock(block: PromiseBlock, found: CheckFindings): void {
  if (block.blockType.text !== "agent") {
    found.add(
      errorAt(
        "POLICY_UNKNOWN_BUNDLE_TYPE",
        block.blockType,
        "only bundle agent takes custom promise types; write promise agent",
      ),
    );
  }
  if (promiseTypes.includes(block.name.text)) {
    const message = `${block.name.text} is built in and cannot be declared; choose another name`;
    found.add(errorAt("POLICY_BUILT_IN_PROMISE_TYPE", block.name, message));
  }
  checkAttributes(block.attributes as readonly Attribute[], promiseBlockAttributes(), "promise block", found);
}

const guardAdvice = "; if it is a class guard, it ends with two colons";

function unknownWord(code: string, what: string, word: Identifier, known: readonly string[], advice = ""): Diagnostic {
  const hint = closestWord(word.text, known);
  const list = hint === undefined ? `${advice}; known here: ${[...known].sort().join(", ")}` : "";
  return { ...errorAt(code, word, `there is no ${what} ${word.text}${list}`), ...(hint === undefined ? {} : { hint }) };
}

function errorAt(code: string, word: Identifier, message: string): Diagnostic {
  return { severity: "error", code, message, position: word.position, length: word.text.length };
}
