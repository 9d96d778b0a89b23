import { describe, expect, test } from "vitest";
import { guestAttributes } from "../src/index.ts";
import { brief, errorCodes, evaluate } from "./evaluation-support.ts";

/** One guest `g` with further attributes, and bodies. */
function guest(attributes: string, bodies = ""): string {
  return `bundle agent main {\nguest_environments:\n"g" environment_host => "any"${attributes === "" ? "" : `, ${attributes}`};\n}\n${bodies}`;
}

function withResources(resources: string, type = "test"): string {
  return guest(
    `environment_type => "${type}", environment_resources => r`,
    `body environment_resources r\n{\n${resources}\n}`,
  );
}

describe("a guest promise", () => {
  test("has CFEngine's defaults, and looks in every pass", () => {
    const { promises, diagnostics } = evaluate(guest(""));
    expect(diagnostics).toEqual([]);
    expect(promises).toEqual([
      {
        kind: "guest",
        name: "g",
        type: "test",
        state: "create",
        hostClass: "any",
        hostHolds: true,
        resources: {},
        action: { policy: "fix", ifElapsedMinutes: 0, expireAfterMinutes: 1 },
        classes: {},
        meta: [],
        dependsOn: [],
        bundle: "main",
        position: { file: "/policy/p.cf", line: 3, column: 1 },
      },
    ]);
  });

  test("carries everything that policy says of it", () => {
    const text = guest(
      `environment_type => "kvm", environment_state => "running", environment_resources => r, environment_interface => i,
       comment => "why", handle => "h", meta => { "m" }, action => a, classes => c("ok")`,
      `body environment_resources r { env_cpus => "2"; env_memory => "512K"; env_disk => "2k"; env_baseline => "/img/base.qcow2"; }
       body environment_interface i { env_addresses => { "10.0.0.5" }; env_name => "g.example"; env_network => "default"; }
       body action a { action_policy => "warn"; ifelapsed => "60"; expireafter => "5"; }
       body classes c(x) { promise_kept => { "$(x)-kept" }; repair_failed => { "$(x)_failed" }; }`,
    );
    expect(evaluate(text).promises).toMatchObject([
      {
        type: "kvm",
        state: "running",
        resources: { cpus: 2, memoryKib: 524_288, diskMb: 2000, baseline: "/img/base.qcow2" },
        interface: { addresses: ["10.0.0.5"], name: "g.example", network: "default" },
        action: { policy: "warn", ifElapsedMinutes: 60, expireAfterMinutes: 5 },
        classes: { promise_kept: ["ok_kept"], repair_failed: ["ok_failed"] },
        comment: "why",
        handle: "h",
        meta: ["m"],
      },
    ]);
  });

  test("takes ifelapsed from body agent control where its action says nothing", () => {
    const text = guest("", 'body agent control { ifelapsed => "15"; windows:: expireafter => "7"; }');
    expect(evaluate(text).promises[0]?.action).toEqual({ policy: "fix", ifElapsedMinutes: 15, expireAfterMinutes: 1 });
  });

  test("takes a class expression as environment_host, evaluated on this host", () => {
    const text = `bundle agent main { classes: "soft" expression => "any"; guest_environments:
      "a" environment_host => "soft.linux"; "b" environment_host => "windows|nosuch"; }`;
    expect(evaluate(text).promises.map(({ name, hostHolds }) => `${name} ${hostHolds}`)).toEqual(["a true", "b false"]);
  });

  test("gets its body's attributes by class, the last that holds, over those that the body inherits", () => {
    const text = guest(
      "environment_resources => r",
      `body environment_resources r { inherit_from => base("4"); any:: env_memory => "20000"; linux:: env_memory => "30000"; windows:: env_memory => "40000"; }
       body environment_resources base(n) { env_cpus => "$(n)"; env_memory => "50000"; }`,
    );
    expect(evaluate(text).promises[0]?.resources).toEqual({ cpus: 4, memoryKib: 30_000 });
  });

  test("fills $(this.promiser) and parameters in a template, and reads a path through the caller", () => {
    const text = `bundle agent main { vars: "l" slist => { "a", "b" }; guest_environments:
      "$(l)" environment_host => "any", environment_resources => x("$(this.promiser)"); "f" environment_host => "any", environment_resources => file; }
      body environment_resources x(n) { env_spec => " <domain><name>$(n)/$(this.promiser)</name></domain>"; }
      body environment_resources file { env_spec => "/xml/f.xml"; }`;
    const specs = evaluate(text, { "/xml/f.xml": "<domain/>" }).promises.map(({ resources }) => resources.spec);
    expect(specs.map((spec) => spec?.xml)).toEqual([
      " <domain><name>a/a</name></domain>",
      " <domain><name>b/b</name></domain>",
      "<domain/>",
    ]);
    expect(specs[2]?.path).toBe("/xml/f.xml");
  });

  test("means a body's parameter where a list that iterates the promise has the same name", () => {
    const text = `bundle agent main { vars: "n" slist => { "2", "3" }; guest_environments:
      "g$(n)" environment_host => "any", environment_resources => r("4"); }
      body environment_resources r(n) { env_cpus => "$(n)"; }`;
    expect(evaluate(text).promises.map(({ name, resources }) => `${name} ${resources.cpus}`)).toEqual(["g2 4", "g3 4"]);
  });

  test("depends on other guests by handle; a handle that nobody has is warned of", () => {
    const text = `bundle agent main { classes: "x" expression => "any", handle => "settled"; guest_environments:
      "db" environment_host => "any", handle => "db"; "web" environment_host => "any", depends_on => { "db", "settled", "nosuch" }; }`;
    const { promises, diagnostics } = evaluate(text);
    expect(promises[1]?.dependsOn).toEqual(["db", "nosuch"]);
    expect(diagnostics).toMatchObject([{ severity: "warning", code: "POLICY_UNKNOWN_HANDLE" }]);
  });

  test("uses what a later class or variable says, because guests are promised in the last pass", () => {
    const text = `bundle agent main { vars: late:: "cpus" string => "8"; !late:: "cpus" string => "1"; classes: "late" expression => "any";
      guest_environments: "g" environment_host => "any", environment_resources => r("$(cpus)"); }
      body environment_resources r(n) { env_cpus => "$(n)"; }`;
    expect(evaluate(text).promises[0]?.resources).toEqual({ cpus: 8 });
  });
});

describe("a wrong guest promise", () => {
  test.each([
    ['"g" environment_type => "test";', "error GUEST_HOST_MISSING"],
    ['"g" environment_host => "a b";', "error GUEST_INVALID_HOST_CLASS"],
    ['"g" environment_host => "$(nosuch)";', "error POLICY_UNRESOLVED_VARIABLE"],
    ['"$(nosuch)" environment_host => "any";', "error POLICY_UNRESOLVED_VARIABLE"],
    ['"a/b" environment_host => "any";', "error GUEST_INVALID_NAME"],
    ['".." environment_host => "any";', "error GUEST_INVALID_NAME"],
    ['"g " environment_host => "any";', "error GUEST_INVALID_NAME"],
    ['"g" environment_host => "any", environment_state => "creat";', "error GUEST_UNKNOWN_OPTION"],
    ['"g" environment_host => "any", environment_type => "kvmm";', "error GUEST_UNKNOWN_OPTION"],
    ['"g" environment_host => "any", environment_type => "zone";', "error GUEST_TYPE_NOT_SUPPORTED"],
    ['"g" environment_host => "any", environment_type => "ec2";', "error GUEST_TYPE_NOT_SUPPORTED"],
    ['"g" environment_host => "any", environment_type => "eucalyptus";', "error GUEST_TYPE_NOT_SUPPORTED"],
    ['"g" environment_host => "any", environment_stat => "create";', "error POLICY_UNKNOWN_ATTRIBUTE"],
    [
      '"n" environment_host => "any", environment_type => "kvm_net", environment_state => "suspended";',
      "error GUEST_NETWORK_SUSPENDED",
    ],
    ['"g" environment_host => "any", environment_resources => nosuch;', "error POLICY_UNDEFINED_BODY"],
    ['windows:: "g" environment_host => "any", environment_type => "foo";', "error GUEST_UNKNOWN_OPTION"],
  ])("%s is %s", (promise, finding) => {
    const { diagnostics } = evaluate(`bundle agent main { guest_environments: ${promise} }`);
    expect(diagnostics.map(({ severity, code }) => `${severity} ${code}`)).toContain(finding);
  });

  test("is told the nearest word", () => {
    const { diagnostics } = evaluate(guest('environment_state => "runing"'));
    expect(diagnostics).toMatchObject([{ code: "GUEST_UNKNOWN_OPTION", hint: "running", position: { line: 3 } }]);
  });

  test("is checked with its variables filled in, too", () => {
    const text =
      'bundle agent main { vars: "s" string => "runing"; guest_environments: "g" environment_host => "any", environment_state => "$(s)"; }';
    expect(errorCodes(evaluate(text))).toEqual(["GUEST_UNKNOWN_OPTION"]);
    expect(evaluate(text).promises).toEqual([]);
  });

  test.each([
    ['env_cpus => "x";', "error GUEST_NOT_A_NUMBER"],
    ['env_cpus => "0";', "error GUEST_OUT_OF_RANGE"],
    ['env_cpus => "inf";', "error GUEST_OUT_OF_RANGE"],
    ['env_cpus => "5000";', "error GUEST_OUT_OF_RANGE"],
    ['env_memory => "512G";', "error GUEST_OUT_OF_RANGE"],
    ['env_memory => "-1";', "error GUEST_OUT_OF_RANGE"],
    ['env_memory => "512";', "warning GUEST_MEMORY_SMALL"],
    ['env_memory => "16383";', "warning GUEST_MEMORY_SMALL"],
    ['env_memory => "512M";', "warning GUEST_MEMORY_SUFFIX"],
    ['env_disk => "0";', "error GUEST_OUT_OF_RANGE"],
    ['env_baseline => "base.img";', "error GUEST_PATH_NOT_ABSOLUTE"],
    ['env_spec => "relative.xml";', "error GUEST_SPEC_UNREADABLE"],
    ['env_spec => "";', "error GUEST_SPEC_UNREADABLE"],
    ['env_spec => "<domain/>"; env_memory => "20000";', "error GUEST_SPEC_AND_SIZE"],
    ['env_spec => "<domain/>"; env_cpus => "2";', "error GUEST_SPEC_AND_SIZE"],
    ['env_spec_file => "<domain/>"; env_disk => "2";', "error GUEST_SPEC_AND_SIZE"],
    ['env_spec_file => "<domain/>";', "warning GUEST_RENAMED_ATTRIBUTE"],
    ['env_spec => "<domain>$(nosuch)</domain>";', "warning POLICY_UNRESOLVED_VARIABLE"],
    ['env_spec => "/none.xml";', "warning GUEST_SPEC_FILE_UNREADABLE"],
    ['env_cpus => execresult("/bin/nproc", "noshell");', "error GUEST_VALUE_UNKNOWN"],
    ['env_cpu => "2";', "error POLICY_UNKNOWN_ATTRIBUTE"],
  ])("with the resources `%s` is %s", (resources, finding) => {
    const { diagnostics } = evaluate(withResources(resources));
    expect(diagnostics.map(({ severity, code }) => `${severity} ${code}`)).toContain(finding);
  });

  test("says what a memory size comes to", () => {
    expect(evaluate(withResources('env_memory => "512M";')).diagnostics[0]?.message).toContain("512 GiB");
    expect(evaluate(withResources('env_memory => "512";')).diagnostics[0]).toMatchObject({ hint: "524288" });
    expect(evaluate(withResources('env_memory => "16384";')).diagnostics).toEqual([]);
  });

  test("with both a definition and a size points at both", () => {
    const [first] = evaluate(withResources('env_memory => "20000";\nenv_spec => "<domain/>";')).diagnostics;
    expect(first).toMatchObject({ position: { line: 7 }, related: [{ position: { line: 8, column: 13 } }] });
  });

  test("about a network that has processors is warned of", () => {
    expect(brief(evaluate(withResources('env_cpus => "2";', "kvm_net")).diagnostics)).toEqual([
      "warning GUEST_IGNORED_ATTRIBUTE 7:1",
    ]);
  });
});

describe("under a guard that does not hold here", () => {
  test.each([
    [
      'windows:: "n" environment_host => "any", environment_type => "kvm_net", environment_state => "suspended";',
      "",
      "GUEST_NETWORK_SUSPENDED",
    ],
    ['windows:: "g" environment_host => "a b";', "", "GUEST_INVALID_HOST_CLASS"],
    ['windows:: "g" environment_type => "test";', "", "GUEST_HOST_MISSING"],
    [
      '"g" environment_host => "any";',
      'body environment_resources r { windows:: env_spec => "<domain/>"; env_cpus => "2"; }',
      "GUEST_SPEC_AND_SIZE",
    ],
    [
      '"g" environment_host => "any";',
      'body environment_resources r { windows:: env_memory => "many"; }',
      "GUEST_NOT_A_NUMBER",
    ],
  ])("%s %s is the error %s all the same, once", (promise, body, code) => {
    expect(errorCodes(evaluate(`bundle agent main { guest_environments: ${promise} } ${body}`))).toEqual([code]);
  });

  test("sizes and a definition under different guards are fine", () => {
    const body = 'body environment_resources r { windows:: env_spec => "<domain/>"; linux:: env_cpus => "2"; }';
    expect(evaluate(guest("environment_resources => r", body)).diagnostics).toEqual([]);
  });
});

describe("two promises for one guest", () => {
  const two = (first: string, second: string) =>
    `bundle agent main {\nguest_environments:\n"g" environment_host => "any", ${first};\n"g" environment_host => "any", ${second};\n}`;

  test("that contradict each other are an error that names both places", () => {
    const { diagnostics } = evaluate(two('environment_state => "running"', 'environment_state => "down"'));
    expect(diagnostics).toMatchObject([
      { severity: "error", code: "GUEST_CONTRADICTION", position: { line: 4 }, related: [{ position: { line: 3 } }] },
    ]);
    expect(diagnostics[0]?.message).toContain("environment_state");
  });

  test("that say the same are one", () => {
    const { promises, diagnostics } = evaluate(two('comment => "a"', 'comment => "b"'));
    expect(diagnostics).toEqual([]);
    expect(promises).toHaveLength(1);
  });

  test("on different hypervisors are two guests, and a network may share a guest's name", () => {
    const { promises, diagnostics } = evaluate(two('environment_type => "kvm"', 'environment_type => "test"'));
    expect([promises.length, diagnostics.length]).toEqual([2, 0]);
    expect(evaluate(two('environment_type => "kvm"', 'environment_type => "kvm_net"')).promises).toHaveLength(2);
  });
});

describe("the table of attributes", () => {
  test("gives every attribute a type, a default and a sentence", () => {
    expect(guestAttributes.filter(({ doc, default: value }) => !doc.endsWith(".") || value === "")).toEqual([]);
    expect(guestAttributes.filter(({ type, range }) => (type === "int") !== (range !== undefined))).toEqual([]);
    expect(guestAttributes.filter(({ type, options }) => (type === "option") !== (options !== undefined))).toEqual([]);
  });
});
