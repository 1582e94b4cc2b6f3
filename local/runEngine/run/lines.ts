import type { Mask } from './mask.ts';

/** An unfinished line is passed on when it is as long as this, so that no output can fill the memory. */
const longestLine = 64 * 1024;

/** Cuts pieces of text into lines. */
interface LineCutter {
  add(text: string): Promise<void>;
  /** Passes on what is left without a line end. */
  end(): Promise<void>;
}

/**
 * @param mask applied before an endless line is cut, so that no cut goes through a secret
 * @param line takes each line without its end
 */
export function lineCutter(mask: Mask, line: (text: string) => Promise<void>): LineCutter {
  let rest = '';
  return {
    async add(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const whole of lines) await line(whole.replace(/\r+$/, ''));
      if (rest.length > longestLine + mask.longest) {
        rest = mask(rest);
        // The end may be the beginning of a secret.
        const cut = Math.max(0, rest.length - mask.longest);
        await line(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
    },
    async end() {
      if (rest !== '') await line(rest.replace(/\r+$/, ''));
      rest = '';
    },
  };
}
