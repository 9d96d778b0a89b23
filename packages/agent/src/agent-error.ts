/** Stable codes of {@link AgentError}; the messages are free to change. */
export type AgentErrorCode =
  /** A configuration file cannot be read or says something that does not hold. */
  | "CONFIG_INVALID"
  /** No hypervisor of this type can be reached; the message carries libvirt's own reason. */
  | "HYPERVISOR_UNREACHABLE"
  /** The connection to the hypervisor was lost or did not answer in time. */
  | "HYPERVISOR_LOST"
  /** The named domain, network or volume does not exist. */
  | "NOT_FOUND"
  /** The step does not fit the present state, such as resuming a domain that is off. */
  | "OPERATION_INVALID"
  /** The XML was refused: malformed, or not what this hypervisor takes. */
  | "XML_INVALID"
  /** The hypervisor refused or failed for another reason, stated in the message. */
  | "OPERATION_FAILED"
  /** The step was given up because its signal was aborted. */
  | "ABORTED"
  /** A state file does not hold what Berth wrote there. It is left as it is. */
  | "STATE_FILE_CORRUPT"
  /** The system refuses to read or write a state file: permissions, a path that is no folder, a full disk. */
  | "STATE_FILE_UNAVAILABLE"
  /** A state file is in use by another process. */
  | "STATE_FILE_LOCKED"
  /** The store of the protocol's records is damaged: what it still holds may be an older state, so nothing of it is used. */
  | "STORE_CORRUPT"
  /** Another process has the store open. */
  | "STORE_LOCKED"
  /** The store cannot be read or written here: permissions, a full or failing disk. Nothing is said of its content. */
  | "STORE_UNAVAILABLE"
  /** The store was written by a release with another layout. */
  | "STORE_SCHEMA"
  /** A batch did not reach the disk for certain; the process must end and open the store anew. */
  | "STORE_WRITE_FAILED"
  /** The store was closed before this call. */
  | "STORE_CLOSED"
  /** The two clocks of this machine disagree in a way that sleep does not explain, or one went backwards. */
  | "CLOCK_UNUSABLE"
  /** The dead-man's file in tmpfs cannot be replaced. */
  | "DEAD_MAN_FEED_FAILED"
  /** This host belongs to no fleet, or to one already. */
  | "FLEET_ABSENT"
  | "FLEET_EXISTS"
  /** A member list, token or fleet file does not hold: signature, number, shape. */
  | "FLEET_INVALID"
  /** The token was used, revoked, has expired, or belongs to another fleet. */
  | "TOKEN_REFUSED"
  /** Nobody answers at the agent's socket. */
  | "AGENT_UNREACHABLE"
  /** The agent refuses this caller. */
  | "NOT_AUTHORISED";

/** The one class that I/O failures of this package throw. */
export class AgentError extends Error {
  readonly code: AgentErrorCode;
  /** One clause in the imperative: what the reader can do. Absent where Berth does not know. */
  readonly remedy?: string;

  constructor(
    code: AgentErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly remedy?: string } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "AgentError";
    this.code = code;
    if (options.remedy !== undefined) this.remedy = options.remedy;
  }
}

/** What a person should read of anything that was thrown: the message, with the cause's where it adds something. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return cause === undefined || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
