/** The frame of every answer in JSON and YAML: the agent's, used by answers that need no agent as well. */
export { apiVersion, type Envelope, envelope, type Unreachable } from "@berth/agent/api/envelope";
