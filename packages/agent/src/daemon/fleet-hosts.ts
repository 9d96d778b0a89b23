import type { FleetHost } from "@berth/claims";
import { canonify } from "@berth/policy";
import type { MemberDocument } from "../fleet/member-document.ts";

/**
 * The list of members in the protocol's words. A host's own classes are the names that CFEngine makes of its name, the qualified
 * one and the short one: a guest whose `environment_host` is one of them is meant for that host alone.
 */
export function fleetHosts({ members }: MemberDocument): readonly FleetHost[] {
  return members.map(({ hostId, hypervisor, role }) => {
    const name = hostId.toLowerCase();
    const classes = new Set([canonify(name), canonify(name.split(".", 1)[0] ?? name)]);
    return { host: hostId, hypervisor: hypervisor && role !== "observer", classes: [...classes] };
  });
}
