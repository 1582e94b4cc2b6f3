/** `8 s`, `52 min`, `3 h`, `4 days`: how long something has lasted. */
export function duration(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(0, ms) / 1000)} s`;
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

const two = (value: number) => String(value).padStart(2, '0');
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sept', 'Oct', 'Nov', 'Dec'];

/** `1:12`, `1:02:05`: of a build. */
export function clockTime(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/**
 * Of an instant in the reader's zone: `15:02:07`. Without Intl: its first use in a tab takes 40 to 70 ms before the page
 * is drawn.
 */
export function timeOfDay(instant: number | string): string {
  const time = new Date(instant);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
}

const dayOf = (time: Date) => [time.getFullYear(), time.getMonth(), time.getDate()].join();

/** Of an instant in the reader's zone: `15:02`, and the day before it where it is another. */
export function at(iso: string, now: number): string {
  const [time, today] = [new Date(iso), new Date(now)];
  const text = timeOfDay(iso).slice(0, 5);
  if (dayOf(time) === dayOf(today)) return text;
  return `${time.getDate()} ${months[time.getMonth()]} ${text}`;
}

/** `1st`, `2nd`, `11th`. */
export function ordinal(value: number): string {
  const teen = Math.floor(value / 10) % 10 === 1;
  return `${value}${(teen ? undefined : ['th', 'st', 'nd', 'rd'][value % 10]) ?? 'th'}`;
}

/** `about 22 min`: what is worked out from past builds is never exact. */
export function aboutTime(seconds: number): string {
  return seconds < 90
    ? `about ${Math.max(1, Math.round(seconds))} s`
    : `about ${Math.round(seconds / 60)} min`;
}
