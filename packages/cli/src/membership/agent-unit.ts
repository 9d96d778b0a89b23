import { spawnSync } from "node:child_process";
import type { Session } from "../session.ts";

/** As deploy/set-up.sh installs it; it works on this folder only. */
const unit = "berth-agent.service";
const unitStateDir = "/var/lib/berth";

/**
 * A host that has just come into a fleet needs its agent: started where systemd has its unit, and otherwise said how. The start is
 * the last step and may fail without undoing the others.
 */
export function startAgentUnit(stateDir: string, session: Session): void {
  const systemctl = (...argv: string[]) =>
    spawnSync("systemctl", argv, { env: session.terminal.environment as NodeJS.ProcessEnv, stdio: "ignore" }).status;
  if (stateDir !== unitStateDir || systemctl("cat", unit) !== 0) {
    session.note(`Now start the agent here: \`berth agent --state-dir ${stateDir}\`, and a dead-man beside it.`);
  } else if (systemctl("start", unit) === 0) {
    session.note(`The agent runs (${unit}).`);
  } else {
    session.note(`The agent did not start: see \`systemctl status ${unit}\`.`);
  }
}
