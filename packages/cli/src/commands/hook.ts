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
        const { agent, config } = await readDaemonConfig(options, session);
        const verdict = await hookAnswer({ guest, operation, subOperation, agent, stateDir: config.stateDir });
        if (verdict.kind === "allowed") return;
        session.note(`berth: ${verdict.sentence}`);
        session.exitCode = exitCodes.error;
      },
    );
}

const help = `
The set-up installs it as /etc/libvirt/hooks/qemu. It exits 1, with one sentence on stderr that libvirt shows to whoever
typed the start, where the guest is another host's; a guest that no policy promises always passes. It never calls
libvirt, which waits for it.
`;
