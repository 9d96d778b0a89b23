import { classFunctions } from "./class-functions.ts";
import { dataFunctions } from "./data-functions.ts";
import { fileFunctions } from "./file-functions.ts";
import type { PolicyFunction } from "./function-types.ts";
import { listFunctions } from "./list-functions.ts";
import { networkFunctions } from "./network-functions.ts";
import { numberFunctions } from "./number-functions.ts";
import { textFunctions } from "./text-functions.ts";

/** Every function that policy can call, by name. */
export const functionTable: ReadonlyMap<string, PolicyFunction> = new Map(
  [
    textFunctions,
    listFunctions,
    dataFunctions,
    classFunctions,
    numberFunctions,
    networkFunctions,
    fileFunctions,
  ].flatMap((family) => Object.entries(family)),
);

/**
 * Functions that CFEngine 3.21 has and this project does not: they need a clock, chance, a database, other hosts or
 * packages, or nobody has asked for them. A policy that calls one is not wrong, but its value stays unknown, which is said.
 */
export const unavailableFunctions: ReadonlySet<string> = new Set(
  `accessedbefore accumulated ago basename bundlestate callstack_callers callstack_promisers cf_version_after cf_version_at
  cf_version_before cf_version_between cf_version_maximum cf_version_minimum changedbefore classfiltercsv countlinesmatching
  data_readstringarray data_readstringarrayidx data_regextract data_sysctlvalues datastate diskfree eval execresult_as_data
  file_hash filestat findfiles findfiles_up findprocesses getclassmetatags getfields getgid getuid getuserinfo getusers getvariablemetatags groupexists hash
  hash_to_int hostsseen hostswithclass hubknowledge ip2host irange islink isnewerthan laterthan ldaparray ldaplist ldapvalue lsdir
  makerule mapdata maparray network_connections now on packagesmatching packageupdatesmatching parseintarray
  parserealarray parsestringarray parsestringarrayidx parseyaml peerleader peerleaders peers processexists
  randomint readcsv readdata readenvfile readintarray readintlist readrealarray readreallist readstringarray
  readstringarrayidx readtcp readyaml regextract registryvalue regldap remoteclassesmatching remotescalar
  rrange selectservers shuffle splayclass string strftime string_mustache sysctlvalue translatepath url_get usemodule userexists
  validdata validjson variance`.split(/\s+/),
);
