import type { Host } from "@berth/claims";
import type { AgentConfig } from "../config/agent-config.ts";
import type { BerthConfig } from "../config/berth-config.ts";
import type { DefinitionStore } from "../definitions/definition-store.ts";
import type { FleetHome } from "../fleet/member-document.ts";
import type { HypervisorOpener } from "../hypervisor-connections.ts";
import type { NoticeChannel } from "../ports/agent-notice.ts";
import type { DeadManLink } from "../ports/dead-man-link.ts";
import type { HostClock } from "../ports/host-clock.ts";
import type { PeerNetwork } from "../ports/peer-network.ts";
import type { RecordStore } from "../ports/record-store.ts";
import type { Journal } from "./journal.ts";
import type { KeeperLinks, MemberKeeper } from "./member-keeper.ts";

/** Everything that an agent is made of, open already. */
export interface AgentComponents {
  readonly config: BerthConfig;
  readonly agent: AgentConfig;
  readonly home: FleetHome;
  readonly machine: Host;
  readonly clock: HostClock;
  readonly store: RecordStore;
  readonly definitions: DefinitionStore;
  readonly link: DeadManLink;
  readonly network: PeerNetwork & NoticeChannel;
  readonly journal: Journal;
  readonly bootId: string;
  readonly nonce: string;
  readonly openHypervisor?: HypervisorOpener;
  readonly makeKeeper: (links: KeeperLinks) => MemberKeeper;
}
