/** What a user interface needs of the policy language: showing a finding under its line, and "did you mean". */
export { checkFiles, closestWord, renderDiagnostic } from "@berth/policy";
