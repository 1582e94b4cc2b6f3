import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Mark, Moment } from '../model/freshness.ts';
import type { Node } from '../model/graph.ts';
import { verdictOf } from '../model/verdicts.ts';
import { visible } from '../model/visible.ts';
import { goTo } from './navigation.ts';
import { addressOf, type Route } from './routes.ts';

type Addressed = Exclude<Route, { view: 'nowhere' }>;

/** A name that others chose: its controls are shown, its direction does not reach what is beside it. */
export const Name = ({ text }: { text: string }) => <bdi class="name">{visible(text)}</bdi>;

/** A link to a view; opened in this page unless the reader asks for another tab. */
export function Link({
  to,
  children,
  current = false,
}: {
  to: Addressed;
  children: ComponentChildren;
  current?: boolean;
}) {
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goTo(to);
  };
  return (
    <a href={addressOf(to)} onClick={open} aria-current={current ? 'page' : undefined}>
      {children}
    </a>
  );
}

/** The view of a node. */
export const routeOfNode = ({ key, task }: Node): Addressed =>
  task
    ? { view: 'task', registry: task.registry, task: task.task }
    : { view: 'image', image: key.slice('image '.length) };

export const NodeLink = ({ node }: { node: Node }) => (
  <Link to={routeOfNode(node)}>
    <Name text={`${node.registry}/${node.title}`} />
  </Link>
);

/** A run that a decision names, with a space before it. */
export const RunOf = ({ registry, runId }: { registry: string; runId: string | undefined }) =>
  runId ? (
    <>
      {' '}
      <Link to={{ view: 'run', registry, runId }}>{visible(runId)}</Link>
    </>
  ) : null;

/** A length for a style; Preact 11 adds no unit. */
export const px = (length: number) => `${length}px`;

/** Shape and word. */
export const MarkText = ({ node, mark, moment }: { node: Node; mark: Mark; moment: Moment }) => (
  <span class={`mark ${mark.id} ${mark.tone ?? ''}`}>
    <span aria-hidden="true">{mark.shape}</span> {mark.word(node, moment)}
  </span>
);

/** What was decided on a push, by shape and word. */
export function VerdictText({ verdict }: { verdict: string }) {
  const { shape, word } = verdictOf(verdict);
  return (
    <>
      <span aria-hidden="true">{shape}</span> {visible(word)}
    </>
  );
}

/** Says a text to screen readers, at most once in ten seconds. */
export function Polite({ text }: { text: string }) {
  const [said, say] = useState(text);
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + 10_000 - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      say(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p class="spoken" role="status">
      {said}
    </p>
  );
}

/**
 * A button that does something in Plinth, and says how that went beside itself.
 * @param ask gives, at the click, what is asked first; undefined for nothing
 */
export function Action({
  title,
  about,
  ask,
  act,
}: {
  title: string;
  about: string;
  ask?: (() => string | undefined) | undefined;
  act: () => Promise<string>;
}) {
  const [state, set] = useState<{ asks?: string; busy?: true; says?: string }>({});
  const run = async () => {
    set({ busy: true });
    set({ says: visible(await act().catch((error: Error) => error.message)) });
  };
  const begin = () => {
    const asks = ask?.();
    return asks ? set({ asks }) : run();
  };
  return (
    <span class="action">
      <button type="button" disabled={state.busy} aria-label={`${title}: ${visible(about)}`} onClick={begin}>
        {title}
      </button>
      {state.asks && (
        <span role="alert">
          {state.asks}{' '}
          <button type="button" onClick={run}>
            {title}
          </button>{' '}
          <button type="button" onClick={() => set({})}>
            Not now
          </button>
        </span>
      )}
      <span role="status">{state.says}</span>
    </span>
  );
}

/** A view of which nothing was read yet, or could not be: it has its heading all the same. */
export const NotRead = ({ title, error }: { title: string; error?: { message: string } | undefined }) => (
  <>
    <h1 class="spoken">{visible(title)}</h1>
    {error ? <p class="trouble">{visible(error.message)}</p> : <p class="quiet">Loading …</p>}
  </>
);
