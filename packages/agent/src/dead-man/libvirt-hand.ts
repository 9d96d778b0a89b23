/**
 * The dead-man's own hand on libvirt: what state the guests are in, and suspend. Everything has a short deadline and
 * fails as a value, because libvirt may hang exactly when it is needed; the kill does not come through here.
 */
import type { FeedGuest, GuestId } from "@berth/claims";
import { type Connection, type ConnectionKeeper, type Domain, keepConnected, LibvirtError } from "node-libvirt";

/** What libvirt says of one active domain. */
export interface DomainReading {
  readonly name: string;
  readonly uuid: string;
  readonly state: "running" | "paused";
}

/** What the dead-man asks of libvirt. */
export interface LibvirtHand {
  /** Whether a connection is open and answered last time. */
  readonly up: boolean;
  /** All active domains; undefined when libvirt does not answer in time. */
  activeDomains(): Promise<readonly DomainReading[] | undefined>;
  suspend(guest: Pick<FeedGuest, "guest" | "uuid">): Promise<"done" | "failed">;
  close(): Promise<void>;
}

/** A look that takes longer counts as none. @default 150 ms: a hundred times its usual time, a third of K1 */
const lookDeadlineMs = 150;
/** A suspend that takes longer has failed. @default 400 ms: a hundred times its usual time, and over before K1 */
const suspendDeadlineMs = 400;
/** Attempts to connect come this often at the latest: libvirtd may be back any moment, and a deadline near. */
const reconnectMs = 500;
/** A daemon that hangs while it is being connected to is tried anew. */
const connectDeadlineMs = 2_000;

/** Opens two connections, one for looks and one for suspends, and keeps both open. Returns at once. */
export function openLibvirtHand(uri: string): LibvirtHand {
  const keepAlive = { intervalMs: 1_000, count: 2 };
  const options = { delayMinimumMs: 50, delayMaximumMs: reconnectMs, deadlineMs: connectDeadlineMs, keepAlive };
  return new TwoConnections({ looks: keepConnected(uri, options), suspends: keepConnected(uri, options) });
}

class TwoConnections implements LibvirtHand {
  readonly #looks: ConnectionKeeper;
  readonly #suspends: ConnectionKeeper;
  readonly #handles = new Map<GuestId, Domain>();
  readonly #retired = new WeakSet<Connection>();
  #answered = true;

  constructor(components: { readonly looks: ConnectionKeeper; readonly suspends: ConnectionKeeper }) {
    this.#looks = components.looks;
    this.#suspends = components.suspends;
  }

  get up(): boolean {
    return this.#answered && this.#usable(this.#looks) !== undefined && this.#usable(this.#suspends) !== undefined;
  }

  async activeDomains(): Promise<readonly DomainReading[] | undefined> {
    const connection = this.#usable(this.#looks);
    if (connection === undefined) return undefined;
    try {
      const stats = await connection.domains.allStats(
        { state: true },
        { active: true, noWait: true },
        { deadlineMs: lookDeadlineMs },
      );
      this.#answered = true;
      return stats.map(({ domain, state }) => {
        this.#handles.set(domain.name, domain);
        return { name: domain.name, uuid: domain.uuid, state: state?.state === "paused" ? "paused" : "running" };
      });
    } catch (error) {
      this.#answered = false;
      this.#retire(connection, error);
      return undefined;
    }
  }

  async suspend({ guest, uuid }: Pick<FeedGuest, "guest" | "uuid">): Promise<"done" | "failed"> {
    const connection = this.#usable(this.#suspends);
    if (connection === undefined) return "failed";
    const patience = { deadlineMs: suspendDeadlineMs };
    const { domains } = connection;
    try {
      const known = this.#handles.get(guest);
      // libvirt's drivers find a domain by its UUID, so a handle can be made where the UUID is known: one call, not two.
      const byUuid = uuid === "" ? undefined : { name: guest, uuid, id: -1 };
      const domain = byUuid ?? known ?? (await domains.lookupByName(guest, patience));
      await domains.suspend(domain, patience);
      return "done";
    } catch (error) {
      this.#handles.delete(guest);
      this.#retire(connection, error);
      return "failed";
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#looks.close(), this.#suspends.close()]);
  }

  #usable(keeper: ConnectionKeeper): Connection | undefined {
    const { current } = keeper;
    return current === undefined || this.#retired.has(current) ? undefined : current;
  }

  /**
   * A call that hangs keeps one of the few places of its connection at the daemon, also when we no longer wait for it. A
   * hung guest must not stand in the way of the others, so such a connection is given up for a fresh one. Its farewell is
   * not waited for: a daemon that hangs does not answer that either.
   */
  #retire(connection: Connection, error: unknown): void {
    if (!(error instanceof LibvirtError)) throw error;
    if (error.code !== "DEADLINE") return;
    this.#retired.add(connection);
    void connection.close();
  }
}
