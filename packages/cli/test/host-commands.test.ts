/** Commands on the hypervisor that lives in this process: what a user sees, word for word. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writePromisedGuests } from "@berth/agent/daemon/promised-guests-file";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Run, run } from "./terminal-double.ts";

const example = fileURLToPath(new URL("../../../deploy/examples/web-shop.cf", import.meta.url));

let folder = "";
let here: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "berth-cli-"));
  here = ["--embedded", "--state-dir", join(folder, "state")];
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

/** A policy file of this test. */
function policy(text: string, name = "site.cf"): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function bundle(promises: string, more = ""): string {
  return `bundle agent main\n{\n${more}guest_environments:\n${promises}\n}\n`;
}

const oneGuest = `${bundle(
  '  "web1" environment_type => "test", environment_host => "any", environment_state => "create",\n' +
    "    environment_resources => tiny;",
)}body environment_resources tiny { env_cpus => "1"; env_memory => "65536"; }\n`;

/** What was printed, with the names of this run's files made the same in every run. */
function readable({ exitCode, stdout, stderr }: Run): string {
  const text = `--- exit code ${exitCode}\n--- stdout\n${stdout}--- stderr\n${stderr}`;
  return text.replaceAll(folder, "FOLDER").replaceAll(example, "web-shop.cf");
}

describe("the example, step by step", () => {
  it("is checked, planned, done, shown, and then needs nothing", async () => {
    const golden = (name: string) => `golden/${name}.txt`;
    await expect(readable(await run(["check", example]))).toMatchFileSnapshot(golden("check"));
    await expect(readable(await run(["promises", example]))).toMatchFileSnapshot(golden("promises"));
    await expect(readable(await run(["plan", example, ...here]))).toMatchFileSnapshot(golden("plan"));
    await expect(readable(await run(["converge", example, ...here]))).toMatchFileSnapshot(golden("converge"));
    const guests = await run(["get", "guests", "-f", example, ...here]);
    await expect(readable(guests)).toMatchFileSnapshot(golden("get-guests"));
    const networks = await run(["get", "networks", "-f", example, ...here]);
    await expect(readable(networks)).toMatchFileSnapshot(golden("get-networks"));
    expect(await run(["plan", example, ...here, "--detailed-exitcode"])).toMatchObject({ exitCode: 0, stdout: "" });
  });
});

describe("converge", () => {
  it("is refused for safety on a host of a fleet, where a pass by hand knows of no claims; a plan is shown", async () => {
    const file = policy(oneGuest);
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state", "fleet.json"), "{}");
    const refused = await run(["converge", file, ...here]);
    expect(refused).toMatchObject({
      exitCode: 6,
      stdout: "",
      stderr: expect.stringContaining("`berth reload` lets it do so now"),
    });
    expect((await run(["get", "guests", "--local", "-f", file, ...here])).stdout).toMatch(/^web1 +test +absent/m);
    const plan = await run(["plan", file, ...here]);
    expect(plan.stdout).toMatch(/^web1 +/m);
    expect(plan.stderr).toContain("This host belongs to a fleet");
  });

  it("is refused where it cannot be seen whether the host belongs to a fleet, as by a user who may not read its folder", async () => {
    const unreadable = join(folder, "loop");
    symlinkSync(unreadable, unreadable);
    const refused = await run(["converge", "-K", policy(oneGuest), "--embedded", "--state-dir", unreadable]);
    expect(refused).toMatchObject({ exitCode: 6, stdout: "", stderr: expect.stringContaining("cannot be read") });
  });

  it("is refused on a host of a fleet whatever folder --state-dir names for locks", async () => {
    const environment = { BERTH_STATE_DIR: join(folder, "state") };
    mkdirSync(environment.BERTH_STATE_DIR);
    writeFileSync(join(environment.BERTH_STATE_DIR, "fleet.json"), "{}");
    const argv = ["converge", policy(oneGuest), "--state-dir", join(folder, "other")];
    expect(await run(argv, { environment })).toMatchObject({ exitCode: 6, stdout: "" });
    expect(await run([...argv, "--embedded"], { environment })).toMatchObject({ exitCode: 0 });
  });

  it("says nothing at all when there is nothing to do", async () => {
    const file = policy(oneGuest);
    expect((await run(["converge", file, ...here])).stdout).toContain("web1");
    expect(await run(["converge", "-K", file, ...here])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(await run(["converge", "-KI", "-f", file, ...here])).toEqual({ exitCode: 0, stdout: "", stderr: "" });
  });

  it("with -n shows what it would do and does none of it", async () => {
    const file = policy(oneGuest);
    const first = await run(["converge", "-n", file, ...here]);
    expect(first.stdout).toMatch(/^NAME +STEP +EFFECT +WHY\nweb1 +define web1/);
    expect(await run(["converge", "-n", file, ...here])).toEqual(first);
    expect((await run(["get", "guests", "-f", file, ...here])).stdout).toMatch(/web1 +test +absent +create/);
  });

  it("with -I tells each repair as it is made, with -v how each state is reached", async () => {
    const file = policy(oneGuest);
    const informed = await run(["converge", "-I", file, ...here]);
    expect(informed.stderr).toMatch(/^info: define web1: it is not there\ninfo: start web1: /);
    const verbose = await run(["converge", "-Kv", file, ...here]);
    expect(verbose.stderr).toMatch(/verbose: guest web1 promises create .*: kept\n/);
    expect(verbose.stdout).toBe("");
  });

  it("takes classes from -D and takes them away with -N", async () => {
    const file = policy(oneGuest.replace('"any"', '"shop"'));
    expect((await run(["plan", file, "-D", "shop", ...here])).stdout).toContain("web1");
    expect((await run(["plan", file, ...here])).stdout).toBe("");
    expect((await run(["plan", file, "-D", "shop", "-N", "shop", ...here])).stdout).toBe("");
  });

  it("tells a failed promise with where, why and what to do, and exits with 1", async () => {
    const file = policy(
      bundle('  "ghost" environment_type => "test", environment_host => "any", environment_state => "running";'),
    );
    const { exitCode, stderr } = await run(["converge", file, ...here]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/site\.cf:4:3: guest ghost: failed: .*\(NO_DEFINITION\)\n/);
  });

  it("tells a connection that is lost once, however many promises it takes with it", async () => {
    const names = ["a", "b", "c", "d"].map(
      (name) => `  "${name}" environment_type => "kvm", environment_host => "any";`,
    );
    const file = policy(bundle(names.join("\n")));
    const uri = `kvm=qemu+unix:///system?socket=${folder}/nobody`;
    const { exitCode, stderr } = await run(["converge", file, "--uri", uri, "--state-dir", folder]);
    expect(exitCode).toBe(1);
    expect(stderr.match(/nobody/g)?.length).toBeLessThanOrEqual(2);
    expect(stderr).toContain("4 promises not tried: a, b, c and 1 more");
  });

  it("never acts on a policy with an error", async () => {
    const file = policy(oneGuest.replace('"create"', '"creat"'));
    const { exitCode, stdout, stderr } = await run(["converge", file, ...here]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("the policy has 1 error; nothing was changed");
    expect(stderr).toMatch(/site\.cf:4:\d+/);
    expect((await run(["get", "guests", ...here])).stdout).toBe("");
  });

  it("prints reports as cf-agent does", async () => {
    const file = policy(`${oneGuest}bundle agent other { reports: "hello"; }`);
    expect((await run(["converge", file, "-b", "other", ...here])).stdout).toBe("R: hello\n");
  });

  it("says in JSON what happened, with exact numbers", async () => {
    const file = policy(oneGuest);
    const { stdout } = await run(["converge", file, "-o", "json", ...here]);
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({
      apiVersion: "berth/v1",
      kind: "OutcomeList",
      partial: false,
      unreachable: [],
      dry_run: false,
      counts: { repaired: 1 },
      items: [{ name: "web1", kind: "guest", outcome: "repaired", file, line: 4 }],
    });
    expect(answer.started_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
  });

  it("tells what waits by the exit code only where it is asked to", async () => {
    const file = policy(oneGuest);
    expect((await run(["plan", file, ...here])).exitCode).toBe(0);
    expect((await run(["plan", file, "--detailed-exitcode", ...here])).exitCode).toBe(2);
    expect((await run(["converge", file, "--detailed-exitcode", ...here])).exitCode).toBe(0);
  });
});

describe("get", () => {
  it("finds names, and says which one was probably meant", async () => {
    const file = policy(oneGuest);
    await run(["converge", file, ...here]);
    expect((await run(["get", "guests", "web1", "-o", "name", ...here])).stdout).toBe("guest/web1\n");
    const { exitCode, stderr } = await run(["get", "guests", "wbe1", ...here]);
    expect(exitCode).toBe(4);
    expect(stderr).toBe('berth get: no guest "wbe1" on this host\n  Did you mean web1?\n');
  });

  it("never says stopped of what it cannot see", async () => {
    const file = policy(oneGuest);
    const uri = `test=test+unix:///default?socket=${folder}/nobody`;
    const { exitCode, stdout, stderr } = await run(["get", "guests", "-f", file, "--uri", uri, "-o", "json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      partial: true,
      unreachable: [{ type: "test" }],
      items: [{ name: "web1", state: "unknown" }],
    });
    expect(stderr).toContain("there is no socket");
  });

  it("lists promises with the numbers that policy gives", async () => {
    const { stdout } = await run(["get", "promises", "-f", policy(oneGuest), "-o", "json", ...here]);
    expect(JSON.parse(stdout).items).toMatchObject([
      { name: "web1", resources: { vcpus: 1, memory_bytes: 67_108_864 } },
    ]);
  });
});

describe("check", () => {
  it("names on a host of a fleet, and only there, what its agent would not do or not understand", async () => {
    const promise =
      '  "web1" environment_type => "test", environment_host => "any", environment_state => "running",\n' +
      '    classes => up, meta => { "mode=gosip" };';
    const file = policy(`${bundle(promise)}body classes up { promise_repaired => { "web1_up" }; }\n`);
    const environment = { BERTH_STATE_DIR: join(folder, "state"), BERTH_NOT_OWNED_STATE: "suspended" };
    expect((await run(["check", file], { environment })).stdout).toBe("");
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state", "fleet.json"), "{}");
    const { exitCode, stdout } = await run(["check", file], { environment });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('mode is quorum or gossip, not "gosip". [META_RULE_INVALID]');
    expect(stdout).toContain("guest web1 defines class web1_up by its outcome");
    expect(stdout).toContain("not_owned_state is suspended, which has no effect in a fleet");
  });

  it("shows each finding under its line and exits with 1 for an error", async () => {
    const file = policy(oneGuest.replace("environment_state", "environment_stat"));
    const result = await run(["check", file]);
    await expect(readable(result)).toMatchFileSnapshot("golden/check-mistake.txt");
    expect(result.exitCode).toBe(1);
  });

  it("gives findings as data too", async () => {
    const file = policy('bundle agent main { guest_environments: "a" }');
    const { exitCode, stdout } = await run(["check", file, "-o", "json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout).items[0]).toMatchObject({ severity: "error", file, line: 1 });
  });

  it("colours nothing in a pipe, and obeys --color", async () => {
    const file = policy(oneGuest);
    const always = await run(["--color", "always", "plan", file, ...here]);
    expect(always.stdout).toContain("\u001b[1mNAME");
    const never = await run(["plan", file, ...here, "--color=never"], { isTerminal: true });
    expect(never.stdout).not.toContain("\u001b");
    const asked = await run(["plan", file, ...here], { isTerminal: true, environment: { NO_COLOR: "1" } });
    expect(asked.stdout).not.toContain("\u001b");
  });
});

describe("classes", () => {
  it("lists what holds here, with what the command line adds", async () => {
    const { stdout } = await run(["classes", "--no-headers", "-D", "shop", ...here]);
    expect(stdout.split("\n")).toEqual(expect.arrayContaining(["any", "linux", "shop"]));
    expect(stdout.split("\n").filter(Boolean)).toEqual(stdout.split("\n").filter(Boolean).toSorted());
  });
});

describe("the demonstration", () => {
  it("shows each command before it runs it, and ends with nothing to do", async () => {
    const { exitCode, stdout, stderr } = await run(["demo", "--one-host"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/shop-web1 +test +running +create/);
    expect(stderr.match(/^\$ npx berth /gm)).toHaveLength(6);
    expect(readFileSync(example, "utf8")).toContain("npm start");
  });
});

describe("hook", () => {
  it("decides although the configuration is broken: a guest that is not Berth's starts, one that policy promised does not", async () => {
    const config = policy("no_such_setting: 1\n", "config.yaml");
    const environment = { BERTH_STATE_DIR: join(folder, "state"), BERTH_RUN_DIR: join(folder, "run") };
    mkdirSync(environment.BERTH_STATE_DIR);
    writePromisedGuests(environment.BERTH_STATE_DIR, ["web1"]);
    const ask = (guest: string) =>
      run(["hook", "qemu", guest, "prepare", "begin", "-", "--config", config], { environment });
    expect(await ask("db1")).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    const refused = await ask("web1");
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/web1 may run on another host.*does not answer/);
  });
});
