/**
 * The names that CFEngine 3.21 knows: bundle types, promise types, body types and their attributes, as its own syntax
 * description lists them. One table serves the checks, "did you mean" and the list of promises that Berth does not handle.
 *
 * An attribute is written as its name and a mark for its right side: none for one value, `[]` for a list, `()` for a body,
 * `@` for a bundle, `?` for a data container or anything. `~` in front: CFEngine removed it, and ignores it with a warning.
 */

/** What may stand on an attribute's right side. */
export type AttributeShape = "scalar" | "list" | "body" | "bundle" | "any";

/** One attribute of a promise type or of a body type. */
export interface KnownAttribute {
  readonly shape: AttributeShape;
  /** CFEngine removed it: it does nothing. */
  readonly removed: boolean;
}

/** Attributes by name. */
export type AttributeTable = ReadonlyMap<string, KnownAttribute>;

/** Promise types and their own attributes; {@link commonAttributes} come on top. */
const promiseAttributes: Readonly<Record<string, string>> = {
  access:
    "admit[] admit_hostnames[] admit_ips[] admit_keys[] deny[] deny_hostnames[] deny_ips[] deny_keys[] " +
    "ifencrypted maproot[] report_data_select() resource_type shortcut",
  build_xpath: "build_xpath select_xpath",
  classes: "and[] dist[] expression not or[] persistence scope select_class[] xor[]",
  commands: "arglist[] args contain() inform module",
  databases:
    "database_columns[] database_operation database_rows[] database_server() database_type " + "registry_exclude[]",
  defaults: "if_match_regex slist[] string",
  delete_attribute: "build_xpath select_xpath",
  delete_lines: "delete_select() not_matching select_region()",
  delete_text: "build_xpath select_xpath",
  delete_tree: "build_xpath select_xpath",
  field_edits: "edit_field() select_region()",
  files:
    "acl() changes() content copy_from() create delete() depth_search() edit_defaults() edit_line@ " +
    "edit_template edit_template_string edit_xml@ file_select() file_type link_from() move_obstructions " +
    "pathtype perms() rename() repository template_data template_method touch transformer",
  guest_environments:
    "environment_host environment_interface() environment_resources() environment_state environment_type",
  insert_lines: "expand_scalars insert_select() insert_type location() select_region() whitespace_policy[]",
  insert_text: "build_xpath select_xpath",
  insert_tree: "build_xpath select_xpath",
  measurements: "data_type history_type match_value() stream_type units",
  meta: "data slist[] string",
  methods: "inherit usebundle@ useresult",
  packages:
    "additional_packages[] architecture options[] package_architectures[] package_method() " +
    "package_module() package_policy package_select package_version policy version",
  processes: "process_count() process_select() process_stop restart_class signals[]",
  replace_patterns: "replace_with() select_region()",
  reports:
    "bundle_return_value_index friend_pattern intermittency lastseen printfile() report_to_file " + "showstate[]",
  roles: "authorize[]",
  services: "service_dependencies[] service_method() service_policy",
  set_attribute: "attribute_value build_xpath select_xpath",
  set_text: "build_xpath select_xpath",
  storage: "mount() volume()",
  users:
    "description group_primary groups_secondary[] home_bundle@ home_bundle_inherit home_dir password() " +
    "policy shell uid",
  vars: "data ilist[] int policy real rlist[] slist[] string",
};

/** Body types and their attributes; {@link bodyCommonAttributes} come on top. */
const bodyAttributes: Readonly<Record<string, string>> = {
  acl:
    "aces[] acl_default acl_directory_inherit acl_inherit acl_method acl_type specify_default_aces[] " +
    "specify_inherit_aces[]",
  action:
    "action_policy audit background expireafter ifelapsed log_failed log_kept log_level log_priority " +
    "log_repaired log_string measurement_class report_level",
  changes: "hash report_changes report_diffs update_hashes",
  classes:
    "cancel_kept[] cancel_notkept[] cancel_repaired[] failed_returncodes[] kept_returncodes[] " +
    "persist_time promise_kept[] promise_repaired[] repair_denied[] repair_failed[] repair_timeout[] " +
    "repaired_returncodes[] scope timer_policy",
  contain: "chdir chroot exec_group exec_owner exec_timeout no_output preview umask useshell",
  copy_from:
    "check_root collapse_destination_dir compare copy_backup copy_size copylink_patterns[] encrypt " +
    "findertype force_ipv4 force_update link_type linkcopy_patterns[] missing_ok portnumber preserve " +
    "protocol_version purge servers[] source stealth timeout trustkey type_check verify",
  database_server: "db_server_connection_db db_server_host db_server_owner db_server_password db_server_type",
  delete: "dirlinks rmdirs",
  delete_select:
    "delete_if_contains_from_list[] delete_if_match_from_list[] delete_if_not_contains_from_list[] " +
    "delete_if_not_match_from_list[] delete_if_not_startwith_from_list[] delete_if_startwith_from_list[]",
  depth_search: "depth exclude_dirs[] include_basedir include_dirs[] rmdeadlinks traverse_links xdev",
  edit_defaults: "edit_backup empty_file_before_editing inherit max_file_size recognize_join rotate",
  edit_field:
    "allow_blank_fields extend_fields field_operation field_separator field_value select_field " +
    "start_fields_from_zero value_separator",
  environment_interface: "env_addresses[] env_name env_network",
  environment_resources: "env_baseline env_cpus env_disk env_memory env_spec env_spec_file",
  file_select:
    "atime ctime exec_program exec_regex file_result file_types[] issymlinkto[] leaf_name[] mtime " +
    "path_name[] search_bsdflags[] search_groups[] search_mode[] search_owners[] search_size",
  insert_select:
    "insert_if_contains_from_list[] insert_if_match_from_list[] insert_if_not_contains_from_list[] " +
    "insert_if_not_match_from_list[] insert_if_not_startwith_from_list[] insert_if_startwith_from_list[]",
  link_from: "copy_patterns[] link_children link_type source when_linking_children when_no_source",
  location: "before_after first_last select_line_matching",
  match_value: "extraction_regex select_line_matching select_line_number select_multiline_policy track_growing_file",
  mount: "edit_fstab mount_options[] mount_server mount_source mount_type unmount",
  package_method:
    "package_add_command package_arch_regex package_changes package_commands_useshell " +
    "package_default_arch_command package_delete_command package_delete_convention " +
    "package_file_repositories[] package_installed_regex package_list_arch_regex package_list_command " +
    "package_list_name_regex package_list_update_command package_list_update_ifelapsed " +
    "package_list_version_regex package_multiline_start package_name_convention package_name_regex " +
    "package_noverify_regex package_noverify_returncode package_patch_arch_regex package_patch_command " +
    "package_patch_installed_regex package_patch_list_command package_patch_name_regex " +
    "package_patch_version_regex package_update_command package_verify_command " +
    "package_version_equal_command package_version_less_command package_version_regex",
  package_module: "default_options[] interpreter module_path query_installed_ifelapsed query_updates_ifelapsed",
  password: "data format",
  perms: "bsdflags[] groups[] mode owners[] rxdirs",
  printfile: "file_to_print number_of_lines",
  process_count: "in_range_define[] match_range out_of_range_define[]",
  process_select:
    "command pgid pid ppid priority process_owner[] process_result rsize status stime_range threads " +
    "ttime_range tty vsize",
  rename: "disable disable_mode disable_suffix newname rotate",
  replace_with: "occurrences replace_value",
  report_data_select:
    "metatags_exclude[] metatags_include[] monitoring_exclude[] monitoring_include[] " +
    "promise_handle_exclude[] promise_handle_include[]",
  select_region: "include_end_delimiter include_start_delimiter select_end select_end_match_eof select_start",
  service_method: "service_args service_autostart_policy service_bundle@ service_dependence_chain service_type",
  volume: "check_foreign freespace scan_arrivals sensible_count sensible_size",
};

/** `body TYPE control` and its attributes. */
const controlAttributes: Readonly<Record<string, string>> = {
  agent:
    "abortbundleclasses[] abortclasses[] addclasses[] agentaccess[] agentfacility allclassesreport " +
    "alwaysvalidate bindtointerface checksum_alert_time childlibpath copyfrom_restrict_keys[] " +
    "default_repository default_timeout defaultcopytype dryrun editbinaryfilesize editfilesize " +
    "environment[] expireafter files_auto_define[] files_single_copy[] hashupdates hostnamekeys ifelapsed " +
    "inform intermittency max_children maxconnections mountfilesystems nonalphanumfiles " +
    "refresh_processes[] repchar report_class_log secureinput select_end_match_eof sensiblecount " +
    "sensiblesize skipidentify suspiciousnames[] timezone[] verbose",
  common:
    "bundlesequence[] bwlimit cache_system_functions domain ~host_licenses_paid fips_mode goal_patterns[] " +
    "ignore_missing_bundles ignore_missing_inputs inputs[] lastseenexpireafter output_prefix " +
    "package_inventory[] package_module protocol_version require_comments site_classes[] syslog_host " +
    "syslog_port system_log_level tls_ciphers tls_min_version version",
  executor:
    "agent_expireafter exec_command executorfacility mailfilter_exclude[] mailfilter_include[] mailfrom " +
    "mailmaxlines mailsubject mailto runagent_socket_allow_users[] schedule[] smtpserver splaytime",
  file: "inputs[] namespace",
  hub: "client_history_timeout exclude_hosts[] hub_schedule[] port query_timeout",
  monitor: "forgetrate histograms monitorfacility tcpdump tcpdumpcommand",
  runagent:
    "background_children encrypt force_ipv4 hosts[] max_children output_directory output_to_file port " +
    "timeout trustkey",
  server:
    "allowallconnects[] allowciphers allowconnects[] allowlegacyconnects[] allowtlsversion allowusers[] " +
    "auditing bindtointerface call_collect_interval cfruncommand collect_window denybadclocks " +
    "denyconnects[] dynamicaddresses[] hostnamekeys listen logallconnections logencryptedtransfers " +
    "maxconnections port serverfacility skipverify[] trustkeysfrom[]",
};

/** Attributes of every promise. `meta` and `depends_on` take one string too, as in CFEngine. */
const commonAttributes = "action() classes() comment depends_on? handle if ifvarclass meta? unless with";

/** Attributes of every body that is no control body. */
const bodyCommonAttributes = "inherit_from() meta?";

/** Promise types that every bundle may hold. */
const everywhere = "classes defaults meta reports vars";

const bundlePromiseTypes: Readonly<Record<string, string>> = {
  agent: `commands databases files guest_environments methods packages processes services storage users ${everywhere}`,
  common: everywhere,
  edit_line: `delete_lines field_edits insert_lines replace_patterns ${everywhere}`,
  edit_xml: `build_xpath delete_attribute delete_text delete_tree insert_text insert_tree set_attribute set_text ${everywhere}`,
  knowledge: everywhere,
  monitor: `measurements ${everywhere}`,
  server: `access roles ${everywhere}`,
};

/** Attributes of `promise agent name { ... }`. */
const promiseBlockTable = "interpreter path";

/** Every bundle type. */
export const bundleTypes: readonly string[] = Object.keys(bundlePromiseTypes);
/** Every built-in promise type, of whatever bundle. */
export const promiseTypes: readonly string[] = Object.keys(promiseAttributes);
/** Every body type but those that stand only in `body TYPE control`. */
export const bodyTypes: readonly string[] = Object.keys(bodyAttributes);
/** Every type that `body TYPE control` takes. */
export const controlTypes: readonly string[] = Object.keys(controlAttributes);

/** The built-in promise types of a bundle type; empty for an unknown one. */
export function promiseTypesOf(bundleType: string): ReadonlySet<string> {
  return readWords(Object.hasOwn(bundlePromiseTypes, bundleType) ? bundlePromiseTypes[bundleType] : undefined);
}

/** The attributes of a built-in promise type, undefined for another type. */
export function promiseAttributesOf(promiseType: string): AttributeTable | undefined {
  return tableOf(promiseAttributes, promiseType, commonAttributes);
}

/** The attributes of `body TYPE name`, undefined for an unknown body type. */
export function bodyAttributesOf(bodyType: string): AttributeTable | undefined {
  return tableOf(bodyAttributes, bodyType, bodyCommonAttributes);
}

/** The attributes of `body TYPE control`, undefined for an unknown type. */
export function controlAttributesOf(bodyType: string): AttributeTable | undefined {
  return tableOf(controlAttributes, bodyType, "");
}

/** The attributes of `promise agent name`. */
export function promiseBlockAttributes(): AttributeTable {
  return readTable(promiseBlockTable);
}

const tables = new Map<string, AttributeTable>();

function tableOf(rows: Readonly<Record<string, string>>, key: string, common: string): AttributeTable | undefined {
  const row = Object.hasOwn(rows, key) ? rows[key] : undefined;
  return row === undefined ? undefined : readTable(`${row} ${common}`);
}

/** Rows are read when first asked for: most policies use a few of them, and starting up should cost nothing. */
function readTable(row: string): AttributeTable {
  const known = tables.get(row);
  if (known !== undefined) return known;
  const table = new Map<string, KnownAttribute>();
  for (const word of readWords(row)) {
    const name = /\w+/.exec(word)?.[0] ?? "";
    table.set(name, { shape: shapeOf(word), removed: word.startsWith("~") });
  }
  tables.set(row, table);
  return table;
}

function readWords(row: string | undefined): ReadonlySet<string> {
  return new Set((row ?? "").split(" ").filter((word) => word !== ""));
}

function shapeOf(word: string): AttributeShape {
  if (word.endsWith("[]")) return "list";
  if (word.endsWith("()")) return "body";
  if (word.endsWith("@")) return "bundle";
  return word.endsWith("?") ? "any" : "scalar";
}
