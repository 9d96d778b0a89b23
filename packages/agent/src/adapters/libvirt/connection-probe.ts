import { connect } from "node-libvirt";
import { libvirtFailure, unreachable } from "./libvirt-failure.ts";

/** A daemon that does not answer by then counts as absent. @default 2 s: a local one answers in milliseconds */
const probeDeadlineMs = 2000;

/** Opens a connection for reading, asks for libvirt's version (`9.0.0`) and closes. @throws AgentError HYPERVISOR_UNREACHABLE */
export async function readLibvirtVersion(uri: string): Promise<string> {
  const connection = await connect(uri, { readOnly: true, deadlineMs: probeDeadlineMs, keepAlive: false }).catch(
    (error: unknown) => {
      throw unreachable(uri, error);
    },
  );
  try {
    const version = await connection.host.libvirtVersion();
    return [Math.floor(version / 1_000_000), Math.floor(version / 1000) % 1000, version % 1000].join(".");
  } catch (error) {
    throw libvirtFailure(error);
  } finally {
    await connection.close();
  }
}
