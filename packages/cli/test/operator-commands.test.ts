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

  it.each<[string, unknown[]]>([
    ["drain h2 --operator ann", ["h2", { kind: "drain" }, "ann"]],
    ["undrain h2 --operator ann", ["h2", { kind: "undrain" }, "ann"]],
    ["release web2 --operator ann", ["h2", { kind: "release", guest: "web2" }, "ann"]],
    ["release guest/web2 --to h1 --operator ann", ["h2", { kind: "release", guest: "web2", to: "h1" }, "ann"]],
  ])("%s is handed to the host that it is for", async (line, order) => {
    expect(await berth(line)).toMatchObject({ exitCode: 0, stdout: "" });
    expect(agent).toMatchObject({ operated: [], ordered: [order] });
  });

  it("tells another host who is signed in, and a number where nobody has a name", async () => {
    await berth("drain h2", { USER: "root", SUDO_USER: "ann" });
    await berth("undrain h2");
    expect(agent.ordered.map(([, , operator]) => operator)).toEqual(["ann", `uid ${process.getuid?.()}`]);
  });

  it("drain --wait waits until the other host owns nothing, by the fleet's word", async () => {
    const { claims, gossip } = fleetSnapshot();
    const { exitCode, stderr } = await run(["drain", "h2", "--wait", "--socket", agent.socketPath], {
      onOutput: (text) => {
        if (!text.includes("still owns")) return;
        const guests = claims.guests.filter(({ claim }) => claim?.owner !== "h2");
        const heard = gossip.filter(({ what: { key, origin } }) => key === "host" || origin !== "h2");
        agent.show(fleetSnapshot({ claims: { ...claims, guests }, gossip: heard }));
      },
    });
    expect(exitCode).toBe(0);
    expect(stderr).toContain("h2 still owns 1 guest: web2\n");
    expect(stderr).toContain("h2 owns no guest any more.\n");
  });

  it("takes the user who is signed in as the operator who vouches", async () => {
    await berth("confirm-dead h3 --i-have-fenced h3", { USER: "ann" });
    expect(agent.operated).toEqual([{ kind: "confirm-dead", host: "h3", operator: "ann" }]);
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
    ["release batch1", () => {}, /nobody owns batch1/],
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

  it("is a drain of another host that would strand a guest", async () => {
    const { peers, policy } = fleetSnapshot();
    const gone = peers.map((peer) => (peer.member.hostId === "w" ? { ...peer, state: "down" as const } : peer));
    const promises = policy.promises.map((one) => (one.name === "web2" ? { ...one, hostHolds: false } : one));
    const { gossip } = fleetSnapshot();
    const alone = gossip.map((word) =>
      word.what.body?.kind === "host" && word.what.origin === "h1"
        ? { ...word, what: { ...word.what, body: { ...word.what.body, matches: [] } } }
        : word,
    );
    agent.show(fleetSnapshot({ peers: gone, policy: { ...policy, promises }, gossip: alone }));
    expect(await berth("drain h2")).toMatchObject({ exitCode: 6, stderr: expect.stringContaining("draining h2") });
    expect(agent.ordered).toEqual([]);
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
  it("gives the policy in force as data too", async () => {
    const { exitCode, stdout } = await berth("reload -o json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "Policy",
      asSeenBy: "h1",
      items: [{ generation: 2, bad: false }],
    });
  });

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

describe("what another host does not do", () => {
  type Outcome = Parameters<ShownAgent["answerOrders"]>[0];
  it.each<[Outcome, number, RegExp]>([
    [{ kind: "refused", reason: "it does not own web2" }, 1, /h2 answers: it does not own web2/],
    [{ kind: "unknown-host" }, 4, /the fleet of h1 has no member "h2"[\s\S]*the members are h1, h2, h3, w/],
    [{ kind: "not-entitled", who: "h1" }, 5, /h1 is an observer, or no member any more: h1 gives no orders/],
    [
      { kind: "not-reached", heardAgeMs: 42_000, heardBy: ["h3"] },
      3,
      /h2 cannot be reached from h1: last heard 42 s ago; h3 still hears it[\s\S]*run it on h3/,
    ],
    [{ kind: "too-old" }, 1, /takes no orders from other hosts[\s\S]*ssh h2 berth/],
    [{ kind: "not-recorded", reason: "ENOSPC" }, 1, /nothing was asked of h2: ENOSPC/],
    [{ kind: "unanswered", afterMs: 3_000 }, 3, /did not answer within 3 s: whether it does so is not known/],
  ])("is told with what to do: %j", async (outcome, exitCode, told) => {
    agent.answerOrders(outcome);
    const result = await berth("release web2");
    expect(result.stderr).toMatch(told);
    expect(result).toMatchObject({ exitCode, stdout: "" });
  });

  it("is not even asked when the fleet has no such host, and the right name is proposed", async () => {
    expect(await berth("drain h9")).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("Did you mean") });
    expect(agent.ordered).toEqual([]);
  });
});
