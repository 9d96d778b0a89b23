import type { GuestId, HostId } from "@berth/claims";
import type { AgentSnapshot } from "../../daemon/running-agent.ts";
import type { KnownGuest } from "./fleet-guests.ts";
import type { Hearing } from "./hearing.ts";

/** Everything that the questions are answered from. */
export interface Question {
  readonly snapshot: AgentSnapshot;
  readonly guest: GuestId;
  readonly known: KnownGuest | undefined;
  readonly heard: ReadonlyMap<HostId, Hearing>;
  /** The host that is asked about. */
  readonly on: Hearing;
}
