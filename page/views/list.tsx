import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { px } from '../app/parts.tsx';

const rowHeight = 36;
const shownRows = 14;
/** Above and below what is seen, so that a scroll finds rows. */
const spare = 6;

/** A long list of which only the rows in view are in the document. Up, Down, PageUp, PageDown, Home and End move in it. */
export function VirtualList({
  count,
  label,
  row,
}: {
  count: number;
  label: string;
  row: (index: number) => ComponentChildren;
}) {
  const [top, set] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  /** The row that is to have the focus once it is drawn. */
  const wanted = useRef<number | undefined>(undefined);
  const first = Math.max(0, Math.min(Math.floor(top / rowHeight) - spare, count - 1));
  const last = Math.min(count, first + shownRows + 2 * spare);
  useLayoutEffect(() => {
    if (wanted.current === undefined) return;
    const link = box.current!.querySelector<HTMLElement>(`[aria-rowindex="${wanted.current + 1}"] a`);
    if (!link) return;
    wanted.current = undefined;
    link.focus({ preventScroll: true });
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const at = Number(document.activeElement?.closest('[aria-rowindex]')?.getAttribute('aria-rowindex')) - 1;
    if (at < 0) return;
    const moves: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + shownRows - 1,
      PageUp: at - shownRows + 1,
      Home: 0,
      End: count - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const target = Math.max(0, Math.min(count - 1, to));
    wanted.current = target;
    const view = box.current!;
    if (target * rowHeight < view.scrollTop) view.scrollTop = target * rowHeight;
    else if ((target + 1) * rowHeight > view.scrollTop + view.clientHeight)
      view.scrollTop = (target + 1) * rowHeight - view.clientHeight;
    set(view.scrollTop + (view.scrollTop === top ? 0.01 : 0));
  };
  return (
    <div
      class="list"
      role="table"
      aria-label={label}
      aria-rowcount={count}
      ref={box}
      onScroll={({ currentTarget }) => set(currentTarget.scrollTop)}
      onKeyDown={onKeyDown}
      style={{ maxHeight: px(shownRows * rowHeight) }}
    >
      <div role="rowgroup" style={{ height: px(count * rowHeight), position: 'relative' }}>
        {Array.from({ length: last - first }, (_, index) => (
          <div
            class="row"
            role="row"
            key={first + index}
            aria-rowindex={first + index + 1}
            style={{ top: px((first + index) * rowHeight), height: px(rowHeight) }}
          >
            {row(first + index)}
          </div>
        ))}
      </div>
    </div>
  );
}
