import type { Command } from "commander";
import type { Insistence } from "../membership/fleet-knowledge.ts";
import { addFleetOptions, type FleetOptions, stateDirOf } from "../membership/fleet-options.ts";
import { removeMember } from "../membership/member-commands.ts";
import { addOutputOptions, outputChoice } from "../options.ts";
import type { ListView } from "../output/list-view.ts";
import { parsePeriod } from "../period.ts";
import type { OutputChoice, Session } from "../session.ts";
import { version } from "../version.ts";

interface RotateOptions extends FleetOptions {
  readonly hostKey?: string;
  readonly wait: string;
}

/** `berth keys`: what proves who is who. */
export function define(command: Command, session: Session): void {
  addFleetOptions(addOutputOptions(command.command("show")))
    .summary("show the keys of this host and of its fleet")
    .description("Shows public keys and fingerprints. No secret is printed.")
    .action((options: FleetOptions & OutputChoice) => show(options, session));
  addFleetOptions(command.command("rotate"))
    .summary("let a new fleet key follow the present one")
    .description(
      "Lets a new fleet key follow the present one, which signs it; members follow. Open tokens are revoked.",
    )
    .option("--host-key <token>", "this host's own key instead, with a token made by `berth token create --for`")
    .option("--wait <time>", "how long to look for the host that made the token", "60s")
    .action((options: RotateOptions) => rotate(options, session));
  addFleetOptions(command.command("revoke").argument("<host>", "whose key is worth nothing any more"))
    .summary("take a host off the list at once, because its key is known to others")
    .description("Takes a host off the list at once, whatever it owns: its key opens no connection any more.")
    .requiredOption("--reason <text>", "why; written down")
    .option("--operator <name>", "who says so (otherwise the user who is signed in)")
    .action((host: string, options: FleetOptions & Insistence) =>
      removeMember(host, { ...options, force: true }, session),
    );
}

interface KeyRow {
  readonly name: string;
  readonly fingerprint: string;
  readonly where: string;
}

const keyView: ListView<KeyRow> = {
  kind: "KeyList",
  columns: [
    { title: "KEY", cell: ({ name }) => name },
    { title: "HERE", cell: ({ where }) => where },
    { title: "FINGERPRINT", cell: ({ fingerprint }) => fingerprint },
  ],
  name: ({ name }) => name,
  json: ({ name, where, fingerprint }) => ({ name, here: where, fingerprint }),
};

async function show(options: FleetOptions & OutputChoice, session: Session): Promise<void> {
  const stateDir = await stateDirOf(options, session);
  const { openFleetHome } = await import("@berth/agent/fleet/fleet-home");
  const { fleetKeyHash, loadFleetKey } = await import("@berth/agent/fleet/fleet-key");
  const { networkKeyHash } = await import("@berth/agent/fleet/network-key-file");
  const { loadHostKey } = await import("@berth/agent/peers/host-key");
  const { fleet, self, members } = openFleetHome(stateDir);
  const network = networkKeyHash(stateDir);
  const rows: KeyRow[] = [
    { name: `host ${self}`, where: "yes", fingerprint: (await loadHostKey(stateDir)).peerId },
    {
      name: `fleet ${fleet}`,
      where: loadFleetKey(stateDir) === undefined ? "public part" : "yes",
      fingerprint: `sha256:${fleetKeyHash(members.fleetKey)}`,
    },
    ...(network === undefined ? [] : [{ name: "private network", where: "yes", fingerprint: `sha256:${network}` }]),
  ];
  await session.list(keyView, rows, outputChoice(options), {
    asSeenBy: self,
    extra: { rotations: members.rotations.length },
  });
}

async function rotate(options: RotateOptions, session: Session): Promise<void> {
  const stateDir = await stateDirOf(options, session);
  if (options.hostKey !== undefined) {
    const { rekeyHost } = await import("@berth/agent/fleet/join-fleet");
    const { self } = await rekeyHost(stateDir, {
      ...{ token: options.hostKey, release: version, nowMs: session.terminal.nowMs },
      waitMs: parsePeriod("--wait", options.wait) * 1_000,
    });
    session.note(`${self} has a new key; the old one opens nothing any more. Start its agent again.`);
    return;
  }
  const { rotateFleetKey } = await import("@berth/agent/fleet/fleet-ledger");
  const { fleetKeyHash } = await import("@berth/agent/fleet/fleet-key");
  const { fleet, fleetKey } = await rotateFleetKey(stateDir, session.terminal.nowMs());
  session.note(`Fleet ${fleet} has a new key, sha256:${fleetKeyHash(fleetKey)}. Open tokens are revoked.`);
  session.note("Copies of fleet.key on other hosts sign nothing any more: copy the new one, or remove them.");
}
