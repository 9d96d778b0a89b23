/**
 * What became of a promise in one pass, in CFEngine's words.
 * `kept`: nothing to do. `repaired`: changed to what was promised. `failed`: tried, or could not be tried.
 * `denied`: refused for safety. `skipped`: not evaluated now (`ifelapsed`, `depends_on`, dry run, warn only).
 */
export type Outcome = "kept" | "repaired" | "failed" | "denied" | "skipped";
