/**
 * One log for everything that the agent says: the loop, the peers, the dead-man's notes, the local API. JSON lines on stderr, where
 * systemd and a container's engine pick them up; each with a stable `code` for programs and a `msg` for people.
 */
import pino, { type DestinationStream, type Logger } from "pino";

/** Further facts of a line. Nothing secret: keys named like secrets are blanked out all the same. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The logger port. */
export interface AgentLog {
  /** @param code stable, upper case or as the source names it; @param text one clause for a person, free to change */
  debug(code: string, text: string, fields?: LogFields): void;
  info(code: string, text: string, fields?: LogFields): void;
  warn(code: string, text: string, fields?: LogFields): void;
  error(code: string, text: string, fields?: LogFields): void;
  /** A log whose lines carry these fields as well. */
  child(fields: LogFields): AgentLog;
}

/** What {@link createAgentLog} needs. */
export interface AgentLogInit {
  readonly level: "debug" | "info" | "warn" | "error";
  /** @default stderr, written at once: the last lines before a crash are the ones that matter */
  readonly destination?: DestinationStream;
}

/** Blanked wherever they stand, one level deep included: secrets of tokens and keys, and definitions, which may hold passwords. */
const secretKeys = ["secret", "token", "password", "passwd", "privateKey", "fleetSecret", "networkKey", "xml"];

/** @returns the agent's log */
export function createAgentLog({ level, destination }: AgentLogInit): AgentLog {
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`]), censor: "***" },
      serializers: { error: pino.stdSerializers.err },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
  return logOver(logger);
}

function logOver(logger: Logger): AgentLog {
  const write = (level: "debug" | "info" | "warn" | "error") => (code: string, text: string, fields?: LogFields) =>
    logger[level]({ code, ...fields }, text);
  return {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    child: (fields) => logOver(logger.child(fields)),
  };
}
