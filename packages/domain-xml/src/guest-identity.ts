/**
 * A definition from policy often states no UUID and no MAC. libvirt would draw them by lot on each host, and a guest that
 * moves would come back as another machine. So before a guest is defined for the first time, what is missing is filled in
 * from its name.
 */
import { guestMac, guestUuid } from "./uuid.ts";
import { childNamed, newElement, withChild, type XmlElement } from "./xml-tree.ts";

/** The definition with a UUID and with a MAC on each interface, those that policy states unchanged. */
export function withGuestIdentity(domain: XmlElement, name: string, identitySeed: string): XmlElement {
  const uuid = newElement("uuid", {}, [guestUuid(name, identitySeed)]);
  const named = childNamed(domain, "uuid") === undefined ? withChild(domain, uuid) : domain;
  const devices = childNamed(named, "devices");
  if (devices === undefined) return named;
  let index = -1;
  const children = devices.children.map((node) => {
    if (typeof node === "string" || node.name !== "interface") return node;
    index += 1;
    if (childNamed(node, "mac") !== undefined) return node;
    return withChild(node, newElement("mac", { address: guestMac(name, index, identitySeed) }));
  });
  return withChild(named, { ...devices, children });
}
