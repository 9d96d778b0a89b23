import type { Connection, Stream } from "@libp2p/interface";
import { AgentError } from "../agent-error.ts";
import { farewellSchema } from "../fleet/farewells.ts";
import { welcomeBytesMax } from "../fleet/join-messages.ts";
import { conversationOver } from "../fleet/join-node.ts";
import type { AgentNotice } from "../ports/agent-notice.ts";
import type { Member } from "../ports/peer-network.ts";
import type { PeerNode } from "./libp2p-node.ts";
import type { MemberList } from "./member-list.ts";
import type { PeerTally } from "./peer-tally.ts";
import type { ProtocolNames } from "./protocol-names.ts";

/** The whole conversation. Milliseconds. */
const patienceMs = 4_000;
/** Who heard the answer hangs up; for whom does not, nothing is waited longer. Milliseconds. */
const hangUpMs = 1_000;

/** What the listener needs. */
export interface FarewellListenerParts {
  readonly node: PeerNode;
  readonly names: ProtocolNames;
  readonly members: () => MemberList;
  readonly tally: PeerTally;
  readonly onNotice: (member: Member, notice: AgentNotice) => void;
}

/**
 * Hears from a member of the list as this host knows it that there is a newer one without this host. It is an ordinary word about the
 * list, believed for its signature alone; only the way is another, since for the others this host is a stranger already.
 */
export async function listenForFarewells(parts: FarewellListenerParts): Promise<void> {
  const { node, names } = parts;
  await node.handle(names.farewell, (stream, connection) => void hear(stream, connection, parts), {
    maxInboundStreams: 1,
  });
}

async function hear(stream: Stream, connection: Connection, parts: FarewellListenerParts): Promise<void> {
  const member = parts.members().peer(connection.remotePeer.toString());
  if (member === undefined) {
    stream.abort(new AgentError("ABORTED", "not a member"));
    return;
  }
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const words = conversationOver(stream, { hearBytesMax: welcomeBytesMax, signal });
    const heard = await words.hear(farewellSchema);
    if (heard.kind !== "ok") {
      parts.tally.warn(heard.kind, `${member.hostId} says farewell: ${heard.reason}`, member.hostId);
      stream.abort(new AgentError("ABORTED", heard.kind));
      return;
    }
    await words.say({ t: "heard" });
    await stream.close({ signal });
    // A host that is removed leaves the network at once, and an answer that was still under way would be lost: it would be told again for a month.
    await hungUp(connection);
    parts.onNotice(member, { kind: "members", document: heard.word.document });
  } catch (error) {
    stream.abort(error instanceof Error ? error : new AgentError("ABORTED", String(error)));
  }
}

/** Resolves when the other side has ended the connection, or after `hangUpMs`. */
async function hungUp(connection: Connection): Promise<void> {
  if (connection.status !== "open") return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, hangUpMs);
    connection.addEventListener("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
