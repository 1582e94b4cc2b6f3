import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { goBack, goTo } from '../app/navigation.ts';
import { Name, px, routeOfNode } from '../app/parts.tsx';
import { type Cut, cutAround } from '../model/cut.ts';
import { type Mark, type Moment, worstFirst } from '../model/freshness.ts';
import type { Node } from '../model/graph.ts';
import { type Drawing, inColumns, leavesInOrder, type ToLayOut } from '../model/layout.ts';
import { visible } from '../model/visible.ts';

declare const LAYOUT_WORKER: string;
declare const trustedTypes:
  | {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): { createScriptURL(url: string): string };
    }
  | undefined;

const size = { width: 220, height: 44 };
const margin = 8;

let worker: Worker | undefined;
/** One for the page's life; the address is the built file's and nothing else's. */
function layoutWorker(): Worker {
  const address = (url: string) =>
    typeof trustedTypes === 'undefined'
      ? url
      : trustedTypes.createPolicy('plinth', { createScriptURL: (given) => given }).createScriptURL(url);
  worker ??= new Worker(address(LAYOUT_WORKER));
  return worker;
}

let asks = 0;

/** Lays out in the worker; plain columns until it has answered, and where it cannot. */
function useDrawing(wanted: string): Drawing {
  const given = useMemo(() => JSON.parse(wanted) as ToLayOut, [wanted]);
  const [done, set] = useState<{ wanted: string; drawing: Drawing }>();
  useEffect(() => {
    const ask = ++asks;
    const took = ({ data }: MessageEvent<{ ask: number; drawing?: Drawing }>) => {
      if (data.ask === ask && data.drawing) set({ wanted, drawing: leavesInOrder(data.drawing, given) });
    };
    const running = layoutWorker();
    running.addEventListener('message', took);
    running.postMessage({ ...given, ask });
    return () => running.removeEventListener('message', took);
  }, [wanted]);
  return done?.wanted === wanted ? done.drawing : inColumns(given);
}

/** Boxes of a cut and of what it leaves out, in their columns. */
function toLayOut({ nodes, edges, more }: Cut): ToLayOut {
  return {
    ask: 0,
    boxes: [
      ...nodes.map(({ key, wave }) => ({ id: key, column: wave })),
      ...more.map(({ below }) => ({ id: moreOf(below), column: below.wave + 1 })),
    ],
    edges: [
      ...new Map(
        edges.map(({ from, to }) => [`${from.key} ${to.key}`, { from: from.key, to: to.key }]),
      ).values(),
      ...more.map(({ below }) => ({ from: below.key, to: moreOf(below) })),
    ],
    ...size,
  };
}

const moreOf = ({ key }: Node) => `more ${key}`;

interface Given {
  center: Node;
  marked: Map<Node, Mark>;
  moment: Moment;
}

/** What an image is built on and what is built on it, in columns of waves: one tab stop, moved in by the arrow keys. */
export function Graph({ center, marked, moment }: Given) {
  // Boxes keep their order until another image is looked at, however their marks change.
  const order = useRef<{ center: string; places: Map<string, number> } | undefined>(undefined);
  const places = order.current?.center === center.key ? order.current.places : new Map<string, number>();
  const place = ({ key }: Node) => places.get(key) ?? Number.MAX_SAFE_INTEGER;
  const worse = worstFirst(marked);
  const cut = useMemo(
    () => cutAround(center, (a, b) => place(a) - place(b) || worse(a, b)),
    [center, marked],
  );
  order.current = { center: center.key, places: new Map(cut.nodes.map(({ key }, index) => [key, index])) };
  const drawing = useDrawing(JSON.stringify(toLayOut(cut)));
  const placed = new Map(drawing.places.map((one) => [one.id, one]));
  const stale = new Set(
    cut.edges.filter(({ base }) => base.newer).map(({ from, to }) => `${from.key} ${to.key}`),
  );
  const right = Math.max(0, ...drawing.places.map(({ x }) => x)) + size.width + 2 * margin;
  const bottom = Math.max(0, ...drawing.places.map(({ y }) => y)) + size.height + 2 * margin;
  const waves = [...new Set(drawing.places.map(({ id }) => columnOf(id, cut)))].sort((a, b) => a - b);
  return (
    <div class="graph">
      {cut.hiddenAbove > 0 && <p>{cut.hiddenAbove} more, which it stands on, are not drawn.</p>}
      <Boxes {...{ cut, placed, center, marked, moment, waves }} width={right} height={bottom}>
        <svg width={right} height={bottom} aria-hidden="true">
          {drawing.lines.map(({ from, to, points }) => (
            <polyline
              key={`${from} ${to}`}
              class={stale.has(`${from} ${to}`) ? 'stale' : ''}
              points={points.map(({ x, y }) => `${x + margin},${y + margin}`).join(' ')}
            />
          ))}
        </svg>
      </Boxes>
    </div>
  );
}

const columnOf = (id: string, { nodes, more }: Cut) =>
  nodes.find(({ key }) => key === id)?.wave ?? more.find(({ below }) => moreOf(below) === id)!.below.wave + 1;

interface Drawn extends Given {
  cut: Cut;
  placed: Map<string, { x: number; y: number }>;
  waves: number[];
  width: number;
  height: number;
  children: preact.ComponentChildren;
}

function Boxes({ cut, placed, center, marked, moment, waves, width, height, children }: Drawn) {
  const box = useRef<HTMLDivElement>(null);
  const [focused, focus] = useState(center.key);
  // A drawing that comes later moves the boxes: the one with the focus stays in view.
  useLayoutEffect(() => {
    const { activeElement } = document;
    if (activeElement !== box.current && box.current?.contains(activeElement))
      activeElement!.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [width, height]);
  const stop = placed.has(focused) ? focused : center.key;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') return goBack();
    const to = nextBox(event.key, stop, cut, placed);
    if (!to) return;
    event.preventDefault();
    focus(to);
    const next = box.current!.querySelector<HTMLElement>(`[data-key="${CSS.escape(to)}"]`)!;
    next.focus();
    next.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  const common = (key: string) => ({
    type: 'button' as const,
    'data-key': key,
    tabIndex: key === stop ? 0 : -1,
    onFocus: () => focus(key),
    style: {
      left: px(placed.get(key)!.x + margin),
      top: px(placed.get(key)!.y + margin),
      width: px(size.width),
      height: px(size.height),
    },
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys move between its buttons
    <div class="boxes" ref={box} onKeyDown={onKeyDown}>
      <div style={{ width: px(width), height: px(height), position: 'relative' }}>
        {children}
        {waves.map((wave) => (
          <ul key={wave} aria-label={wave === 0 ? 'From outside' : `Wave ${wave}`}>
            {cut.nodes
              .filter((node) => node.wave === wave)
              .map((node) => (
                <li key={node.key}>
                  <button
                    {...common(node.key)}
                    class={`box ${marked.get(node)!.tone ?? marked.get(node)!.id} ${node === center ? 'center' : ''}`}
                    aria-current={node === center ? 'true' : undefined}
                    onClick={() => goTo(routeOfNode(node))}
                  >
                    <span aria-hidden="true">{marked.get(node)!.shape}</span> <Name text={node.title} />
                    <small>
                      <span class="spoken"> in </span>
                      {visible(node.registry)} · {marked.get(node)!.word(node, moment)}
                    </small>
                    <span class="spoken">
                      , stands on {node.above.length}, {node.below.length} stand on it
                    </span>
                  </button>
                </li>
              ))}
            {cut.more
              .filter(({ below }) => below.wave + 1 === wave)
              .map(({ below, hidden }) => (
                <li key={moreOf(below)}>
                  <button {...common(moreOf(below))} class="box more" onClick={() => showMore(below, center)}>
                    {moreText(hidden, marked)}
                  </button>
                </li>
              ))}
          </ul>
        ))}
      </div>
    </div>
  );
}

/** All that stand on the centre are listed below the drawing; those of another node, below its own. */
function showMore(below: Node, center: Node): void {
  if (below === center) document.getElementById('stand-on-it')?.scrollIntoView();
  else goTo(routeOfNode(below));
}

function moreText(hidden: Node[], marked: Map<Node, Mark>): string {
  const registries = new Set(hidden.map(({ registry }) => registry)).size;
  const bad = hidden.filter((node) => marked.get(node)!.id !== 'fresh').length;
  const where = registries === 1 ? `in ${visible(hidden[0]!.registry)}` : `in ${registries} registries`;
  return `${hidden.length} more ${where}, ${bad === 0 ? 'all fresh' : `${bad} not fresh`}`;
}

/** Where a key leads: left to what it stands on, right to what stands on it, up and down in the column. */
function nextBox(key: string, from: string, cut: Cut, placed: Drawn['placed']): string | undefined {
  const y = (id: string) => placed.get(id)!.y;
  const nearest = (ids: string[]) =>
    ids.sort((a, b) => Math.abs(y(a) - y(from)) - Math.abs(y(b) - y(from)))[0];
  const column = [...placed.keys()]
    .filter((id) => columnOf(id, cut) === columnOf(from, cut))
    .sort((a, b) => y(a) - y(b));
  const at = column.indexOf(from);
  const { edges } = toLayOut(cut);
  switch (key) {
    case 'ArrowLeft':
      return nearest(edges.flatMap((edge) => (edge.to === from ? edge.from : [])));
    case 'ArrowRight':
      return nearest(edges.flatMap((edge) => (edge.from === from ? edge.to : [])));
    case 'ArrowUp':
      return column[at - 1];
    case 'ArrowDown':
      return column[at + 1];
    case 'Home':
      return column[0];
    case 'End':
      return column.at(-1);
    default:
      return undefined;
  }
}
