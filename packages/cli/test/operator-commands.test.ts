/** What an operator may ask for, what is refused for safety, and that nothing reaches the agent in that case. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { fleetSnapshot, type ShownAgent, serveFleet, witnessSnapshot } from "./support/fleet-fixture.ts";
import { type Run, run } from "./terminal-double.ts";

let agent: ShownAgent;
beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-operator-"));
  agent = await serveFleet(join(folder, "agent.sock"));
  onTestFinished(async () => {
    await agent.close();
    rmSync(folder, { recursive: true });
  });
});

function berth(line: string, environment: Readonly<Record<string, string>> = {}): Promise<Run> {
  return run([...line.split(" "), "--socket", agent.socketPath], { environment });
}

/** h3 answers after all. */
function everybodyAnswers(): void {
  const { peers } = fleetSnapshot();
  agent.show(fleetSnapshot({ peers: peers.map((peer) => ({ ...peer, state: "up" as const, heardAgeMs: 100 })) }));
}

/** No majority answers, and h2 is silent as well. */
function majorityLost(): void {
  const { peers, claims } = fleetSnapshot();
  agent.show(
    fleetSnapshot({
      peers: peers.map((peer) => ({
        ...peer,
        state: peer.member.hostId === "w" ? ("up" as const) : ("down" as const),
      })),
      claims: { ...claims, leaseRemainingMs: 0, votersHeard: 1 },
    }),
  );
}

describe("what is asked for in order", () => {
  it.each<[string, object[]]>([
    ["drain", [{ kind: "drain" }]],
    ["drain h1", [{ kind: "drain" }]],
    ["undrain", [{ kind: "undrain" }]],
    ["release web1", [{ kind: "release", guest: "web1" }]],
    ["release guest/web1 --to h2", [{ kind: "release", guest: "web1", to: "h2" }]],
    ["confirm-dead h3 --i-have-fenced h3 --operator ann", [{ kind: "confirm-dead", host: "h3", operator: "ann" }]],
    [
      "takeover web3 --from h3 --i-have-fenced h3 --operator ann",
      [
        { kind: "confirm-dead", host: "h3", operator: "ann" },
        { kind: "claim", guest: "web3" },
      ],
    ],
  ])("%s reaches the agent", async (line, commands) => {
    expect(await berth(line)).toMatchObject({ exitCode: 0, stdout: "" });
    expect(agent.operated).toEqual(commands);
  });

  it("takes the user who is signed in as the operator of a takeover", async () => {
    await berth("takeover web3 --from h3 --i-have-fenced h3", { USER: "root", SUDO_USER: "ann" });
    expect(agent.operated[0]).toMatchObject({ operator: "ann" });
  });

  it("reset-quorum founds the voters from this host's own", async () => {
    majorityLost();
    const dead = "--dead h2 --dead h3 --i-have-fenced h2 --i-have-fenced h3";
    expect((await berth(`reset-quorum ${dead} --operator ann --reason fire --confirm shop`)).exitCode).toBe(0);
    expect(agent.operated).toEqual([
      {
        kind: "reset-quorum",
        voters: [{ voter: "disk-h1", host: "h1" }],
        deadHosts: ["h2", "h3"],
        operator: "ann",
        reason: "fire",
      },
    ]);
  });

  it("drain --wait returns once this host owns nothing, and says what is left until then", async () => {
    const { claims } = fleetSnapshot();
    const { exitCode, stderr } = await run(["drain", "--wait", "--socket", agent.socketPath], {
      onOutput: (text) => {
        if (text.includes("still owns")) agent.show(fleetSnapshot({ claims: { ...claims, guests: [] } }));
      },
    });
    expect(exitCode).toBe(0);
    expect(stderr).toContain("h1 still owns 2 guests: db1, web1\n");
    expect(stderr).toContain("h1 owns no guest any more.\n");
  });

  it("drain --wait gives up waiting after its time, and says that the drain goes on", async () => {
    const { exitCode, stderr } = await berth("drain --wait --timeout 0s");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("not done within 0s: h1 still owns 2 guests: db1, web1; the drain goes on");
  });
});

describe("what is refused for safety, with exit code 6", () => {
  it.each<[string, () => void, RegExp]>([
    [
      "confirm-dead h2 --i-have-fenced h2 --operator ann",
      () => {},
      /h2 answers \(up, last heard 0s ago\): it is not dead/,
    ],
    ["confirm-dead h1 --i-have-fenced h1 --operator ann", () => {}, /this very host/],
    ["takeover web3 --from h3 --i-have-fenced h3 --operator ann", everybodyAnswers, /h3 answers/],
    ["takeover web2 --from h3 --i-have-fenced h3 --operator ann", () => {}, /h2 owns web2, not h3/],
    ["release batch1", () => {}, /h1 does not own batch1/],
    ["release web1 --to h3", () => {}, /h3 is unknown \(h3 unheard 42s\)/],
    ["release web1 --to w", () => {}, /w would not take web1/],
    [
      "reset-quorum --dead h3 --i-have-fenced h3 --operator ann --reason fire --confirm shop",
      () => {},
      /a majority of the voters answers/,
    ],
    [
      "reset-quorum --dead h3 --i-have-fenced h3 --operator ann --reason fire --confirm shop",
      majorityLost,
      /h2: not heard and not named by --dead/,
    ],
    [
      "reset-quorum --dead h2 --dead h3 --i-have-fenced h2 --i-have-fenced h3 --operator ann --reason fire --confirm sop",
      majorityLost,
      /"sop" is not the fleet's name/,
    ],
    [
      "reset-quorum --dead h2 --dead h3 --i-have-fenced h2 --i-have-fenced h3 --operator ann --reason fire",
      majorityLost,
      /nothing was confirmed/,
    ],
  ])("%s", async (line, prepare, told) => {
    prepare();
    const { exitCode, stdout, stderr } = await berth(line);
    expect({ stdout, operated: agent.operated }).toEqual({ stdout: "", operated: [] });
    expect(stderr).toMatch(told);
    expect(exitCode).toBe(6);
  });

  it("is a drain that would strand a guest, unless it is meant", async () => {
    const { peers } = fleetSnapshot();
    agent.show(fleetSnapshot({ peers: peers.map((peer) => ({ ...peer, state: "down" as const })) }));
    expect(await berth("drain")).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("may run db1, web1") });
    expect(agent.operated).toEqual([]);
    expect((await berth("drain --anyway")).exitCode).toBe(0);
  });
});

describe("what is not typed in full, with exit code 64", () => {
  it.each([
    "confirm-dead h3 --operator ann",
    "confirm-dead h3 --i-have-fenced h2 --operator ann",
    "confirm-dead h3 --i-have-fenced h3",
    "takeover web3 --from h3 --i-have-fenced h3",
    "takeover web3 --i-have-fenced h3 --operator ann",
    "reset-quorum --dead h2 --dead h3 --i-have-fenced h2 --operator ann --reason fire --confirm shop",
  ])("%s", async (line) => {
    expect((await berth(line)).exitCode).toBe(64);
    expect(agent.operated).toEqual([]);
  });
});

describe("another host", () => {
  it.each(["drain h2", "undrain h2", "release web2"])("%s is told where to run it", async (line) => {
    const { exitCode, stderr } = await berth(line);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("h2 is another host, and only its own agent can do that\n  Run it there: ssh h2 berth ");
    expect(agent.operated).toEqual([]);
  });
});

describe("a witness", () => {
  it("takes nothing over, and says who can", async () => {
    agent.show(witnessSnapshot());
    const { exitCode, stderr } = await berth("takeover web3 --from h3 --i-have-fenced h3 --operator ann");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("Run it on the host that shall have web3");
    expect(agent.operated).toEqual([]);
  });
});

describe("reload", () => {
  it("says what is in force, and exits with 1 when the new policy has errors", async () => {
    expect(await berth("reload")).toMatchObject({
      exitCode: 0,
      stderr: "In force: 6 promises, digest 4f1cd2aa, generation 2.\n",
    });
    const { policy } = fleetSnapshot();
    const position = { file: "site.cf", line: 3, column: 5 };
    const diagnostics = [{ severity: "error" as const, code: "SYNTAX", message: "a semicolon is missing", position }];
    agent.show(fleetSnapshot({ policy: { ...policy, bad: true, diagnostics } as typeof policy }));
    const { exitCode, stderr } = await berth("reload");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("site.cf:3:5: error: a semicolon is missing [SYNTAX]\n");
    expect(stderr).toContain("the one before stays in force");
    expect((await berth("status")).stdout).toContain("The newest policy has errors; the one before is in force");
  });
});
