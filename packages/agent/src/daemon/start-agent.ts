import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { type Configuration, createHost, type DurableRecord } from "@berth/claims";
import { readBootId } from "../clock/boot-id.ts";
import { openHostClock } from "../clock/host-clock.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { BerthConfig } from "../config/berth-config.ts";
import { configuredDeadMan } from "../dead-man/configured-dead-man.ts";
import { openDeadManLink } from "../dead-man/file-link.ts";
import { DefinitionStore } from "../definitions/definition-store.ts";
import { fleetPaths } from "../fleet/fleet-files.ts";
import { FleetKeeper, peersOf } from "../fleet/fleet-keeper.ts";
import type { FleetHome } from "../fleet/member-document.ts";
import type { HypervisorOpener } from "../hypervisor-connections.ts";
import { loadHostKey } from "../peers/host-key.ts";
import { createPeerNetwork } from "../peers/libp2p-network.ts";
import { loadNetworkKey } from "../peers/network-key.ts";
import type { PeerLogLine } from "../ports/peer-network.ts";
import type { RecordStore } from "../ports/record-store.ts";
import { openRecordStore } from "../store/open-record-store.ts";
import { ownedGuestsPath, withOwnedGuestsFile } from "../store/owned-guests-file.ts";
import { Agent } from "./agent.ts";
import { DeadManChild } from "./dead-man-child.ts";
import { Journal } from "./journal.ts";
import type { LogLines } from "./log-lines.ts";
import type { RunningAgent } from "./running-agent.ts";

/** What an agent is started with. */
export interface AgentInit {
  readonly config: BerthConfig;
  readonly agent: AgentConfig;
  readonly home: FleetHome;
  readonly log: LogLines;
  /** Starts a dead-man that outlives the agent, and keeps one running: where no init system does. @default false */
  readonly withDeadMan?: boolean;
  /** @default the adapters of this package */
  readonly openHypervisor?: HypervisorOpener;
  /** @default the store of this package */
  readonly openStore?: (path: string) => Promise<RecordStore>;
}

/**
 * Opens everything that an agent needs, in the order in which it must be there, and starts it.
 *
 * @throws AgentError CLOCK_UNUSABLE, STORE_CORRUPT, STORE_LOCKED, STORE_UNAVAILABLE, STORE_SCHEMA, STATE_FILE_CORRUPT,
 * DEAD_MAN_FEED_FAILED, CONFIG_INVALID, OPERATION_FAILED
 */
export async function startAgent(init: AgentInit): Promise<RunningAgent> {
  const { config, agent, home, log } = init;
  const { stateDir } = config;
  const bootId = readBootId();
  const link = openDeadManLink(agent.runDir, bootId);
  const [clock, key] = await Promise.all([openHostClock(), loadHostKey(stateDir)]);
  const store = await openNamedStore(stateDir, init.openStore ?? openRecordStore);
  const started: { stop(): unknown }[] = [];
  try {
    const networkKey = networkKeyOf(agent, stateDir);
    const network = createPeerNetwork({
      fleet: home.fleet,
      self: home.self,
      key,
      members: peersOf(home.members.members, agent.peerAddresses),
      listen: agent.listen.length > 0 ? agent.listen : home.listen,
      fenceMs: newestConfiguration(home, store).profile.fenceMs,
      mdns: agent.mdns,
      ...(networkKey === undefined ? {} : { networkKey }),
      log: (line) => logPeerLine(log, line),
    });
    const { self: host, fleet, hypervisor } = home;
    const machine = createHost({ host, fleet, seed: randomBytes(4).readUInt32LE(), hypervisor });
    const journal = new Journal({
      ...{ log, bootId, path: join(stateDir, "events.jsonl") },
      bootMs: () => uptime() * 1000,
      wallMs: Date.now,
    });
    const nonce = randomBytes(16).toString("hex");
    const { openHypervisor } = init;
    const running = new Agent({
      ...{ config, agent, home, machine, clock, store, link, network, journal, bootId, nonce },
      definitions: new DefinitionStore({ stateDir }),
      makeKeeper: (links) =>
        new FleetKeeper({
          ...{ ...links, home, key, disk: store.diskId, network, log, peerAddresses: agent.peerAddresses },
          ...(networkKey === undefined ? {} : { networkKey: `${Buffer.from(networkKey).toString()}\n` }),
        }),
      ...(openHypervisor === undefined ? {} : { openHypervisor }),
    });
    started.push(running);
    if (init.withDeadMan === true && hypervisor) started.push(superviseDeadMan(config, agent, running));
    await running.start();
    return running;
  } catch (error) {
    for (const part of started) await part.stop();
    await store.close();
    throw error;
  }
}

/** The second ring: the configured key, or the one that came with the joining. */
function networkKeyOf({ networkKeyFile }: AgentConfig, stateDir: string): Uint8Array | undefined {
  if (networkKeyFile !== "") return loadNetworkKey(networkKeyFile);
  const joined = fleetPaths(stateDir).networkKey;
  return existsSync(joined) ? loadNetworkKey(joined) : undefined;
}

/** The configuration that this host knew last. */
function newestConfiguration({ founding }: FleetHome, store: RecordStore): Configuration {
  const stored = store.load().find((record) => record.kind === "config")?.value;
  return stored !== undefined && stored.number > founding.number ? stored : founding;
}

/** The store with the list for the dead-man beside it. A disk that was founded just now is a voter that nobody knows yet. */
async function openNamedStore(stateDir: string, open: (path: string) => Promise<RecordStore>): Promise<RecordStore> {
  const store = await open(join(stateDir, "store"));
  try {
    const named = store.load().some(({ kind }) => kind === "voter-disk");
    const voter: DurableRecord = { kind: "voter-disk", value: { voter: store.diskId } };
    if (!named) await store.put([voter]);
    return withOwnedGuestsFile(store, ownedGuestsPath(stateDir));
  } catch (error) {
    await store.close();
    throw error;
  }
}

function superviseDeadMan(config: BerthConfig, agent: AgentConfig, running: RunningAgent): DeadManChild {
  const child = new DeadManChild(configuredDeadMan({ config, agent }));
  child.start();
  const stop = () => child.stop();
  running.ended.then(stop, stop);
  return child;
}

function logPeerLine(log: LogLines, { level, code, text, host }: PeerLogLine): void {
  // The journal has these, for everybody to see.
  if (code === "up" || code === "down") return;
  const write = level === "info" ? log.info : log.warn;
  write.call(log, `PEER_${code.toUpperCase().replaceAll("-", "_")}`, text, host === undefined ? {} : { host });
}
