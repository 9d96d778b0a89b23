import { LibvirtError } from "node-libvirt";
import { AgentError, type AgentErrorCode } from "../../agent-error.ts";

/**
 * libvirt's errors in the agent's words. libvirt's own text stays the message: it is what an administrator finds when
 * searching, and what its log says.
 */
const codes: Readonly<Record<string, AgentErrorCode>> = {
  VIR_ERR_NO_DOMAIN: "NOT_FOUND",
  VIR_ERR_NO_NETWORK: "NOT_FOUND",
  VIR_ERR_NO_STORAGE_POOL: "NOT_FOUND",
  VIR_ERR_NO_STORAGE_VOL: "NOT_FOUND",
  VIR_ERR_OPERATION_INVALID: "OPERATION_INVALID",
  VIR_ERR_XML_ERROR: "XML_INVALID",
  VIR_ERR_XML_DETAIL: "XML_INVALID",
  VIR_ERR_XML_INVALID_SCHEMA: "XML_INVALID",
  INVALID_URI: "HYPERVISOR_UNREACHABLE",
  CONNECT_FAILED: "HYPERVISOR_UNREACHABLE",
  AUTH_UNSUPPORTED: "HYPERVISOR_UNREACHABLE",
  CONNECTION_LOST: "HYPERVISOR_LOST",
  CONNECTION_CLOSED: "HYPERVISOR_LOST",
  KEEPALIVE_TIMEOUT: "HYPERVISOR_LOST",
  DEADLINE: "HYPERVISOR_LOST",
  PROTOCOL: "HYPERVISOR_LOST",
  DECODE: "HYPERVISOR_LOST",
  ABORTED: "ABORTED",
};

/** The agent's error for whatever a libvirt call threw. What is not libvirt's is a bug and is thrown on. */
export function libvirtFailure(error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  if (!(error instanceof LibvirtError)) throw error;
  return new AgentError(codes[error.code] ?? "OPERATION_FAILED", error.message, { cause: error });
}

/** The error of a connection that could not be opened: whatever libvirt's code, the hypervisor cannot be reached. */
export function unreachable(uri: string, error: unknown): AgentError {
  if (!(error instanceof LibvirtError)) throw error;
  const remedy =
    error.code === "CONNECT_FAILED" ? "start libvirtd, or set the URI of this type in the configuration" : undefined;
  return new AgentError("HYPERVISOR_UNREACHABLE", `${uri}: ${error.message}`, {
    cause: error,
    ...(remedy !== undefined && { remedy }),
  });
}

/** Whether libvirt answered with this one of its codes. */
export function isLibvirtCode(error: unknown, ...wanted: readonly string[]): boolean {
  return error instanceof LibvirtError && wanted.includes(error.code);
}

/** Whether the driver does not know a flag that it was given: nothing was done, and it may be asked without. */
export function isUnknownFlag(error: unknown): boolean {
  return isLibvirtCode(error, "VIR_ERR_INVALID_ARG") && /unsupported flags/.test((error as Error).message);
}

/** Whether libvirt itself answered with this error, whichever its code: the connection is fine. */
export function isAnswer(error: unknown): error is LibvirtError {
  return error instanceof LibvirtError && error.libvirt !== undefined;
}
