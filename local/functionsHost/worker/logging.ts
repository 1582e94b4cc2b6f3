export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical';

/** Categories are the Functions host's: `Host.*`, `Function.NAME` (the host on a run), `Function.NAME.User`. */
export type HostLog = (level: LogLevel, category: string, message: string) => void;

const levels = ['trace', 'debug', 'information', 'warning', 'error', 'critical', 'none'];

/** `[time] level category: message`, the line a function's log becomes on stdout. */
export function formatLogLine(time: Date, level: LogLevel, category: string, message: string): string {
  return `[${time.toISOString()}] ${level} ${category}: ${message}`;
}

/**
 * Whether host.json lets a line through: the longest configured category that starts it decides.
 * @param logLevel host.json `logging.logLevel`, category → level; `default` is Information when not given
 */
export function passesLogLevel(logLevel: Record<string, string>, level: LogLevel, category: string): boolean {
  const rank = (name: string) => levels.indexOf(name.toLowerCase());
  const configured = Object.keys(logLevel)
    .filter((prefix) => category === prefix || category.startsWith(`${prefix}.`))
    .sort((a, b) => b.length - a.length)[0];
  return rank(level) >= rank(logLevel[configured ?? 'default'] ?? 'information');
}
