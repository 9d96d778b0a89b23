/** Each mistake in a promise's XML: its code, and its place in the file that the user can open. */
import { checkSpec } from "@berth/domain-xml";
import type { EnvironmentPromise, EnvironmentSpec, GuestType } from "@berth/model";
import { describe, expect, test } from "vitest";

const here = { file: "policy.cf", line: 1, column: 1 };

function promise(
  xml: string | EnvironmentSpec,
  parts: { name?: string; type?: GuestType; kind?: "network" } = {},
): EnvironmentPromise {
  const spec = typeof xml === "string" ? { xml, position: here, path: "/srv/g.xml" } : xml;
  const common = {
    name: parts.name ?? "g",
    state: "create",
    hostClass: "any",
    hostHolds: true,
    resources: { spec },
    action: { policy: "fix", ifElapsedMinutes: 1, expireAfterMinutes: 1 },
    classes: {},
    meta: [],
    dependsOn: [],
    bundle: "main",
    position: here,
  } as const;
  if (parts.kind === "network") return { ...common, kind: "network", type: "kvm_net" };
  return { ...common, kind: "guest", type: parts.type ?? "kvm" };
}

const domain = (inside: string, type = "kvm") =>
  `<domain type='${type}'><name>g</name><memory unit='MiB'>64</memory>${inside}</domain>`;
const codes = (one: EnvironmentPromise) => checkSpec(one).map((diagnostic) => diagnostic.code);

describe("XML without a mistake", () => {
  test.each<[string, GuestType]>([
    ["kvm", "kvm"],
    ["qemu", "kvm"],
    ["xen", "xen"],
    ["test", "test"],
    ["vmware", "esx"],
    ["vbox", "vbox"],
  ])("of domain type %s passes for environment_type %s", (type, guestType) => {
    expect(codes(promise(domain("", type), { type: guestType }))).toEqual([]);
  });

  test("passes for a network, and a promise without XML has none to check", () => {
    expect(codes(promise("<network><name>g</name></network>", { kind: "network" }))).toEqual([]);
    expect(checkSpec({ ...promise(""), resources: {} })).toEqual([]);
  });
});

describe("a mistake in the XML", () => {
  test.each<[string, EnvironmentPromise, string[]]>([
    ["malformed", promise("<domain>"), ["XML_MALFORMED"]],
    ["two roots", promise("<domain/><domain/>"), ["XML_SECOND_ROOT"]],
    ["a network for a guest", promise("<network><name>g</name></network>"), ["SPEC_WRONG_ROOT"]],
    ["a guest for a network", promise(domain(""), { kind: "network" }), ["SPEC_WRONG_ROOT"]],
    ["no name", promise("<domain type='kvm'><memory unit='MiB'>64</memory></domain>"), ["SPEC_NAME_MISSING"]],
    ["another name than the promiser", promise(domain(""), { name: "h" }), ["SPEC_NAME_DIFFERS"]],
    ["no type", promise("<domain><name>g</name><memory unit='MiB'>64</memory></domain>"), ["SPEC_TYPE_MISSING"]],
    ["a xen domain for kvm", promise(domain("", "xen")), ["SPEC_TYPE_DIFFERS"]],
    ["a kvm domain for test", promise(domain(""), { type: "test" }), ["SPEC_TYPE_DIFFERS"]],
    ["a UUID that is none", promise(domain("<uuid>12-34</uuid>")), ["SPEC_UUID_INVALID"]],
    ["no memory", promise("<domain type='kvm'><name>g</name></domain>"), ["SPEC_MEMORY_MISSING"]],
    ["a unit that is none", promise(domain("<currentMemory unit='MegaByte'>1</currentMemory>")), ["SPEC_MEMORY_UNIT"]],
    ["memory that is no number", promise(domain("<currentMemory>512M</currentMemory>")), ["SPEC_MEMORY_SIZE"]],
    ["512 KiB, meant as MiB", promise(domain("<currentMemory>512</currentMemory>")), ["SPEC_MEMORY_LOW"]],
    ["no processor", promise(domain("<vcpu>0</vcpu>")), ["SPEC_VCPU_COUNT"]],
    ["more processors now than ever", promise(domain("<vcpu current='4'>2</vcpu>")), ["SPEC_VCPU_COUNT"]],
    [
      "a name that leads elsewhere",
      promise(domain("").replace("g<", "..<"), { name: ".." }),
      ["PROMISER_NAME_UNUSABLE"],
    ],
  ])("is found: %s", (_title, one, expected) => {
    expect(codes(one)).toEqual(expected);
  });

  test("is shown in the file the XML was read from", () => {
    const [diagnostic] = checkSpec(
      promise("<domain type='kvm'>\n  <name>h</name>\n  <memory>65536</memory>\n</domain>"),
    );
    expect(diagnostic).toMatchObject({
      code: "SPEC_NAME_DIFFERS",
      position: { file: "/srv/g.xml", line: 2, column: 3 },
      length: 5,
      hint: "<name>g</name>",
    });
  });
});

describe("a mistake in XML that stands in the policy", () => {
  const policy = [
    "body environment_resources r(name)",
    "{",
    "  env_spec => # the machine",
    "    \"<domain type='kvm'>",
    "  <name>$(name)</name>",
    "  <memory unit='Mega'>64</memory>",
    '</domain>";',
    "}",
  ].join("\n");
  const xml = "<domain type='kvm'>\n  <name>guest1</name>\n  <memory unit='Mega'>64</memory>\n</domain>";
  const source = (file: string) => (file === "p.cf" ? policy : undefined);
  const at = (position: EnvironmentSpec["position"], text = xml) =>
    checkSpec(promise({ xml: text, position }, { name: "guest1" }), source)[0]?.position;

  test("is shown at its own line, whether the position is the attribute's or the string's", () => {
    expect(at({ file: "p.cf", line: 3, column: 3 })).toEqual({ file: "p.cf", line: 6, column: 3 });
    expect(at({ file: "p.cf", line: 4, column: 5 })).toEqual({ file: "p.cf", line: 6, column: 3 });
  });

  test("counts the first line from behind the quote", () => {
    const wrong = xml.replace("'kvm'", "'xen'").replace("Mega", "MiB");
    expect(at({ file: "p.cf", line: 3, column: 3 }, wrong)).toEqual({ file: "p.cf", line: 4, column: 6 });
  });

  test("is shown at the attribute where the XML is not written there, or the text is not at hand", () => {
    const elsewhere = { file: "p.cf", line: 1, column: 1 };
    expect(at(elsewhere)).toEqual(elsewhere);
    const unknown = { file: "other.cf", line: 3, column: 3 };
    expect(at(unknown)).toEqual(unknown);
  });
});
