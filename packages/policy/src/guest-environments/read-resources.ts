import type { EnvironmentResources, EnvironmentSpec, SourcePosition } from "@berth/model";
import { evaluateValue } from "../evaluate/evaluate-value.ts";
import type { PolicyWorld } from "../evaluate/policy-world.ts";
import { hasReference } from "../evaluate/text-template.ts";
import { parseInteger } from "../functions/number-text.ts";
import { attributeProblems } from "./attribute-problem.ts";
import type { AttributeReader } from "./environment-attributes.ts";
import { guestAttribute } from "./guest-attributes.ts";
import { definitionAndSize, sizeAttributes } from "./guest-combinations.ts";

/** `body environment_resources`: sizes, or a definition, but not both. */
export function readResources(reader: AttributeReader, world: PolicyWorld): EnvironmentResources {
  const cpus = integer(reader, "env_cpus");
  const memoryKib = integer(reader, "env_memory");
  const diskMb = integer(reader, "env_disk");
  const baseline = reader.text("environment_resources", "env_baseline")?.text;
  const spec = readSpec(reader, world);
  refuseSizes(reader);
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(memoryKib === undefined ? {} : { memoryKib }),
    ...(diskMb === undefined ? {} : { diskMb }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(spec === undefined ? {} : { spec }),
  };
}

function integer(reader: AttributeReader, name: string): number | undefined {
  const read = reader.text("environment_resources", name);
  return read === undefined ? undefined : parseInteger(read.text)?.value;
}

function refuseSizes(reader: AttributeReader): void {
  const definition =
    reader.raw("environment_resources", "env_spec") ?? reader.raw("environment_resources", "env_spec_file");
  for (const name of sizeAttributes) {
    const size = reader.raw("environment_resources", name);
    if (size === undefined || definition === undefined) continue;
    const { code, message, extras } = definitionAndSize(size.attribute, definition.attribute);
    reader.fail(code, size.attribute.position, message, extras);
  }
}

function readSpec(reader: AttributeReader, world: PolicyWorld): EnvironmentSpec | undefined {
  const named = reader.raw("environment_resources", "env_spec");
  const found = named ?? reader.raw("environment_resources", "env_spec_file");
  if (found === undefined) return undefined;
  const name = found.attribute.name.text;
  const position = found.attribute.value.position;
  const value = evaluateValue(found.attribute.value, found.context);
  if (value?.kind !== "scalar") {
    const problem = `the value of ${name} is not known on this host`;
    reader.fail("GUEST_SPEC_UNKNOWN", position, problem, { severity: "warning" });
    return { xml: "", problem, position };
  }
  const row = guestAttribute("environment_resources", name);
  const problems = row === undefined ? [] : attributeProblems(row, value.text);
  for (const problem of problems) reader.fail(problem.code, position, problem.message, problem);
  if (problems.length > 0) return undefined;
  if (hasReference(value.text)) warnOfUnknown(reader, name, value.text, position);
  return value.text.trim().startsWith("/")
    ? readSpecFile(value.text.trim(), position, reader, world)
    : { xml: value.text, position };
}

/** XML may hold `$(...)` of its own, so an unknown variable in it is not an error. */
function warnOfUnknown(reader: AttributeReader, name: string, text: string, position: SourcePosition): void {
  const reference = /\$[({][^\s(){}]*[)}]/.exec(text)?.[0] ?? "$(...)";
  const message = `${name} holds the unknown variable ${reference}, which stays in the definition as it is`;
  reader.fail("POLICY_UNRESOLVED_VARIABLE", position, message, { severity: "warning" });
}

/** A definition may lie only on the hosts that run the guest: a file that is missing fails the promise, not the policy. */
function readSpecFile(
  path: string,
  position: SourcePosition,
  reader: AttributeReader,
  world: PolicyWorld,
): EnvironmentSpec {
  const file = world.readFile(path);
  if (!file.ok) {
    const problem = `cannot read the definition ${path}: ${file.error}`;
    reader.fail("GUEST_SPEC_FILE_UNREADABLE", position, problem, { severity: "warning" });
    return { xml: "", path, problem, position };
  }
  if (file.text.trim().startsWith("<")) return { xml: file.text, path, position };
  const problem = `${path} is no libvirt XML: it does not start with <`;
  reader.fail("GUEST_SPEC_FILE_UNREADABLE", position, problem, { severity: "warning" });
  return { xml: "", path, problem, position };
}
