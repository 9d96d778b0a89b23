import { isActive, type ObservedDomain } from "@berth/model";

/** `running`, `paused` or `off`, with `transient` and `saved` where they apply; or `absent`. */
export function inWords(domain: ObservedDomain | undefined): string {
  if (domain === undefined) return "absent";
  const state = isActive(domain.state) ? domain.state : "off";
  return [state, domain.persistent ? "" : "transient", domain.managedSave ? "saved" : ""].filter(Boolean).join(" ");
}
