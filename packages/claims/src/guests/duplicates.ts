/** The same UUID on two hosts raises an alarm, even for guests that nobody promised (section 8). */
import type { Now } from "../time.ts";
import type { GuestId } from "../words.ts";
import { hostsRunning } from "./adverts.ts";
import type { GuestParts } from "./parts.ts";

/** Which duplicates were told already: an alarm is raised once for each set of hosts. */
export class DuplicateWatch {
  readonly #parts: GuestParts;
  readonly #told = new Map<string, string>();

  constructor(parts: GuestParts) {
    this.#parts = parts;
  }

  /** Something was heard or seen of this UUID. */
  look(uuid: string, guest: GuestId, now: Now): void {
    const hosts = hostsRunning(this.#parts, uuid, now).join(", ");
    if (!hosts.includes(", ")) {
      this.#told.delete(uuid);
      return;
    }
    if (this.#told.get(uuid) === hosts) return;
    this.#told.set(uuid, hosts);
    this.#parts.outbox.note({ level: "alarm", code: "DUPLICATE_GUEST", guest, text: `${uuid} runs on ${hosts}` });
  }
}
