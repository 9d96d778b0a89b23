import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Evaluation, evaluatePolicy } from "../src/index.ts";
import { brief, facts, worldOf } from "./evaluation-support.ts";

const xenFile = "<domain type='xen'><name>myUbuntu</name></domain>\n";

function evaluateSeed(name: string, files: Readonly<Record<string, string>> = {}): Evaluation {
  const text = readFileSync(new URL(`../../../test/fixtures/seed/${name}.cf`, import.meta.url), "utf8");
  return evaluatePolicy({ entryFile: `${name}.cf`, text, facts, world: worldOf(files), extraClasses: ["ubuntu"] });
}

const oldName = (place: string) => `warning GUEST_RENAMED_ATTRIBUTE ${place}`;
const path = "/srv/xen/centos5-libvirt-create.xml";

describe("the document's policies", () => {
  test("example1, which cf-promises rejects for env_spec_file, is accepted with a warning that names env_spec", () => {
    const { promises, diagnostics } = evaluateSeed("example1", { [path]: xenFile });
    expect(brief(diagnostics)).toEqual([oldName("15:1")]);
    expect(diagnostics[0]).toMatchObject({ hint: "env_spec" });
    expect(promises).toMatchObject([
      {
        kind: "guest",
        name: "myUbuntu",
        type: "xen",
        state: "create",
        hostClass: "my_physical_computer",
        hostHolds: false,
        resources: { spec: { xml: xenFile, path, position: { line: 15, column: 18 } } },
        position: { file: "example1.cf", line: 6, column: 1 },
      },
    ]);
  });

  test("example1 on a host without the file promises a guest whose definition has a problem", () => {
    const { promises, diagnostics } = evaluateSeed("example1");
    expect(brief(diagnostics)).toEqual([oldName("15:1"), "warning GUEST_SPEC_FILE_UNREADABLE 15:18"]);
    expect(promises[0]?.resources.spec).toMatchObject({
      xml: "",
      problem: `cannot read the definition ${path}: no such file`,
    });
  });

  test("example1.fixed, which cf-promises accepts, reads the same definition with readfile", () => {
    const { promises, diagnostics } = evaluateSeed("example1.fixed", { [path]: xenFile });
    expect(diagnostics).toEqual([]);
    expect(promises[0]?.resources.spec?.xml).toBe(xenFile);
  });

  test("example2, which cf-promises rejects, is told on its line that a promise ended there", () => {
    const { promises, diagnostics } = evaluateSeed("example2");
    expect(promises).toEqual([]);
    expect(diagnostics[0]).toMatchObject({ severity: "error", position: { line: 7 } });
    expect(diagnostics[0]?.message).toContain("ends at this semicolon");
  });

  test("example2.fixed is accepted, its template filled with the guest's name", () => {
    const { promises, diagnostics } = evaluateSeed("example2.fixed");
    expect(diagnostics).toEqual([]);
    expect(promises).toMatchObject([{ name: "myUbuntu", type: "xen", hostClass: "myphysicalcomputer" }]);
    const xml = promises[0]?.resources.spec?.xml ?? "";
    expect(xml).toContain("<name>myUbuntu</name>");
    expect(xml).toContain("file='/var/lib/xen/images/myUbuntu.img'");
  });

  test("example3, as cf-promises, is accepted with a warning of the removed host_licenses_paid", () => {
    const { promises, diagnostics } = evaluateSeed("example3");
    expect(brief(diagnostics)).toEqual(["warning POLICY_REMOVED_ATTRIBUTE 2:58"]);
    expect(promises.map(({ name, state, hostHolds }) => `${name} ${state} ${hostHolds}`)).toEqual([
      "bishwa-kvm1 suspended true",
      "bishwa-kvm2 running true",
      "bishwa-kvm3 down true",
      "bishwa-kvm4 delete true",
      "bishwa-kvm5 running true",
    ]);
    expect(promises.every(({ type, resources }) => type === "kvm" && resources.cpus === 2)).toBe(true);
    expect(promises[0]?.comment).toBe("Keep this vm suspended");
  });

  test("example4, which cf-promises rejects, is told of the stray quotes before <network>", () => {
    const { promises, diagnostics } = evaluateSeed("example4");
    expect(promises).toEqual([]);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toMatchObject([
      { position: { line: 11, column: 17 } },
    ]);
  });

  test("example4.fixed is accepted as a network of the guest's host", () => {
    const { promises, diagnostics } = evaluateSeed("example4.fixed");
    expect(brief(diagnostics)).toEqual(["warning POLICY_REMOVED_ATTRIBUTE 1:58"]);
    expect(promises).toMatchObject([
      { kind: "network", name: "cfvrnet1", type: "kvm_net", state: "create", hostHolds: true },
    ]);
    expect(promises[0]?.resources.spec?.xml).toContain("<name>cfvrnet1</name>");
  });
});
