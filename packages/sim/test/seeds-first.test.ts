import { testSeeds } from "./seed-suite.ts";

testSeeds(1, 1000);
