import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A wire that can be cut without either end being told, as a switch does. */
export interface BlackHole extends AsyncDisposable {
  /** Where it listens; what comes there goes to the target. */
  readonly address: string;
  /** From now on everything is swallowed, new connections included. */
  cut(): void;
  /** New connections pass again; those from before the cut stay dead, as after a long partition. */
  heal(): void;
}

/** Puts one in front of a TCP port of this machine. */
export async function startBlackHole(target: string): Promise<BlackHole> {
  const port = Number(/tcp\/(\d+)/.exec(target)?.[1]);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer({ noDelay: true }, (inner) => {
    sockets.add(inner.on("error", () => inner.destroy()));
    if (isCut) {
      inner.pause();
      return;
    }
    const outer = connect({ port, host: "127.0.0.1", noDelay: true });
    sockets.add(outer.on("error", () => outer.destroy()));
    inner.pipe(outer).pipe(inner);
    // A whole wire carries resets too; a cut one does not.
    inner.on("close", () => isCut || outer.destroy());
    outer.on("close", () => isCut || inner.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    heal() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
