import { Argument, type Command } from "commander";
import { exitCodes } from "../exit-code.ts";
import { readDaemonConfig } from "../host-config.ts";
import type { Session } from "../session.ts";

interface Options {
  readonly config?: string;
}

/** `berth hook qemu GUEST OPERATION SUB-OPERATION EXTRA`: what libvirt calls before it starts a guest. */
export function define(command: Command, session: Session): void {
  command
    .addArgument(new Argument("<driver>", "libvirt's driver").choices(["qemu", "lxc"]))
    .argument("<guest>", "name of the guest")
    .argument("<operation>", "what libvirt is about to do")
    .argument("[sub-operation]", "begin or end", "-")
    .argument("[extra]", "what libvirt says beside")
    .option("--config <file>", "configuration file (otherwise /etc/berth/config.yaml)")
    .addHelpText("after", help)
    .action(
      async (_driver: string, guest: string, operation: string, subOperation: string, _extra, options: Options) => {
        const { hookAnswer } = await import("@berth/agent/daemon/hook-answer");
        const { agent, config } = await settings(options, session);
        const verdict = await hookAnswer({ guest, operation, subOperation, agent, stateDir: config.stateDir });
        if (verdict.kind === "allowed") return;
        session.note(`berth: ${verdict.sentence}`);
        session.exitCode = exitCodes.error;
      },
    );
}

/**
 * A file that somebody broke must not keep every guest of the host from starting: an agent that runs still has the settings of
 * before, and the lists that it left tell which guests are Berth's.
 */
async function settings(options: Options, session: Session): ReturnType<typeof readDaemonConfig> {
  try {
    return await readDaemonConfig(options, session);
  } catch {
    const { configWithoutFiles } = await import("@berth/agent/config/config-reader");
    return configWithoutFiles({ env: session.terminal.environment });
  }
}

const help = `
The set-up installs it as /etc/libvirt/hooks/qemu. It exits 1, with one sentence on stderr that libvirt shows to whoever
typed the start, where the guest is another host's; a guest that no policy promises always passes. It never calls
libvirt, which waits for it.
`;
