import { join } from "node:path";
import { expect, test } from "vitest";
import { EmbeddedHypervisor } from "../../src/adapters/embedded/embedded-hypervisor.ts";
import { StateStore } from "../../src/adapters/embedded/state-store.ts";
import { AgentError } from "../../src/agent-error.ts";
import type { HypervisorOpener } from "../../src/hypervisor-connections.ts";
import { DaemonFleet } from "./daemon-fleet.ts";
import { builtGuest } from "./daemon-guests.ts";

/** A hypervisor daemon that can be away: guests live on, calls fail, connections are lost. */
class Daemon {
  away = false;

  readonly open: HypervisorOpener = async (uri, { stateDir }) => {
    if (this.away) throw new AgentError("HYPERVISOR_UNREACHABLE", `${uri} is away`);
    const guests = new EmbeddedHypervisor({ store: new StateStore(join(stateDir, "embedded.json")) });
    let lost = false;
    const isLost = () => {
      lost ||= this.away;
      return lost;
    };
    const reach = <Result>(work: () => Promise<Result>): Promise<Result> =>
      isLost() ? Promise.reject(new AgentError("HYPERVISOR_LOST", "the connection is lost")) : work();
    return {
      uri,
      concurrency: guests.concurrency,
      get alive() {
        return !isLost();
      },
      observe: () => reach(() => guests.observe()),
      perform: (...step) => reach(() => guests.perform(...step)),
      domainXml: (...names) => reach(() => guests.domainXml(...names)),
      networkXml: (...names) => reach(() => guests.networkXml(...names)),
      existingVolumes: (paths) => reach(() => guests.existingVolumes(paths)),
      capabilitiesXml: () => guests.capabilitiesXml(),
      onLifecycle: (listener) => guests.onLifecycle(listener),
      close: () => guests.close(),
    };
  };
}

test("a guest is neither stopped nor moved because the hypervisor's daemon is away for a while", async () => {
  const daemons = new Map(["h1", "h2", "h3"].map((host) => [host, new Daemon()]));
  const start = (host: string) => ({ openHypervisor: daemons.get(host)?.open ?? expect.fail(`no ${host}`) });
  await using fleet = await DaemonFleet.start({ guests: [builtGuest("web1")], start });
  const owner = (await fleet.settled(["web1"])).get("web1") ?? "";
  const pauses = await fleet.watch(owner, "web1");
  const phase = () => fleet.snapshot(owner).claims.guests.find(({ guest }) => guest === "web1")?.phase;
  await fleet.until(phase, "running");
  const daemon = daemons.get(owner) ?? expect.fail(`no ${owner}`);
  daemon.away = true;
  await fleet.until(() => fleet.snapshot(owner).hypervisorProblem !== undefined, true);
  // Others are heard to be candidates: the moment in which an owner that thinks itself unfit would let go.
  const seen = new Set<string | undefined>();
  const since = fleet.snapshot(owner).upMs;
  await fleet.until(() => seen.add(phase()) && fleet.snapshot(owner).upMs - since > 3_000, true);
  daemon.away = false;
  await fleet.until(() => fleet.snapshot(owner).hypervisorProblem, undefined);
  await fleet.until(phase, "running");
  expect([...seen]).toEqual(["running"]);
  expect(await fleet.runningOn("web1")).toEqual([owner]);
  expect(pauses()).toEqual([]);
});
