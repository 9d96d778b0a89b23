/**
 * Both sides of libvirt's keepalive: a ping is answered at once; where nothing was heard for an interval a ping is
 * sent, and after too many unanswered ones the daemon counts as gone. A daemon that hangs would otherwise hold every
 * call until its deadline.
 *
 * Source: libvirt `src/rpc/virkeepaliveprotocol.x` and `virkeepalive.c`.
 */
import { clientError, type LibvirtError } from "./errors.ts";
import {
  encodeFrame,
  type FrameHeader,
  keepAliveProgram,
  messageStatus,
  messageType,
  programVersion,
} from "./frame.ts";

/** How long a silent daemon is believed to live: `intervalMs` times (`count` + 1). */
export interface KeepAliveInit {
  /** @default 5000: what libvirtd itself uses towards its clients */
  readonly intervalMs: number;
  /** Pings without an answer. @default 5: as libvirtd */
  readonly count: number;
}

/** What a connection uses unless told otherwise. */
export const keepAliveDefault: KeepAliveInit = { intervalMs: 5_000, count: 5 };

const ping = 1;
const pong = 2;

/** Watches one connection once {@link KeepAlive.start} was called; answers pings from the beginning. */
export class KeepAlive {
  readonly #write: (frame: Buffer) => void;
  readonly #lost: (error: LibvirtError) => void;
  #timer: NodeJS.Timeout | undefined;
  #heard = false;
  #unanswered = 0;

  constructor(write: (frame: Buffer) => void, lost: (error: LibvirtError) => void) {
    this.#write = write;
    this.#lost = lost;
  }

  /** Begins to ping. */
  start(init: KeepAliveInit): void {
    this.stop();
    this.#timer = setInterval(() => this.#tick(init), init.intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Anything that arrived shows that the daemon lives. */
  heard(): void {
    this.#heard = true;
    this.#unanswered = 0;
  }

  /** Takes a frame of the keepalive program. @throws LibvirtError `PROTOCOL` when it is none of the two */
  receive(header: FrameHeader): void {
    if (header.procedure === ping) this.#write(keepAliveFrame(pong));
    else if (header.procedure !== pong) {
      throw clientError("PROTOCOL", `libvirt sent a keepalive message ${header.procedure}, which does not exist`);
    }
  }

  #tick({ intervalMs, count }: KeepAliveInit): void {
    if (this.#heard) {
      this.#heard = false;
      return;
    }
    if (this.#unanswered >= count) {
      this.stop();
      const silentMs = intervalMs * (count + 1);
      this.#lost(clientError("KEEPALIVE_TIMEOUT", `libvirt did not answer ${count} pings in ${silentMs} ms`));
      return;
    }
    this.#unanswered++;
    this.#write(keepAliveFrame(ping));
  }
}

function keepAliveFrame(procedure: number): Buffer {
  const header = {
    program: keepAliveProgram,
    version: programVersion,
    procedure,
    type: messageType.message,
    serial: 0,
    status: messageStatus.ok,
  };
  return encodeFrame(header, () => {});
}
