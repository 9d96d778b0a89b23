/** What a policy's files define, by name, and the names that are defined twice. */
import type { Diagnostic } from "@berth/model";
import type { Body, Bundle, PolicyFile } from "./ast.ts";
import type { CheckFindings } from "./check-findings.ts";

/** Everything that the files of one policy define. */
export interface Definitions {
  /** By `namespace:name`, every type of bundle. */
  readonly bundles: ReadonlyMap<string, readonly Bundle[]>;
  /** By `type namespace:name`, control bodies left out. */
  readonly bodies: ReadonlyMap<string, Body>;
  /** Custom promise types, declared by `promise agent name { ... }`. */
  readonly promiseTypes: ReadonlySet<string>;
}

/** Collects the definitions of all files; a second one of the same type and name is an error at its heading. */
export function definitionsOf(files: readonly PolicyFile[], findings: CheckFindings): Definitions {
  const bundles = new Map<string, Bundle[]>();
  const bodies = new Map<string, Body>();
  const promiseTypes = new Set<string>();
  const firsts = new Map<string, Bundle | Body>();
  for (const block of files.flatMap((file) => file.blocks)) {
    if (block.kind === "promise-block") {
      promiseTypes.add(block.name.text);
      continue;
    }
    if (isRepeatable(block)) continue;
    const key = definitionKey(block);
    const first = firsts.get(key);
    if (first !== undefined) {
      findings.add(duplicateDefinition(block, first));
      continue;
    }
    firsts.set(key, block);
    if (block.kind === "body") bodies.set(bodyKey(block.bodyType.text, block.namespace, block.name.text), block);
    else addBundle(bundles, block);
  }
  return { bundles, bodies, promiseTypes };
}

/** The key of {@link Definitions.bodies}. */
export function bodyKey(bodyType: string, namespace: string, name: string): string {
  return `${bodyType} ${qualifiedName(namespace, name)}`;
}

/** `name` as it is, if it names its namespace; otherwise in `namespace`. */
export function qualifiedName(namespace: string, name: string): string {
  return name.includes(":") ? name : `${namespace}:${name}`;
}

/** `body file control` may stand in a file as often as it changes namespace. */
function isRepeatable(block: Bundle | Body): boolean {
  return block.kind === "body" && block.bodyType.text === "file" && block.name.text === "control";
}

/** Every file may bring its own `__main__`; only the entry file's counts. */
function definitionKey(block: Bundle | Body): string {
  const type = block.kind === "body" ? block.bodyType.text : block.bundleType.text;
  const file = block.name.text === "__main__" ? block.position.file : "";
  return `${block.kind} ${type} ${qualifiedName(block.namespace, block.name.text)} ${file}`;
}

function addBundle(bundles: Map<string, Bundle[]>, bundle: Bundle): void {
  const key = qualifiedName(bundle.namespace, bundle.name.text);
  const others = bundles.get(key);
  if (others === undefined) bundles.set(key, [bundle]);
  else others.push(bundle);
}

function duplicateDefinition(block: Bundle | Body, first: Bundle | Body): Diagnostic {
  const type = block.kind === "body" ? block.bodyType.text : block.bundleType.text;
  const { text } = block.name;
  return {
    severity: "error",
    code: "POLICY_DUPLICATE_DEFINITION",
    message: `${block.kind} ${type} ${text} is defined twice; rename or remove one`,
    position: block.name.position,
    length: text.length,
    related: [{ position: first.name.position, message: "it is defined here first" }],
  };
}
