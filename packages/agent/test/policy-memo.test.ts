import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultConfig } from "../src/config/berth-config.ts";
import { loadPolicy } from "../src/policy-load.ts";
import { PolicyMemo } from "../src/policy-memo.ts";
import { VersionDaemon } from "./version-daemon.ts";

let folder: string;
let memo: PolicyMemo;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-memo-"));
  memo = new PolicyMemo();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const policy = (body: string) => `body common control { bundlesequence => { "x" }; }
bundle agent x
{
${body}
}
`;
const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const load = (file: string, classes: string[] = [], config = defaultConfig) =>
  loadPolicy({ files: [file], config, classes }, memo);

test("an unchanged policy is given back as it was", async () => {
  const file = write("p.cf", policy('reports: "hello";'));
  expect(await load(file)).toBe(await load(file));
});

test("another text, even one of the same size and time, is read anew", async () => {
  const file = write("p.cf", policy('reports: "one";'));
  const when = new Date(1_700_000_000_000);
  utimesSync(file, when, when);
  expect((await load(file)).reports).toEqual(["one"]);
  write("p.cf", policy('reports: "two";'));
  utimesSync(file, when, when);
  expect((await load(file)).reports).toEqual(["two"]);
});

test("a file that the policy reads, or looked for in vain, counts as part of it", async () => {
  const data = join(folder, "data");
  const file = write(
    "p.cf",
    policy(`vars: "v" string => readfile("${data}", 100); classes: "there" expression => fileexists("${data}");
reports: there:: "$(v)"; !there:: "none";`),
  );
  expect((await load(file)).reports).toEqual(["none"]);
  write("data", "first");
  expect((await load(file)).reports).toEqual(["first"]);
  write("data", "second");
  expect((await load(file)).reports).toEqual(["second"]);
});

test("other classes or settings are another request", async () => {
  const file = write("p.cf", policy('reports: red:: "red"; blue:: "blue";'));
  expect((await load(file, ["red"])).reports).toEqual(["red"]);
  expect((await load(file, ["blue"])).reports).toEqual(["blue"]);
  expect((await load(file, [], { ...defaultConfig, classes: ["red"] })).reports).toEqual(["red"]);
});

test("a policy that runs commands is evaluated every time", async () => {
  const file = write(
    "p.cf",
    policy('vars: "v" string => execresult("/bin/cat /proc/sys/kernel/random/uuid", "noshell"); reports: "$(v)";'),
  );
  const config = { ...defaultConfig, allowExecresult: true };
  expect((await load(file, [], config)).reports).not.toEqual((await load(file, [], config)).reports);
});

test("a hypervisor that is away for a moment is still this host's: no class falls because its daemon is restarted", async () => {
  await using daemon = await VersionDaemon.start(join(folder, "sock"), 9_000_000);
  const config = { ...defaultConfig, uris: { test: `test:///default?socket=${join(folder, "sock")}` } };
  const file = write("p.cf", policy('reports: test_host.libvirt_9_0_0:: "there"; !test_host:: "not there";'));
  for (let pass = 0; pass < 2; pass += 1) expect((await load(file, [], config)).reports).toEqual(["there"]);
  await daemon.close();
  expect((await load(file, [], config)).reports).toEqual(["there"]);
  expect((await loadPolicy({ files: [file], config }, new PolicyMemo())).reports).toEqual(["not there"]);
  const known = new PolicyMemo({ hypervisors: ["test"] });
  expect((await loadPolicy({ files: [file], config }, known)).reports).toEqual([]);
});
