// Calendar fields of the CMOS clock, to and from milliseconds of Unix time (UTC).
// Source: MC146818A datasheet, "Time, Calendar, and Alarm Locations"; the century at 0x32 is IBM's.

/** How registers show numbers: register B's DM and 24/12. */
export interface CalendarFormat { binary: boolean; hours24: boolean }

export const FIELD = {
  seconds: 0, secondsAlarm: 1, minutes: 2, minutesAlarm: 3, hours: 4, hoursAlarm: 5, weekday: 6, day: 7, month: 8, year: 9, century: 0x32,
} as const;

const PM = 0x80;
const encode = (value: number, { binary }: CalendarFormat) => (binary ? value : Math.floor(value / 10) << 4 | value % 10);
const decode = (value: number, { binary }: CalendarFormat) => (binary ? value : (value >> 4) * 10 + (value & 15));
const encodeHours = (hours: number, format: CalendarFormat) =>
  format.hours24 ? encode(hours, format) : encode(hours % 12 || 12, format) | (hours >= 12 ? PM : 0);
const decodeHours = (value: number, format: CalendarFormat) =>
  format.hours24 ? decode(value, format) : (decode(value & ~PM, format) % 12) + (value & PM ? 12 : 0);

/** What the register at `index` shows at a moment. */
export function readField(epochMs: number, index: number, format: CalendarFormat): number {
  const date = new Date(epochMs);
  switch (index) {
    case FIELD.seconds: return encode(date.getUTCSeconds(), format);
    case FIELD.minutes: return encode(date.getUTCMinutes(), format);
    case FIELD.hours: return encodeHours(date.getUTCHours(), format);
    case FIELD.weekday: return encode(date.getUTCDay() + 1, format);
    case FIELD.day: return encode(date.getUTCDate(), format);
    case FIELD.month: return encode(date.getUTCMonth() + 1, format);
    case FIELD.year: return encode(date.getUTCFullYear() % 100, format);
    default: return encode(Math.floor(date.getUTCFullYear() / 100), format);
  }
}

/** The moment that is shown after `value` has been written to the register at `index`. Weekdays follow from the date. */
export function writeField(epochMs: number, index: number, value: number, format: CalendarFormat): number {
  const date = new Date(epochMs);
  const year = date.getUTCFullYear();
  switch (index) {
    case FIELD.seconds: return date.setUTCSeconds(decode(value, format));
    case FIELD.minutes: return date.setUTCMinutes(decode(value, format));
    case FIELD.hours: return date.setUTCHours(decodeHours(value, format));
    case FIELD.day: return date.setUTCDate(decode(value, format));
    case FIELD.month: return date.setUTCMonth(decode(value, format) - 1);
    case FIELD.year: return date.setUTCFullYear(year - (year % 100) + decode(value, format));
    case FIELD.century: return date.setUTCFullYear(decode(value, format) * 100 + (year % 100));
    default: return epochMs;
  }
}

const DAY_SECONDS = 86_400;

/** The first second after `afterMs` that matches the alarm; 0xc0 and above match anything. Infinity when nothing ever does. */
export function nextAlarmMs(afterMs: number, [seconds, minutes, hours]: readonly number[], format: CalendarFormat): number {
  const matches = (value: number, raw: number, decoded: number) => raw >= 0xc0 || value === decoded;
  const wanted = [decode(seconds, format), decode(minutes, format), decodeHours(hours, format)];
  if ([seconds, minutes, hours].some((raw, index) => raw < 0xc0 && wanted[index] >= [60, 60, 24][index])) return Infinity;
  const after = Math.floor(afterMs / 1000) + 1;
  const midnight = after - (((after % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS);
  for (let hour = 0; hour < 48; hour++) {
    if (!matches(hour % 24, hours, wanted[2]) || midnight + (hour + 1) * 3600 <= after) continue;
    for (let minute = 0; minute < 60; minute++) {
      const start = midnight + hour * 3600 + minute * 60;
      if (!matches(minute, minutes, wanted[1]) || start + 60 <= after) continue;
      for (let second = 0; second < 60; second++)
        if (matches(second, seconds, wanted[0]) && start + second >= after) return (start + second) * 1000;
    }
  }
  return Infinity;
}
