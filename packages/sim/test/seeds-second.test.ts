import { testSeeds } from "./seed-suite.ts";

testSeeds(1001, 1000);
