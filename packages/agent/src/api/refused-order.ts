import type { AgentSnapshot } from "../daemon/running-agent.ts";
import type { OrderOutcome } from "../fleet/order-exchange.ts";
import { RefusedRequest } from "./api-failure.ts";

/** What the person who asked another host reads when it does not do it: where it failed, why, and what to do. */
export function refusedOrder(
  host: string,
  outcome: Exclude<OrderOutcome, { readonly kind: "taken" }>,
  { self, members }: Pick<AgentSnapshot, "self" | "members">,
): RefusedRequest {
  const there = `or run the command on ${host} itself`;
  switch (outcome.kind) {
    case "refused":
      return new RefusedRequest(409, "OPERATION_INVALID", `${host} answers: ${outcome.reason}`);
    case "unknown-host": {
      const names = members.members.map(({ hostId }) => hostId).join(", ");
      const remedy = `the members are ${names}; see \`berth fleet members\``;
      return new RefusedRequest(404, "NOT_FOUND", `the fleet of ${self} has no member "${host}"`, remedy);
    }
    case "not-entitled": {
      const other = outcome.who === self ? `${self} gives no orders` : `${host} gets none`;
      const message = `${outcome.who} is an observer, or no member any more: ${other}`;
      return new RefusedRequest(403, "NOT_AUTHORISED", message, "run it on a host whose role is voter or member");
    }
    case "not-reached": {
      const { heardAgeMs, heardBy } = outcome;
      const age = heardAgeMs === undefined ? "never heard" : `last heard ${Math.round(heardAgeMs / 1000)} s ago`;
      const others =
        heardBy.length === 0 ? "" : `; ${heardBy.join(", ")} still ${heardBy.length === 1 ? "hears" : "hear"} it`;
      const message = `${host} cannot be reached from ${self}: ${age}${others}`;
      const remedy = heardBy.length === 0 ? `see \`berth peers\`, ${there}` : `run it on ${heardBy[0]}, ${there}`;
      return new RefusedRequest(503, "AGENT_UNREACHABLE", message, remedy);
    }
    case "too-old":
      return new RefusedRequest(
        409,
        "OPERATION_INVALID",
        `the agent of ${host} is of a release that takes no orders from other hosts`,
        `run it there: ssh ${host} berth ...`,
      );
    case "not-recorded":
      return new RefusedRequest(500, "OPERATION_FAILED", `nothing was asked of ${host}: ${outcome.reason}`);
    case "unanswered":
      return new RefusedRequest(
        503,
        "AGENT_UNREACHABLE",
        `${host} was asked and did not answer within ${outcome.afterMs / 1000} s: whether it does so is not known`,
        `look with \`berth get hosts\` and \`berth get guests\`, ${there}; asking twice does no harm`,
      );
  }
}
