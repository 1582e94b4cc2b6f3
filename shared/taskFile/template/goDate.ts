const months = 'January February March April May June July August September October November December'.split(
  ' ',
);
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

const parts: Record<string, (time: Date) => string | number> = {
  '2006': (time) => time.getUTCFullYear(),
  '06': (time) => two(time.getUTCFullYear() % 100),
  January: (time) => months[time.getUTCMonth()]!,
  Jan: (time) => months[time.getUTCMonth()]!.slice(0, 3),
  '01': (time) => two(time.getUTCMonth() + 1),
  Monday: (time) => days[time.getUTCDay()]!,
  Mon: (time) => days[time.getUTCDay()]!.slice(0, 3),
  '02': (time) => two(time.getUTCDate()),
  _2: (time) => String(time.getUTCDate()).padStart(2),
  '15': (time) => two(time.getUTCHours()),
  '03': (time) => two(time.getUTCHours() % 12 || 12),
  '04': (time) => two(time.getUTCMinutes()),
  '05': (time) => two(time.getUTCSeconds()),
  PM: (time) => (time.getUTCHours() < 12 ? 'AM' : 'PM'),
  pm: (time) => (time.getUTCHours() < 12 ? 'am' : 'pm'),
  MST: () => 'UTC',
  'Z07:00': () => 'Z',
  Z0700: () => 'Z',
  '-0700': () => '+0000',
  '-07:00': () => '+00:00',
  '1': (time) => time.getUTCMonth() + 1,
  '2': (time) => time.getUTCDate(),
  '3': (time) => time.getUTCHours() % 12 || 12,
  '4': (time) => time.getUTCMinutes(),
  '5': (time) => time.getUTCSeconds(),
};

const two = (number: number) => String(number).padStart(2, '0');

/** A time in UTC by one of Go's layouts, which write how they would show 2 January 2006, 15:04:05. */
export const formatDate = (layout: string, time: Date): string =>
  layout.replaceAll(
    /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|0[1-6]|15|_2|PM|pm|[1-5]/g,
    (part) => String(parts[part]!(time)),
  );
