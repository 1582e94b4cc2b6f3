import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { call, part } from '../app/call.ts';
import { backOff } from '../app/polling.ts';
import { addText, type LogLines, noLines } from '../model/logLines.ts';
import { type Coloured, coloured, visible } from '../model/visible.ts';

/** A longer log is shown from near its end, until all of it is asked for. */
const large = 5 * 2 ** 20;
const shownOfLarge = 2 ** 20;

interface Reading {
  lines: LogLines;
  /** Bytes of the whole, where only its end was read. */
  left?: number;
  address?: string;
  fault?: string;
}

/** Reads a log as it grows, from where it was read to. @param whole whether a large one is read from its start */
function useLog(path: string, isThere: boolean, whole: boolean): Reading {
  const [reading, set] = useState<Reading>({ lines: noLines });
  useEffect(() => {
    if (!isThere) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const decoder = new TextDecoder();
    let from = -1;
    let address = '';
    set({ lines: noLines });
    const read = async (): Promise<boolean> => {
      if (address === '') {
        const { logLink } = await call<{ logLink: string }>(`${path}/listLogSasUrl`, 'POST');
        address = ownAddress(logLink);
      }
      if (from < 0) {
        const first = await part(address, { range: 'bytes=0-0' });
        const size = Number(/\/(\d+)$/.exec(first.headers.get('content-range') ?? '')?.[1] ?? 0);
        from = !whole && size > large ? size - shownOfLarge : 0;
        if (from > 0) set((before) => ({ ...before, left: size }));
      }
      const answer = await part(address, { range: `bytes=${from}-` });
      const complete = answer.headers.get('x-ms-meta-complete') !== null;
      if (!isOver) set(({ fault: _, ...before }) => before);
      if (answer.status === 416) return complete;
      const { bytes } = answer;
      from += bytes.length;
      const total = Number(/\/(\d+)$/.exec(answer.headers.get('content-range') ?? '')?.[1] ?? from);
      const text = decoder.decode(bytes, { stream: true });
      if (!isOver)
        set(({ left, lines }) => ({ address, lines: addText(lines, text), ...(left && { left }) }));
      return complete && from >= total;
    };
    let failures = 0;
    const turn = async () => {
      let isDone = false;
      try {
        isDone = document.visibilityState === 'visible' && (await read());
        failures = 0;
      } catch (error) {
        failures++;
        if (!isOver) set((before) => ({ ...before, fault: (error as Error).message }));
      }
      if (!isOver && !isDone) timer = setTimeout(turn, 1000 * backOff(failures));
    };
    turn();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [path, isThere, whole]);
  return reading;
}

/** This page asks its own origin only; the address may be of a name before it. @throws Error where it is none */
function ownAddress(link: string): string {
  if (!URL.canParse(link)) throw new Error("The log's address cannot be used.");
  const { pathname, search } = new URL(link);
  return pathname.replace(/^\/+/, '/') + search;
}

interface Given {
  path: string;
  status: string;
  isGoingOn: boolean;
  /** A run that is queued has a log only once it waits for a time. */
  isThere: boolean;
  /** Said where there is no log yet. */
  waits: string;
}

/** A log of any length: chunks are laid out where they are seen, and the whole text is there to be searched and copied. */
export function Log({ path, status, isGoingOn, isThere, waits }: Given) {
  const [whole, all] = useState(false);
  const [follow, setFollow] = useState(isGoingOn);
  const [wrap, setWrap] = useState(true);
  const { lines, left, address, fault } = useLog(path, isThere, whole);
  const box = useRef<HTMLDivElement>(null);
  const seen = useRef(0);
  useLayoutEffect(() => {
    if (!follow || !box.current) return;
    box.current.scrollTop = box.current.scrollHeight;
    seen.current = lines.count;
  });
  const onScroll = ({
    currentTarget: { scrollTop, clientHeight, scrollHeight },
  }: {
    currentTarget: HTMLElement;
  }) => {
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 24;
    if (isAtEnd) seen.current = lines.count;
    if (follow && !isAtEnd) setFollow(false);
  };
  if (lines.count === 0 && lines.rest === '') {
    if (fault) return <p class="trouble">{visible(fault)}</p>;
    return <p>{status === 'Queued' || isGoingOn ? waits : 'The log is empty.'}</p>;
  }
  const unseen = lines.count - seen.current;
  return (
    <section aria-label="Log">
      <p class="bar">
        <label>
          <input type="checkbox" checked={follow} onChange={() => setFollow(!follow)} /> Follow
        </label>{' '}
        <label>
          <input type="checkbox" checked={wrap} onChange={() => setWrap(!wrap)} /> Wrap
        </label>{' '}
        {lines.count.toLocaleString('en')} lines{' '}
        {address && (
          <a href={address} download="log.txt">
            Download
          </a>
        )}{' '}
        {left && (
          <button type="button" onClick={() => all(true)}>
            Show all {(left / 2 ** 20).toFixed(0)} MB
          </button>
        )}
        {!follow && isGoingOn && unseen > 0 && (
          <button type="button" onClick={() => setFollow(true)}>
            {unseen} new lines ↓
          </button>
        )}
        {fault && <span class="trouble">{visible(fault)}</span>}
      </p>
      <div
        class={wrap ? 'log wrap' : 'log'}
        role="log"
        aria-live={follow ? 'polite' : 'off'}
        aria-label="Log"
        tabIndex={0}
        ref={box}
        onScroll={onScroll}
      >
        {lines.chunks.map((chunk, index) => (
          <Chunk key={index} lines={chunk} />
        ))}
        {lines.rest && <Chunk lines={[lines.rest]} />}
      </div>
    </section>
  );
}

/** Lines that are drawn once; text nodes only. */
function Chunk({ lines }: { lines: string[] }) {
  return useMemo(
    () => (
      <pre>
        {joined(lines).map(({ text, colour }, index) =>
          colour ? (
            <span key={index} class={`ansi-${colour}`}>
              {text}
            </span>
          ) : (
            text
          ),
        )}
      </pre>
    ),
    [lines],
  );
}

/** The parts of all lines, neighbours of one colour together. */
function joined(lines: string[]): Coloured[] {
  const all: Coloured[] = [];
  for (const [index, line] of lines.entries())
    for (const one of [...coloured(line), ...(index < lines.length - 1 ? [{ text: '\n' }] : [])]) {
      const last = all.at(-1);
      if (last && last.colour === one.colour) last.text += one.text;
      else all.push({ ...one });
    }
  return all;
}
