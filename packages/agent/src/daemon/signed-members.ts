import type { HostId } from "@berth/claims";
import type { AgentConfig } from "../config/agent-config.ts";
import { saveMembers } from "../fleet/fleet-home.ts";
import type { FleetHome, MemberDocument } from "../fleet/member-document.ts";
import type { Member, PeerNetwork } from "../ports/peer-network.ts";
import type { MemberKeeper } from "./member-keeper.ts";

/** The signed list as it is handed to this agent: verified, on the disk, then in force among the peers. */
export class SignedMembers implements MemberKeeper {
  readonly #parts: { readonly home: FleetHome; readonly agent: AgentConfig; readonly network: PeerNetwork };
  #members: MemberDocument;

  constructor(components: { readonly home: FleetHome; readonly agent: AgentConfig; readonly network: PeerNetwork }) {
    this.#parts = components;
    this.#members = components.home.members;
  }

  get members(): MemberDocument {
    return this.#members;
  }

  adopt(document: MemberDocument): void {
    const { home, agent, network } = this.#parts;
    this.#members = saveMembers(home.stateDir, document);
    network.replaceMembers(dialledAt(document.members, agent.peerAddresses));
  }

  start(): void {}

  stop(): void {}
}

/** The list with the addresses that this host is told to dial in place of the signed ones. */
export function dialledAt<Entry extends Member>(
  members: readonly Entry[],
  addresses: Readonly<Record<HostId, readonly string[]>>,
): readonly Entry[] {
  return members.map((member) => {
    const instead = addresses[member.hostId];
    return instead === undefined ? member : { ...member, addresses: instead };
  });
}
