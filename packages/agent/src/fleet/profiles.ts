/** The fleet's profiles, for commands that let one be chosen. */
export { grantMs, profiles } from "@berth/claims";
