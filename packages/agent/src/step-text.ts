/** A step of a plan in words, for user interfaces. */
export { describeStep } from "@berth/planner";
