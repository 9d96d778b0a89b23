import type { Configuration, OperatorCommand } from "@berth/claims";
import type { MemberDocument } from "../fleet/member-document.ts";

/** Keeps the signed list of members: on the disk, in the peer network, and the same on all hosts. */
export interface MemberKeeper {
  /** The list in force. */
  readonly members: MemberDocument;
  /** This host is no longer on it. */
  readonly isRemoved: boolean;
  /** Takes a newer one. @throws AgentError FLEET_INVALID when its signature or number does not hold */
  adopt(document: MemberDocument): unknown;
  start(): unknown;
  stop(): unknown;
}

/** What a keeper asks of the running agent. */
export interface KeeperLinks {
  readonly config: () => Configuration;
  readonly operate: (command: OperatorCommand) => void;
}
