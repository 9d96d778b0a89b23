import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { SimulatedNetwork, type Way } from "../../src/simulation/simulated-network.ts";

/** An address out of a multiaddr. */
function endOf(multiaddr: string): { host: string; port: number } {
  const [, , host = "", , port = ""] = multiaddr.split("/");
  return { host, port: Number(port) };
}

let network: SimulatedNetwork;
/** What h2 has heard, connection by connection. */
let heard: { socket: Socket; text: string; ended: boolean }[];
let server: Server;

beforeEach(async () => {
  network = await SimulatedNetwork.open(["h1", "h2", "h3"]);
  heard = [];
  server = createServer((socket) => {
    const entry = { socket, text: "", ended: false };
    heard.push(entry);
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      entry.text += bytes;
    });
    socket.on("close", () => {
      entry.ended = true;
    });
  });
  server.listen(endOf(network.listenAddress("h2")));
  await once(server, "listening");
});
afterEach(async () => {
  await network.close();
  server.close();
});

async function dial(way: Way): Promise<Socket & { heard: string; gone: boolean }> {
  const socket = Object.assign(connect(endOf(network.dialAddress(way))), { heard: "", gone: false });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    socket.heard += bytes;
  });
  socket.on("close", () => {
    socket.gone = true;
  });
  await once(socket, "connect");
  return socket;
}

const toH2 = { from: "h1", to: "h2" };

/** Something that passes on another way meanwhile, so that "nothing came" has had its time. */
async function otherWayWorks(): Promise<void> {
  const before = heard.length;
  const other = await dial({ from: "h3", to: "h2" });
  other.write("ping");
  await expect.poll(() => heard.slice(before).some(({ text }) => text === "ping")).toBe(true);
  other.destroy();
}

describe("the simulated network", () => {
  it("carries bytes both ways, and shows the dialling host's own address", async () => {
    const socket = await dial(toH2);
    socket.write("hello");
    await expect.poll(() => heard[0]?.text).toBe("hello");
    heard[0]?.socket.write("world");
    await expect.poll(() => socket.heard).toBe("world");
    expect(heard[0]?.socket.remoteAddress).toBe(endOf(network.listenAddress("h1")).host);
  });

  it("holds what is sent across a partition, leaves the connection open, and delivers after the heal", async () => {
    const socket = await dial(toH2);
    socket.write("before ");
    await expect.poll(() => heard[0]?.text).toBe("before ");
    network.partition([["h1"], ["h2", "h3"]]);
    socket.write("during");
    await otherWayWorks();
    expect(heard[0]).toMatchObject({ text: "before ", ended: false });
    expect(socket.gone).toBe(false);
    network.heal();
    await expect.poll(() => heard[0]?.text).toBe("before during");
  });

  it("cuts one way only, where that is asked for", async () => {
    const socket = await dial(toH2);
    socket.write("a");
    await expect.poll(() => heard[0]?.text).toBe("a");
    network.cut(toH2);
    expect(network.cuts).toEqual([toH2]);
    socket.write("b");
    heard[0]?.socket.write("back");
    await expect.poll(() => socket.heard).toBe("back");
    expect(heard[0]?.text).toBe("a");
  });

  it("takes a connection across a partition and lets nobody answer it until the heal", async () => {
    network.partition([["h1"], ["h2", "h3"]]);
    const socket = await dial(toH2);
    socket.write("late");
    await otherWayWorks();
    expect(heard.map(({ text }) => text)).toEqual(["ping"]);
    network.heal();
    await expect.poll(() => heard.map(({ text }) => text)).toContain("late");
  });

  it("does not tell across a cut that the other side has closed, and tells it after the heal", async () => {
    const socket = await dial(toH2);
    socket.write("x");
    await expect.poll(() => heard[0]?.text).toBe("x");
    network.cut(toH2, { from: "h2", to: "h1" });
    socket.destroy();
    await otherWayWorks();
    expect(heard[0]?.ended).toBe(false);
    network.heal();
    await expect.poll(() => heard[0]?.ended).toBe(true);
  });

  it("goes silent with a host's power, and forgets its connections when it boots", async () => {
    const socket = await dial(toH2);
    socket.write("x");
    await expect.poll(() => heard[0]?.text).toBe("x");
    network.power("h2", false);
    heard[0]?.socket.destroy();
    await dial({ from: "h1", to: "h3" });
    expect(socket.gone).toBe(false);
    network.power("h2", true);
    await expect.poll(() => socket.gone).toBe(true);
  });

  it("leaves a host that is in no group of a partition alone with itself", () => {
    network.partition([["h1", "h2"]]);
    expect(network.cuts.map(({ from, to }) => `${from}>${to}`)).toEqual(["h1>h3", "h2>h3", "h3>h1", "h3>h2"]);
  });
});
