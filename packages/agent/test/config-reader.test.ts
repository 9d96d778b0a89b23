import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultConfig, uriOf } from "../src/config/berth-config.ts";
import { readConfig } from "../src/config/config-reader.ts";
import { parseUriSetting } from "../src/config/config-sources.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-config-"));
  file = join(folder, "config.yaml");
  mkdirSync(join(folder, "conf.d"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const findingsOf = (text: string) => {
  writeFileSync(file, text);
  return readConfig({ file, env: {} }).then(
    () => "accepted",
    (error: { code: string; message: string }) => `${error.code} ${error.message}`.replaceAll(folder, ""),
  );
};

test("every key of the file reaches its setting", async () => {
  writeFileSync(
    file,
    `uris: { kvm: "qemu:///session", esx: "esx://vc.example.com/" }
classes: [site_a, rack_3]
policy: /srv/policy.cf
state_dir: /srv/berth
shutdown_timeout: 5
not_owned_state: suspended
identity_seed: fleet-7
allow_execresult: true
embedded: false
`,
  );
  expect(await readConfig({ file, env: {} })).toEqual({
    uris: { kvm: "qemu:///session", esx: "esx://vc.example.com/" },
    classes: ["site_a", "rack_3"],
    policyPath: "/srv/policy.cf",
    stateDir: "/srv/berth",
    shutdownTimeoutMs: 5000,
    notOwnedState: "suspended",
    identitySeed: "fleet-7",
    allowExecresult: true,
    embedded: false,
  });
});

test("an empty file and an absent conf.d leave the defaults", async () => {
  writeFileSync(file, "# nothing yet\n");
  rmSync(join(folder, "conf.d"), { recursive: true });
  expect(await readConfig({ file, env: {} })).toEqual(defaultConfig);
});

test("a flag wins over the environment, that over conf.d in name order, that over the file; classes add up", async () => {
  writeFileSync(file, "shutdown_timeout: 1\nstate_dir: /file\npolicy: /file\nclasses: [from_file]\n");
  writeFileSync(join(folder, "conf.d", "10-a.yaml"), "shutdown_timeout: 2\nstate_dir: /a\npolicy: /a\n");
  writeFileSync(
    join(folder, "conf.d", "20-b.yaml"),
    "shutdown_timeout: 3\nuris: { kvm: 'qemu:///b', xen: 'xen:///b' }\n",
  );
  writeFileSync(join(folder, "conf.d", "30-c.yaml.off"), "nonsense: true\n");
  const env = { BERTH_STATE_DIR: "/env", BERTH_CLASSES: "from_env, other", BERTH_URIS: "kvm=qemu:///env" };
  const config = await readConfig({ file, env, flags: { policyPath: "/flag", classes: ["from_flag"] } });
  expect(config).toMatchObject({ shutdownTimeoutMs: 3000, stateDir: "/env", policyPath: "/flag" });
  expect(config.classes).toEqual(["from_file", "from_env", "other", "from_flag"]);
  expect(config.uris).toEqual({ kvm: "qemu:///env", xen: "xen:///b" });
});

test.each([
  ["- a\n", "CONFIG_INVALID /config.yaml:1:1: the file: "],
  ["shutdwn_timeout: 5\n", 'CONFIG_INVALID /config.yaml:1:1: unknown key "shutdwn_timeout"'],
  ["classes: []\nuris:\n  kvm: a\n  qemu: b\n", "CONFIG_INVALID /config.yaml:4:3: "],
  ["policy: relative.cf\n", "CONFIG_INVALID /config.yaml:1:1: policy: an absolute path is needed"],
  ["classes: [ok, 'not ok']\n", "CONFIG_INVALID /config.yaml:1:"],
  ["shutdown_timeout: -1\n", "CONFIG_INVALID /config.yaml:1:1: shutdown_timeout: "],
  ["embedded: 'yes'\n", "CONFIG_INVALID /config.yaml:1:1: embedded: "],
  ["policy: /a\npolicy: /b\n", "CONFIG_INVALID /config.yaml:2:1: Map keys must be unique"],
  ["uris: [\n", "CONFIG_INVALID /config.yaml:"],
])("the mistake in %j is told with its place", async (text, expected) => {
  expect(await findingsOf(text)).toContain(expected);
});

test("all mistakes of all files are told at once", async () => {
  writeFileSync(join(folder, "conf.d", "a.yaml"), "\nwrong: 1\n");
  expect(await findingsOf("also_wrong: 2\n")).toBe(
    'CONFIG_INVALID /config.yaml:1:1: unknown key "also_wrong"\n/conf.d/a.yaml:2:1: unknown key "wrong"',
  );
});

test("a file that is named must exist; the default one need not", async () => {
  await expect(readConfig({ file: join(folder, "absent.yaml"), env: {} })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
  await expect(readConfig({ env: { BERTH_CONFIG: join(folder, "absent.yaml") } })).rejects.toThrow("absent.yaml");
});

test.each([
  [{ BERTH_SHUTDOWN_TIMEOUT: "soon" }, "BERTH_SHUTDOWN_TIMEOUT"],
  [{ BERTH_EMBEDDED: "maybe" }, "BERTH_EMBEDDED"],
  [{ BERTH_NOT_OWNED_STATE: "off" }, "BERTH_NOT_OWNED_STATE"],
  [{ BERTH_CLASSES: "a-b" }, "BERTH_CLASSES"],
  [{ BERTH_URIS: "qemu:///system" }, "type=URI"],
])("a wrong environment variable is refused by name: %j", async (env, named) => {
  writeFileSync(file, "");
  await expect(readConfig({ file, env })).rejects.toThrow(named);
});

test("--uri takes type=URI with everything after the first equals sign", () => {
  expect(parseUriSetting("test=test+unix:///default?socket=/a=b")).toEqual({
    type: "test",
    uri: "test+unix:///default?socket=/a=b",
  });
  for (const wrong of ["kvm", "kvm=", "=x", "vmware=esx://h/"]) expect(() => parseUriSetting(wrong)).toThrow(wrong);
});

test("types map to their URIs, by configuration to others, and esx to none", () => {
  const uris = (["kvm", "test", "xen", "vbox", "esx"] as const).map((type) => uriOf(type, defaultConfig));
  expect(uris).toEqual(["qemu:///system", "test:///default", "xen:///system", "vbox:///session", undefined]);
  expect(uriOf("kvm", { ...defaultConfig, uris: { kvm: "qemu:///session" } })).toBe("qemu:///session");
  expect(uriOf("esx", { ...defaultConfig, embedded: true })).toBe("embedded:///");
});
