import { AgentError } from "../agent-error.ts";

/** A loopback address to listen on. */
export interface LoopbackAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * `host:port` of the loopback listener. Metrics name guests and hosts, and nobody signs in there, so they do not leave the machine.
 *
 * @throws AgentError CONFIG_INVALID
 */
export function parseLoopback(text: string): LoopbackAddress {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new AgentError("CONFIG_INVALID", `http_listen: "${text}" is not host:port, such as 127.0.0.1:7948`);
  }
  if (!isLoopback(host)) {
    throw new AgentError("CONFIG_INVALID", `http_listen: ${host} is no loopback address`, {
      remedy: "listen on 127.0.0.1 and let a proxy on this host forward it to those who may read it",
    });
  }
  return { host, port };
}

/** `localhost`, 127.0.0.0/8 or ::1. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Whether a Host header names this machine itself: a page in a browser cannot come in under a name of its own. */
export function isLocalHostHeader(header: string | undefined): boolean {
  if (header === undefined) return true;
  const host = /^(?:\[([0-9a-fA-F:]+)\]|([^:]*))(?::\d+)?$/.exec(header);
  return isLoopback(host?.[1] ?? host?.[2] ?? "");
}
