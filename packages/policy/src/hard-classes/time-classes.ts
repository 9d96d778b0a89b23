import type { BrokenDownTime } from "./host-facts.ts";

/**
 * Time as classes: a policy says `Hr16_Q3::` or `Sunday.Night::` and needs no clock of its own. Each class names one
 * property of the moment; the same set exists once in local time and once, with the prefix `GMT_`, in GMT.
 */

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;
const shifts = ["Night", "Morning", "Afternoon", "Evening"] as const;

/** Name of a month, 1 to 12. */
export function monthName(month: number): string {
  return months[month - 1] ?? "January";
}

/** Name of a weekday, 0 to 6 from Sunday. */
export function weekdayName(weekday: number): string {
  return weekdays[weekday] ?? "Sunday";
}

/**
 * The classes of one moment, without a prefix: `Sunday`, `Day22`, `November`, `Yr2026`, `Hr16`, `Min40`, `Min40_45`, `Q3`,
 * `Hr16_Q3`, `Afternoon`, `Lcycle_1`. The last range of an hour is `Min55_00`, and `Lcycle_n` is the year modulo 3, as
 * CFEngine has them.
 */
export function timeClasses(time: BrokenDownTime): string[] {
  const hour = `Hr${pad(time.hour)}`;
  const quarter = `Q${Math.floor(time.minute / 15) + 1}`;
  const rangeStart = Math.floor(time.minute / 5) * 5;
  return [
    weekdayName(time.weekday),
    `Day${time.day}`,
    monthName(time.month),
    `Yr${time.year}`,
    `Lcycle_${time.year % 3}`,
    hour,
    quarter,
    `${hour}_${quarter}`,
    `Min${pad(time.minute)}`,
    `Min${pad(rangeStart)}_${pad((rangeStart + 5) % 60)}`,
    shifts[Math.floor(time.hour / 6)] ?? "Night",
  ];
}

function pad(value: number): string {
  return value.toString().padStart(2, "0");
}
