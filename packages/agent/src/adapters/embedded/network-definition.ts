import { randomUUID } from "node:crypto";
import {
  attributeOf,
  childNamed,
  newElement,
  parseXml,
  textOf,
  withAttribute,
  withChild,
  writeXml,
  type XmlElement,
} from "@berth/domain-xml";
import { AgentError } from "../../agent-error.ts";
import { newMac, parseRoot } from "./domain-definition.ts";
import type { EmbeddedNetwork } from "./embedded-state.ts";

/** Reads a network's XML and prints it as libvirt's network driver does: UUID, MAC and bridge name filled in. */
export function readNetworkDefinition(
  xml: string,
  name: string,
  others: readonly EmbeddedNetwork[],
): { uuid: string; xml: string } {
  const root = parseRoot(xml, "network", name);
  const given = childNamed(root, "uuid");
  const uuid = given === undefined ? randomUUID() : textOf(given).toLowerCase();
  const withUuid = withChild(root, newElement("uuid", {}, [uuid]));
  const mode = childNamed(root, "forward")?.attributes.get("mode");
  if ((mode === "nat" || mode === "route") && childNamed(root, "ip") === undefined) {
    throw new AgentError(
      "XML_INVALID",
      `XML error: ${mode} forwarding requested, but no IP address provided for network '${name}'`,
    );
  }
  // A network on an existing bridge, or one that hands out host devices, has no bridge of its own.
  const bridged = mode === undefined || ["nat", "route", "open"].includes(mode);
  return { uuid, xml: writeXml(bridged ? fillInBridge(withUuid, name, others) : withUuid) };
}

function fillInBridge(root: XmlElement, name: string, others: readonly EmbeddedNetwork[]): XmlElement {
  const bridge = childNamed(root, "bridge") ?? newElement("bridge");
  const taken = new Set(others.filter((other) => other.name !== name).map(bridgeOf));
  const wanted = attributeOf(bridge, "name");
  if (wanted !== undefined && taken.has(wanted)) {
    throw new AgentError("OPERATION_FAILED", `internal error: bridge name '${wanted}' already in use.`);
  }
  const filled = [
    ["name", wanted ?? freeBridge(taken)],
    ["stp", attributeOf(bridge, "stp") ?? "on"],
    ["delay", attributeOf(bridge, "delay") ?? "0"],
  ].reduce((element, [key, value]) => withAttribute(element, key ?? "", value), bridge);
  const withBridge = withChild(root, filled);
  return childNamed(root, "mac") === undefined
    ? withChild(withBridge, newElement("mac", { address: newMac() }))
    : withBridge;
}

function freeBridge(taken: ReadonlySet<string | undefined>): string {
  let index = 0;
  while (taken.has(`virbr${index}`)) index += 1;
  return `virbr${index}`;
}

function bridgeOf(network: EmbeddedNetwork): string | undefined {
  const parsed = parseXml(network.inactiveXml ?? network.activeXml ?? "");
  return parsed.ok ? childNamed(parsed.root, "bridge")?.attributes.get("name") : undefined;
}
