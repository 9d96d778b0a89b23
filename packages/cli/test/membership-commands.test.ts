/** `berth fleet`, `token` and `keys` on the files of a fleet, beside an agent that shows one moment. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFleetHome } from "@berth/agent/fleet/fleet-home";
import { makeFleet } from "@berth/agent/fleet/make-fleet";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type ShownAgent, serveFleet } from "./support/fleet-fixture.ts";
import { type Run, run } from "./terminal-double.ts";

let made = "";
let folder = "";
let agent: ShownAgent;
beforeAll(async () => {
  made = mkdtempSync(join(tmpdir(), "berth-membership-made-"));
  // As the agent shows it: h1, h2 and w vote; h2 owns web2, h3 owns web3, and h4 nothing.
  const hosts = ["h1", "h2", "w", "h3", "h4"].map((host) => ({
    ...{ host, stateDir: join(made, host), listen: ["/ip4/192.0.2.1/tcp/7946"], hypervisor: host !== "w" },
  }));
  await makeFleet(hosts, { fleet: "shop", voters: 3 });
});
afterAll(() => rmSync(made, { recursive: true }));
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-membership-"));
  cpSync(made, folder, { recursive: true });
  agent = await serveFleet(join(folder, "agent.sock"));
  onTestFinished(async () => {
    await agent.close();
    rmSync(folder, { recursive: true });
  });
});

const environment = { USER: "ada" };

/** One command line on a host, at this test's agent. */
function berth(line: string, host = "h1", rest: readonly string[] = []): Promise<Run> {
  const argv = [...line.split(" "), ...rest, "--state-dir", join(folder, host), "--socket", agent.socketPath];
  return run(argv, { environment });
}

const namesOn = (host: string) => openFleetHome(join(folder, host)).members.members.map(({ hostId }) => hostId);

describe("berth fleet members", () => {
  it("lists who belongs to the fleet, and who votes now", async () => {
    const { exitCode, stdout } = await berth("fleet members -o json");
    const { items, fleet, configuration } = JSON.parse(stdout);
    expect({ exitCode, fleet, configuration }).toEqual({ exitCode: 0, fleet: "shop", configuration: 1 });
    expect(items.map(({ name, role, runs_guests }: Record<string, unknown>) => [name, role, runs_guests])).toEqual([
      ["h1", "voter", true],
      ["h2", "voter", true],
      ["w", "voter", false],
      ["h3", "voter", true],
      ["h4", "voter", true],
    ]);
    const { stdout: names } = await berth("fleet members -o name");
    expect(names.split("\n")[3]).toBe("host/h3");
  });

  it("says so when it can ask no agent, and shows what this host last knew", async () => {
    const { stdout, stderr } = await run(
      ["fleet", "members", "--state-dir", join(folder, "h1"), "--socket", join(folder, "none.sock")],
      { environment },
    );
    expect(stdout).toMatch(/^h1 +voter +yes/m);
    expect(stdout).toMatch(/^h4 +voter +no/m);
    expect(stderr).toContain("No agent runs here");
  });
});

describe("berth fleet remove", () => {
  it.each([
    ["h2", /it owns guest web2 and it is one of the voters/],
    ["h3", /it owns guest web3/],
    ["w", /it is one of the voters/],
    ["h1", /this very host, which signs/],
  ])("refuses %s with exit code 6, with the reason and the way out", async (host, why) => {
    const { exitCode, stderr } = await berth(`fleet remove ${host}`);
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(why);
    expect(stderr.split("\n")[1]).toMatch(/^ {2}\S/);
    expect(namesOn("h1")).toContain(host);
  });

  it("takes a host off the list that neither votes nor owns a guest", async () => {
    expect((await berth("fleet remove h4")).exitCode).toBe(0);
    expect(namesOn("h1")).toEqual(["h1", "h2", "w", "h3"]);
    expect(existsSync(join(folder, "h1", "fleet-audit.jsonl"))).toBe(false);
  });

  it("removes whom somebody insists on, and writes down who and why", async () => {
    const { exitCode, stderr } = await berth("fleet remove h2 --force");
    expect(exitCode).toBe(64);
    expect(stderr).toContain("--reason TEXT is needed");
    expect((await berth("fleet remove h2 --force --reason burnt")).exitCode).toBe(0);
    expect(namesOn("h1")).not.toContain("h2");
    const line = JSON.parse(readFileSync(join(folder, "h1", "fleet-audit.jsonl"), "utf8"));
    expect(line).toEqual({ at: "1970-01-01T00:00:00.000Z", operator: "ada", act: "remove h2", reason: "burnt" });
  });

  it("needs an agent to ask, or somebody who insists", async () => {
    const at = ["--state-dir", join(folder, "h1"), "--socket", join(folder, "none.sock")];
    expect((await run(["fleet", "remove", "h4", ...at], { environment })).exitCode).toBe(3);
    const forced = ["fleet", "remove", "h4", "--force", "--reason", "gone", ...at];
    expect((await run(forced, { environment })).exitCode).toBe(0);
  });

  it("works only where the fleet key is", async () => {
    const { exitCode, stderr } = await berth("fleet remove h4", "h2");
    expect(exitCode).toBe(5);
    expect(stderr).toContain("does not have the fleet key");
  });

  it("knows whom it does not know", async () => {
    expect(await berth("fleet remove h5")).toMatchObject({
      exitCode: 4,
      stderr: expect.stringMatching(/Did you mean h/),
    });
  });
});

describe("berth fleet address", () => {
  it("writes down where the host is reached, and refuses what is no address", async () => {
    expect((await berth("fleet address /ip4/192.0.2.8/tcp/7000", "h2")).exitCode).toBe(0);
    expect(openFleetHome(join(folder, "h2"))).toMatchObject({
      advertise: ["/ip4/192.0.2.8/tcp/7000"],
      join: { advertise: ["/ip4/192.0.2.8/tcp/7001"] },
    });
    expect(await berth("fleet address 192.0.2.8", "h2")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/not an address/),
    });
  });
});

describe("berth fleet role and voters", () => {
  it("change what a host may be, once", async () => {
    expect((await berth("fleet role h3 member")).stderr).toBe("h3 is member now.\n");
    expect((await berth("fleet role h3 member")).stderr).toBe("h3 is member already.\n");
    expect(openFleetHome(join(folder, "h1")).members).toMatchObject({ number: 2 });
  });

  it("make no observer of a host that votes or owns guests", async () => {
    expect((await berth("fleet role h2 observer")).exitCode).toBe(6);
    expect((await berth("fleet role h4 observer")).exitCode).toBe(0);
  });

  it("choose voters by name, and refuse an even number", async () => {
    expect((await berth("fleet voters --set h1,h2")).exitCode).toBe(6);
    expect((await berth("fleet voters --set h1,h2,h3")).exitCode).toBe(0);
    expect(openFleetHome(join(folder, "h1")).members.voters).toEqual(["h1", "h2", "h3"]);
    const { stdout } = await berth("fleet voters -o json");
    const shall = JSON.parse(stdout).items.map(({ name, shall_vote }: Record<string, string>) => [name, shall_vote]);
    expect(shall).toEqual([
      ["h1", "yes"],
      ["h2", "yes"],
      ["w", "no"],
      ["h3", "yes"],
      ["h4", "no"],
    ]);
    expect((await berth("fleet voters --auto")).exitCode).toBe(0);
    expect(openFleetHome(join(folder, "h1")).members.voters).toBeUndefined();
  });
});

describe("berth token", () => {
  it("makes tokens that are shown once, lists them without their secrets, and revokes them", async () => {
    const { stdout: token, stderr } = await berth("token create --ttl 2h --role member");
    expect(token).toMatch(/^berth1-\S+\n$/);
    expect(stderr).toMatch(/good for 2h. Not shown again/);
    const { stdout } = await berth("token list -o json");
    const [item] = JSON.parse(stdout).items;
    expect(item).toMatchObject({ state: "open", role: "member", for: null, expires: "1970-01-01T02:00:00.000Z" });
    expect(stdout).not.toContain(token.trim());
    expect((await berth(`token revoke ${item.id}`)).stderr).toBe("1 token is worthless now.\n");
    expect((await berth("token list")).stdout).toMatch(/revoked/);
  });

  it.each([
    ["token create --ttl soon", "h1", 64],
    ["token create", "h2", 5],
    ["token revoke", "h1", 64],
    ["token revoke nothing", "h1", 4],
  ])("%s on %s ends with %i", async (line, host, exitCode) => {
    expect((await berth(line, host)).exitCode).toBe(exitCode);
  });
});

describe("berth keys", () => {
  it("show fingerprints and where the secret part is, and never a secret", async () => {
    const { stdout } = await berth("keys show");
    expect(stdout).toMatch(/^host h1 +yes +12D3Koo/m);
    expect(stdout).toMatch(/^fleet shop +yes +sha256:[0-9a-f]{64}$/m);
    expect((await berth("keys show", "h2")).stdout).toMatch(/^fleet shop +public part/m);
    const secret = readFileSync(join(folder, "h1", "fleet.key"), "utf8").split(" ")[1] ?? "";
    expect(stdout).not.toContain(secret);
  });

  it("rotate lets a new key follow, and makes open tokens worthless", async () => {
    await berth("token create");
    const before = openFleetHome(join(folder, "h1")).members.fleetKey;
    expect((await berth("keys rotate")).exitCode).toBe(0);
    const { members } = openFleetHome(join(folder, "h1"));
    expect(members.rotations).toMatchObject([{ from: before, to: members.fleetKey }]);
    expect((await berth("token list")).stdout).toMatch(/revoked/);
    expect((await berth("token create")).exitCode).toBe(0);
    expect(readdirSync(join(folder, "h1")).filter((name) => name.includes("key.next"))).toEqual([]);
  });

  it("revoke takes a host off the list whatever it owns, with a reason", async () => {
    expect((await berth("keys revoke h2")).exitCode).toBe(64);
    expect((await berth("keys revoke h2 --reason stolen")).exitCode).toBe(0);
    expect(namesOn("h1")).not.toContain("h2");
    expect(readFileSync(join(folder, "h1", "fleet-audit.jsonl"), "utf8")).toContain('"reason":"stolen"');
  });
});

describe("berth fleet init, join and leave", () => {
  it("found a fleet, with its tokens as the only data", async () => {
    const at = ["--state-dir", join(folder, "new"), "--listen", "/ip4/192.0.2.9/tcp/7946"];
    const { exitCode, stdout, stderr } = await run([
      "fleet",
      "init",
      "--host",
      "n1",
      "--tokens",
      "2",
      "--network-key",
      ...at,
    ]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^(berth1-\S+\n){2}$/);
    expect(stderr).toMatch(/n1 has its key and its vote/);
    expect(existsSync(join(folder, "new", "network.key"))).toBe(true);
    expect((await run(["fleet", "init", ...at])).stderr).toMatch(/belongs to fleet berth-[0-9a-f]{8} already, as n1/);
  });

  it.each([
    ["fleet join berth1-nonsense", /not whole/],
    ["fleet join hello", /no join token/],
    ["fleet init --host h9", /belongs to fleet shop already, as h1/],
  ])("%s is refused with a clear sentence", async (line, why) => {
    expect(await berth(line)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(why) });
  });

  it("leave is refused while the host is on the list, and moves everything aside when somebody insists", async () => {
    expect(await berth("fleet leave", "h3")).toMatchObject({
      exitCode: 6,
      stderr: expect.stringMatching(/still on the list/),
    });
    expect((await berth("fleet leave --force --reason moved", "h3")).exitCode).toBe(0);
    expect(() => openFleetHome(join(folder, "h3"))).toThrow(expect.objectContaining({ code: "FLEET_ABSENT" }));
    const [left] = readdirSync(join(folder, "h3")).filter((name) => name.startsWith("left-shop-"));
    expect(readdirSync(join(folder, "h3", left ?? "")).sort()).toEqual(["fleet.json", "members.json", "store"]);
  });
});
