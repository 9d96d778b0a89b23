import { describe, expect, it } from "vitest";
import { parseUri } from "../src/sockets.ts";

const root = { uid: 0 };
const user = { uid: 1000, runtimeDirectory: "/run/user/1000" };

describe("a connection URI", () => {
  it.each<[uri: string, name: string, sockets: readonly string[]]>([
    ["qemu:///system", "qemu:///system", ["virtqemud-sock", "libvirt-sock"]],
    ["qemu+unix:///system", "qemu:///system", ["virtqemud-sock", "libvirt-sock"]],
    ["lxc:///system", "lxc:///system", ["virtlxcd-sock", "libvirt-sock"]],
    ["xen:///system", "xen:///system", ["virtxend-sock", "libvirt-sock"]],
    ["test:///default", "test:///default", ["virttestd-sock", "libvirt-sock"]],
    ["network:///system", "network:///system", ["virtnetworkd-sock", "libvirt-sock"]],
    ["qemu:///system?mode=legacy", "qemu:///system", ["libvirt-sock"]],
    ["qemu:///system?mode=direct", "qemu:///system", ["virtqemud-sock"]],
    [
      "esx://root@vc.example.org/dc1?no_verify=1",
      "esx://root@vc.example.org/dc1?no_verify=1",
      ["virtesxd-sock", "libvirt-sock"],
    ],
    ["remote:///", "", ["libvirt-sock"]],
    ["", "", ["libvirt-sock"]],
  ])("%j opens %j at the driver's daemon, else at libvirtd", (uri, name, sockets) => {
    expect(parseUri(uri, false, root)).toEqual({
      name,
      socketPaths: sockets.map((socket) => `/run/libvirt/${socket}`),
    });
  });

  it("may name its socket, which the daemon never sees", () => {
    expect(parseUri("test+unix:///default?a=b&socket=/tmp/a%20b/sock&c", false, root)).toEqual({
      name: "test:///default?a=b&c",
      socketPaths: ["/tmp/a b/sock"],
    });
  });

  it("may name what the daemon is to open", () => {
    expect(parseUri("qemu:///system?name=test:///default&socket=/s", false, root).name).toBe("test:///default");
  });

  it("leads to the read-only sockets when only reading is wanted", () => {
    expect(parseUri("qemu:///system", true, root).socketPaths).toEqual([
      "/run/libvirt/virtqemud-sock-ro",
      "/run/libvirt/libvirt-sock-ro",
    ]);
  });

  it("of a session leads to the user's own daemon, but root's session is the system", () => {
    const sockets = ["/run/user/1000/libvirt/virtqemud-sock", "/run/user/1000/libvirt/libvirt-sock"];
    expect(parseUri("qemu:///session", false, user).socketPaths).toEqual(sockets);
    expect(parseUri("qemu:///session", true, user).socketPaths).toEqual(sockets);
    expect(parseUri("qemu:///session", false, root).socketPaths[0]).toBe("/run/libvirt/virtqemud-sock");
    expect(parseUri("qemu:///system", false, user).socketPaths[0]).toBe("/run/libvirt/virtqemud-sock");
  });

  it.each<[uri: string, reason: RegExp]>([
    ["system", /not of the form/],
    ["../../etc:///x", /not of the form/],
    ["qemu+ssh://h1/system", /transport is ssh/],
    ["qemu+tls:///system", /transport is tls/],
    ["qemu://h1/system", /names the host h1/],
    ["qemu+unix://h1/system", /names the host h1/],
    ["qemu:///system?socket=", /socket is empty/],
    ["qemu:///system?socket=%zz", /not encoded correctly/],
    ["qemu:///system?mode=sideways", /mode is sideways/],
  ])("%j is refused", (uri, reason) => {
    expect(() => parseUri(uri, false, root)).toThrow(expect.objectContaining({ code: "INVALID_URI" }));
    expect(() => parseUri(uri, false, root)).toThrow(reason);
  });

  it("of a session is refused where there is no place for one", () => {
    expect(() => parseUri("qemu:///session", false, { uid: 1000 })).toThrow(/XDG_RUNTIME_DIR/);
  });
});
