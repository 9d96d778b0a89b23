import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OperatorCommand } from "@berth/claims";
import { expect } from "vitest";
import { ownLoopback } from "../../../../test/support/loopback.ts";
import { foundFleet, openFleetHome } from "../../src/fleet/fleet-home.ts";
import { FleetKeeper } from "../../src/fleet/fleet-keeper.ts";
import { invite } from "../../src/fleet/invite.ts";
import { type JoinInit, joinFleet } from "../../src/fleet/join-fleet.ts";
import type { FleetHome } from "../../src/fleet/member-document.ts";
import { loadHostKey } from "../../src/peers/host-key.ts";
import { Libp2pNetwork } from "../../src/peers/libp2p-network.ts";
import type { PeerLogLine } from "../../src/ports/peer-network.ts";
import { openRecordStore } from "../../src/store/open-record-store.ts";

/** One host of a fleet on loopback: real files, a real peer network, a keeper, and no protocol. */
export interface RunningHost {
  readonly stateDir: string;
  readonly home: FleetHome;
  readonly network: Libp2pNetwork;
  readonly keeper: FleetKeeper;
  readonly operated: OperatorCommand[];
  readonly log: { readonly code: string; readonly text: string }[];
  readonly peerLog: PeerLogLine[];
  stop(): Promise<void>;
}

/** Folders and hosts of one test; all end with it. */
export class FleetGround implements AsyncDisposable {
  readonly #root = mkdtempSync(join(tmpdir(), "berth-ground-"));
  readonly #running = new Set<RunningHost>();
  #count = 0;

  /** A state directory that nobody used yet. */
  folder(): string {
    this.#count += 1;
    return join(this.#root, `h${this.#count}`);
  }

  /** Founds a fleet whose door has a real port. */
  async found(host: string, fleet = "blue"): Promise<FleetHome> {
    const [listen, joinListen] = [freeAddress(), freeAddress()];
    return await foundFleet(this.folder(), { fleet, host, listen, joinListen });
  }

  async start(stateDir: string, disk?: string): Promise<RunningHost> {
    const home = openFleetHome(stateDir);
    const key = await loadHostKey(stateDir);
    const operated: OperatorCommand[] = [];
    const log: RunningHost["log"] = [];
    const peerLog: PeerLogLine[] = [];
    const { fleet, self, listen } = home;
    const network = new Libp2pNetwork({
      ...{ fleet, self, key, listen, members: [], fenceMs: 2_000, log: (line) => peerLog.push(line) },
    });
    await network.start();
    const write = (code: string, text: string) => void log.push({ code, text });
    const keeper = new FleetKeeper({
      ...{ home, key, network, operate: (command) => operated.push(command), config: () => home.founding },
      disk: disk ?? (await diskOf(stateDir)),
      log: { info: write, warn: write, error: write },
    });
    keeper.start();
    const host: RunningHost = {
      ...{ stateDir, home, network, keeper, operated, log, peerLog },
      stop: async () => {
        if (!this.#running.delete(host)) return;
        await keeper.stop();
        await network.stop();
      },
    };
    this.#running.add(host);
    return host;
  }

  /** A token of this host's, as text. */
  async token(stateDir: string, change: Partial<Parameters<typeof invite>[1]> = {}): Promise<string> {
    return (await invite(stateDir, { nowMs: Date.now(), ...change })).text;
  }

  /** Joins under this name, without starting anything. */
  async join(token: string, host: string, change: Partial<JoinInit> = {}): Promise<FleetHome> {
    const init = { token, host, release: "0.1.0", waitMs: 20_000, listen: freeAddress() };
    return await joinFleet(this.folder(), { ...init, ...change });
  }

  /** A fleet of this many that runs and is connected; the first has the fleet key. */
  async grow(count: number): Promise<RunningHost[]> {
    const first = await this.found("h1");
    const hosts = [await this.start(first.stateDir)];
    for (let index = 2; index <= count; index += 1) {
      const { stateDir } = await this.join(await this.token(first.stateDir), `h${index}`);
      hosts.push(await this.start(stateDir));
    }
    await expect.poll(() => hosts.map(upOf), soon).toEqual(hosts.map(() => count - 1));
    return hosts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((host) => host.stop()));
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** How many peers a host hears. */
export function upOf({ network }: RunningHost): number {
  return network.members().filter(({ state }) => state === "up").length;
}

/** For conditions that come true by themselves. */
export const soon = { timeout: 30_000, interval: 20 };

/** An address that nothing listens on. */
export function freeAddress(): string[] {
  return [`/ip4/${ownLoopback()}/tcp/7946`];
}

async function diskOf(stateDir: string): Promise<string> {
  const store = await openRecordStore(join(stateDir, "store"));
  await store.close();
  return store.diskId;
}
