/** Commands over the agent's socket: what a user sees of a fleet of which one host is silent, word for word. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { fleetSnapshot, type ShownAgent, serveFleet, witnessSnapshot } from "./support/fleet-fixture.ts";
import { type Run, type RunInit, run } from "./terminal-double.ts";

let folder = "";
let agent: ShownAgent;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "berth-fleet-"));
  agent = await serveFleet(join(folder, "agent.sock"));
  onTestFinished(async () => {
    await agent.close();
    rmSync(folder, { recursive: true });
  });
});

/** One command line at this test's agent. */
function berth(line: string, init: RunInit = {}): Promise<Run> {
  return run([...line.split(" "), "--socket", agent.socketPath], init);
}

function readable({ exitCode, stdout, stderr }: Run): string {
  return `--- exit code ${exitCode}\n--- stdout\n${stdout}--- stderr\n${stderr}`;
}

describe("a fleet with a silent host", () => {
  it.each([
    "status",
    "get guests",
    "get hosts",
    "get hosts -o wide",
    "get networks",
    "get claims",
    "get promises",
    "peers",
    "events",
    "describe guest/web1",
    "describe host/h2",
    "explain web1",
    "explain guest/web3",
    "explain batch1",
    "explain batch1 --on h2",
    "explain web1 --on h3",
  ])("is shown by %s", async (line) => {
    const file = `golden/fleet-${line.replaceAll(/[^a-z0-9]+/g, "-")}.txt`;
    await expect(readable(await berth(line))).toMatchFileSnapshot(file);
  });

  it("never calls a guest of a silent host stopped, whatever that host said last", async () => {
    const { stdout } = await berth("get guests web3 batch1 -o json");
    const { items, partial, unreachable, asSeenBy } = JSON.parse(stdout);
    expect(asSeenBy).toBe("h1");
    expect(partial).toBe(true);
    expect(unreachable).toEqual([{ host: "h3", reason: "h3 unheard 42s", age_seconds: 42 }]);
    expect(items.map((item: { state: string; state_reason: string }) => [item.state, item.state_reason])).toEqual([
      ["unknown", "h3 unheard 42s"],
      ["unknown", "h3 unheard 42s"],
    ]);
  });

  it("has its guests off once every host has said so", async () => {
    const { peers, gossip } = fleetSnapshot();
    agent.show(
      fleetSnapshot({
        peers: peers.map((peer) => ({ ...peer, state: "up" as const, heardAgeMs: 100 })),
        gossip: gossip.filter(({ what }) => what.key !== "guest/web3"),
      }),
    );
    const { stdout } = await berth("get guests batch1 --no-headers");
    expect(stdout).toMatch(/^batch1 +- +off +running +- +0s\n$/);
  });

  it("does not list the copy of a fenced host beside the one that took over", async () => {
    const { gossip } = fleetSnapshot();
    const [old] = gossip.filter(({ what }) => what.key === "guest/web3");
    if (old?.what.body?.kind !== "guest") throw new TypeError("the fixture has no web3");
    const taken = { ...old.what, origin: "h2", body: { ...old.what.body, owner: "h2", epoch: 2 } };
    agent.show(fleetSnapshot({ gossip: [...gossip, { ageMs: 10, what: taken }] }));
    const { stdout } = await berth("get guests web3 --no-headers");
    expect(stdout).toMatch(/^web3 +h2 +running +running +h2 +0s\n$/);
  });

  it("believes no gossip about a host that it never heard, however fresh that gossip is to it", async () => {
    const { peers, gossip } = fleetSnapshot();
    const never = peers.map((peer) => {
      if (peer.state === "up") return peer;
      const { heardAgeMs: _, ...rest } = peer;
      return rest;
    });
    agent.show(fleetSnapshot({ upMs: 5_000, peers: never, gossip: gossip.map((word) => ({ ...word, ageMs: 10 })) }));
    expect((await berth("get guests web3 --no-headers")).stdout).toMatch(
      /^web3 +h3 +unknown \(h3 never heard\) +running +h3 +5s\n$/,
    );
  });

  it("says that the link is broken, and not the host, when others hear it", async () => {
    const { peers } = fleetSnapshot();
    agent.show(
      fleetSnapshot({ peers: peers.map((peer) => ({ ...peer, heardBy: peer.state === "down" ? ["h2"] : [] })) }),
    );
    expect((await berth("status")).stdout).toContain("h3 unheard 42s, h2 can hear it");
    expect(await berth("confirm-dead h3 --i-have-fenced h3 --operator ann")).toMatchObject({
      exitCode: 6,
      stderr: expect.stringContaining("h1 does not hear h3, but by the last word of h2 it does: h3 may live"),
    });
    expect(agent.operated).toEqual([]);
  });

  it("says plainly that a guest in gossip mode may run on the side that is not heard", async () => {
    const { gossip } = fleetSnapshot();
    const relaxed = gossip.map(({ ageMs, what }) => {
      if (what.body?.kind !== "guest" || what.body.guest !== "web2") return { ageMs, what };
      return { ageMs, what: { ...what, body: { ...what.body, mode: "gossip" as const } } };
    });
    agent.show(fleetSnapshot({ gossip: relaxed }));
    expect((await berth("status")).stdout).toContain("  web2: gossip mode, so h3 may run it as well\n");
    expect((await berth("explain web2 --on h2")).stdout).toMatch(/claim +yes +h2 owns it, epoch 1; gossip mode: /);
  });

  it("answers --detailed-exitcode with 2 while there is something to look at, and with 0 when all is well", async () => {
    expect((await berth("status --detailed-exitcode")).exitCode).toBe(2);
    const { peers, gossip, policy, observation } = fleetSnapshot();
    agent.show(
      fleetSnapshot({
        degraded: [],
        wallClockMs: Date.UTC(2026, 4, 17, 14),
        peers: peers.map((peer) => ({ ...peer, state: "up" as const, heardAgeMs: 100 })),
        gossip: gossip.filter(({ what }) => what.key !== "guest/db1" || what.origin === "h1"),
        policy: { ...policy, promises: policy.promises.filter(({ name }) => name !== "batch1") },
        ...(observation === undefined ? {} : { observation }),
      }),
    );
    const well = await berth("status --detailed-exitcode");
    expect(well.stdout).toMatch(/^fleet shop, as seen by h1: all is well\n/);
    expect(well.exitCode).toBe(0);
  });

  it("shows control characters of what it was told instead of obeying them", async () => {
    agent.show(fleetSnapshot({ degraded: ["bad\u001b[2Jnews"] }));
    expect((await berth("status")).stdout).toContain("bad\\x1b[2Jnews");
  });
});

describe("a witness", () => {
  it.each(["status", "explain web1", "explain web1 --on h1", "drain"])(
    "says by %s what it knows, and misses nothing",
    async (line) => {
      agent.show(witnessSnapshot());
      const file = `golden/witness-${line.replaceAll(/[^a-z0-9]+/g, "-")}.txt`;
      await expect(readable(await berth(line))).toMatchFileSnapshot(file);
      expect(agent.operated).toEqual([]);
    },
  );
});

describe("without an agent", () => {
  it("is exit code 3, with what to do, for every command that needs one", async () => {
    const socket = join(folder, "nobody.sock");
    for (const line of [
      "status",
      "status -w",
      "get guests",
      "peers",
      "events",
      "events -F",
      "explain web1",
      "drain",
      "reload",
    ]) {
      const { exitCode, stdout, stderr } = await run([...line.split(" "), "--socket", socket]);
      expect({ line, exitCode, stdout }).toEqual({ line, exitCode: 3, stdout: "" });
      expect(stderr).toContain(`no agent answers at ${socket}: there is no socket (AGENT_UNREACHABLE)`);
      expect(stderr).toContain("systemctl start berth-agent");
    }
  });

  it("is exit code 3 where the socket was left behind", async () => {
    await agent.close();
    const { exitCode, stderr } = await berth("status");
    expect({ exitCode, stderr: stderr.includes("no agent answers") }).toEqual({ exitCode: 3, stderr: true });
  });

  it("lists this host alone where there is no fleet either, and says what needs one", async () => {
    const config = join(folder, "config.yaml");
    writeFileSync(config, `state_dir: ${folder}\nrun_dir: ${folder}/none\nembedded: true\npolicy: ${folder}/none.cf\n`);
    expect(await run(["get", "guests", "--config", config])).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "No guests here.\n",
    });
    const { exitCode, stderr } = await run(["get", "hosts", "--config", config]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("this host belongs to no fleet");
    const status = await run(["status", "--config", config]);
    expect(status.exitCode).toBe(3);
    expect(status.stderr).toContain("and it belongs to no fleet\n  `berth fleet init` makes one of it");
    writeFileSync(join(folder, "fleet.json"), "{}");
    expect((await run(["get", "guests", "--config", config])).exitCode).toBe(3);
    expect((await run(["get", "guests", "--local", "--config", config])).exitCode).toBe(0);
  });

  it("finds the socket by the configuration", async () => {
    const config = join(folder, "config.yaml");
    writeFileSync(config, `socket: ${agent.socketPath}\n`);
    const { exitCode, stdout } = await run(["get", "hosts", "-o", "name", "--config", config]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "host/h1\nhost/h2\nhost/h3\nhost/w\n" });
  });
});

describe("names", () => {
  it("that nobody knows are exit code 4, with what was probably meant", async () => {
    expect(await berth("get guests web9")).toMatchObject({
      exitCode: 4,
      stderr: 'berth get: no guest "web9" in the fleet, as far as h1 hears\n  Did you mean web1?\n',
    });
    expect((await berth("describe guest/web9")).exitCode).toBe(4);
    expect((await berth("explain web1 --on h9")).exitCode).toBe(4);
    expect((await berth("drain h9")).exitCode).toBe(4);
  });

  it("of a kind that does not exist are exit code 64", async () => {
    expect(await berth("describe gest/web1")).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining("Did you mean guest?"),
    });
    expect((await berth("explain host/h1")).exitCode).toBe(64);
    expect((await berth("events --since yesterday")).exitCode).toBe(64);
  });
});

describe("a fast start", () => {
  it("is kept by loading the client and nothing of the agent: no schema, no YAML, no network", async () => {
    const list = join(folder, "loaded");
    const source = fileURLToPath(new URL("../src/main.ts", import.meta.url));
    const hook = new URL("./support/loaded-modules.mjs", import.meta.url).href;
    const script = `import(${JSON.stringify(source)}).then(({ main }) => main(["status", "--socket", ${JSON.stringify(agent.socketPath)}]))`;
    const child = spawn(process.execPath, ["--import", hook, "--input-type=module", "-e", script], {
      env: { ...process.env, LOADED_MODULES: list },
      stdio: "ignore",
    });
    const [exitCode] = await once(child, "exit");
    expect(exitCode).toBe(0);
    const files = readFileSync(list, "utf8")
      .split("\n")
      .filter((url) => url.startsWith("file:"));
    const libraries = files.flatMap((url) => /node_modules\/([^/]+)/.exec(url)?.[1] ?? []);
    expect([...new Set(libraries)]).toEqual(["commander"]);
    expect(files.length - libraries.length).toBeLessThan(60);
  });
});

describe("events", () => {
  it("are those of one guest, and those since a while ago", async () => {
    expect((await berth("events web1 -o name")).stdout).toBe("event/1\n");
    expect((await berth("events --since 1h -o name")).stdout).toBe("event/1\nevent/2\n");
  });

  it("are followed until SIGINT", async () => {
    const interrupt = new AbortController();
    const running = run(["events", "-F", "-o", "json", "--socket", agent.socketPath], {
      signal: interrupt.signal,
      onOutput: (text) => {
        if (text.includes('"id":2'))
          agent.say({ id: 3, life: 1, at: "2026-05-17T12:00:00.000Z", level: "info", code: "NEW", text: "new" });
        if (text.includes('"id":3')) interrupt.abort();
      },
    });
    const { exitCode, stdout } = await running;
    expect(exitCode).toBe(0);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual([1, 2, 3]);
  });

  it("end with exit code 3 when the agent goes away", async () => {
    const { exitCode } = await run(["events", "-F", "--socket", agent.socketPath], {
      onOutput: () => void agent.close(),
    });
    expect(exitCode).toBe(3);
  });
});

describe("a host that hears nobody", () => {
  it("says what tells a cut cable from a removal, and what to do", async () => {
    const { peers } = fleetSnapshot();
    agent.show(fleetSnapshot({ peers: peers.map((peer) => ({ ...peer, state: "down" as const })) }));
    const { stdout } = await berth("status");
    expect(stdout).toContain("nobody is heard: h1 is cut off, or it was removed from fleet shop while it was away");
    expect(stdout).toContain("run `berth fleet leave` here");
    agent.show(fleetSnapshot({ peers: peers.map((peer) => ({ ...peer, state: "down" as const })), upMs: 3_000 }));
    expect((await berth("status")).stdout).not.toContain("nobody is heard");
  });
});

describe("a name that nobody knows", () => {
  it.each<[string, string]>([
    ["describe guest/wev1", "Did you mean web1?"],
    ["describe host/h22", "Did you mean h2?"],
    ["explain wev1", "Did you mean web1?"],
    ["explain web1 --on h22", "Did you mean h2?"],
  ])("%s ends with 4 and the name that was probably meant", async (line, meant) => {
    const { exitCode, stdout, stderr } = await berth(line);
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: "" });
    expect(stderr).toContain(meant);
  });
});

describe("watching", () => {
  it("waits for an agent that goes away", async () => {
    const interrupt = new AbortController();
    const { exitCode, stderr } = await run(["get", "hosts", "-w", "--socket", agent.socketPath], {
      signal: interrupt.signal,
      onOutput: (text) => {
        if (text.startsWith("NAME")) void agent.close();
        if (text.includes("trying again")) interrupt.abort();
      },
    });
    expect({ exitCode, told: stderr.includes("no agent answers") }).toEqual({ exitCode: 0, told: true });
  });

  it("shows the screen again until SIGINT", async () => {
    const interrupt = new AbortController();
    let screens = 0;
    const { exitCode } = await run(["get", "hosts", "-w", "--socket", agent.socketPath], {
      signal: interrupt.signal,
      onOutput: (text) => {
        if (text.startsWith("NAME")) screens += 1;
        if (screens === 2) interrupt.abort();
      },
    });
    expect({ exitCode, screens }).toEqual({ exitCode: 0, screens: 2 });
  });
});
