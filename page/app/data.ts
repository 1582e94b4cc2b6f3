import { useEffect, useReducer } from 'preact/hooks';
import type { GraphAnswer, HeldAnswer, LiveAnswer, RegistriesAnswer } from '../../shared/graph/answers.ts';
import { fromGraph } from '../../shared/graph/compact.ts';
import type { PlanState } from '../../shared/model/state.ts';
import { type Mark, markAll } from '../model/freshness.ts';
import { graphOf, type Node } from '../model/graph.ts';
import { changedTasks, unsettledTasks } from '../model/live.ts';
import { CallError, call } from './call.ts';
import { escapedPart } from './routes.ts';

/** All that the page has loaded; what could not be loaded again stays as it was. */
interface Data {
  registries?: RegistriesAnswer;
  nodes: Map<string, Node>;
  marked: Map<Node, Mark>;
  states: PlanState[];
  held?: HeldAnswer;
  live?: LiveAnswer;
  /** When all of it was last right, in ms; 0 before. */
  asOf: number;
  /** What could not be read, in words; with the registry where it is all of a registry's tasks. */
  notRead: { registry?: string; why: string }[];
  /** What was decided on what was said of a digest last; the row in which it was said may be gone by then. */
  judged?: { says: string; pushes: string[] };
  trouble?: CallError;
  /** When the next try is due, after a failed one. */
  nextTry?: number;
}

const data: Data = { nodes: new Map(), marked: new Map(), states: [], asOf: 0, notRead: [] };
const watchers = new Set<() => void>();
const changed = () => {
  for (const watch of watchers) watch();
};

/** The data, and again whenever any of it changes. */
export function useData(): Readonly<Data> {
  const [, again] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const watch = () => again(undefined);
    watchers.add(watch);
    return () => void watchers.delete(watch);
  }, []);
  return data;
}

/** Tasks by registry and name, as they were read last. */
const tasks = new Map<string, Map<string, PlanState>>();

const pageSize = 1000;
const tasksAtOnce = 50;

/** Reads everything: who asks, the tasks of each registry, and what runs. @throws CallError */
async function loadAll(): Promise<void> {
  const [live, ...notRead] = await Promise.all([call<LiveAnswer>('/live'), loadRegistries(), loadHeld()]);
  data.live = live;
  data.notRead = [
    ...notRead.flat(),
    ...live.registries.flatMap(({ fault }) => (fault ? { why: fault } : [])),
  ];
  await loadNamed(unsettledTasks(live, Date.now()));
  rebuild();
}

/** Who asks is refused whatever is asked for. */
const isRefusal = ({ status }: CallError) => status === 401 || status === 403;

/** What is held stays as it was where it cannot be read: one registry of all is enough for that. */
async function loadHeld(): Promise<Data['notRead']> {
  try {
    data.held = await call<HeldAnswer>('/held');
    return [];
  } catch (error) {
    if (!(error instanceof CallError) || isRefusal(error)) throw error;
    return [{ why: `What is held could not be read: ${error.message}` }];
  }
}

async function loadRegistries(): Promise<Data['notRead']> {
  data.registries = await call<RegistriesAnswer>('/registries');
  return loadGraphs(data.registries.registries.map(({ name }) => name));
}

/** A registry that cannot be read keeps what it had; where none can, that is the page's trouble. */
async function loadGraphs(names: string[]): Promise<Data['notRead']> {
  const failed: { registry: string; why: string; error: unknown }[] = [];
  const unread = await Promise.all(
    names.map((registry) =>
      loadGraph(registry).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        failed.push({ registry, why: `${registry} could not be read: ${why}`, error });
        return [];
      }),
    ),
  );
  if (names.length > 0 && failed.length === names.length) throw failed[0]!.error;
  return [...failed, ...unread.flat().map((why) => ({ why }))];
}

/** @returns sentences about tasks that cannot be read */
async function loadGraph(registry: string): Promise<string[]> {
  const answers: GraphAnswer[] = [];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const query: string = `registry=${escapedPart(registry)}&$top=${pageSize}${after && `&after=${escapedPart(after)}`}`;
    const answer: GraphAnswer = await call<GraphAnswer>(`/graph?${query}`);
    answers.push(answer);
    after = answer.next;
  }
  tasks.set(registry, new Map(answers.flatMap(fromGraph).map((one) => [one.task, one])));
  return answers.flatMap(({ unread = [] }) => unread);
}

function rebuild(): void {
  const all = [...tasks.values()].flatMap((ofRegistry) => [...ofRegistry.values()]);
  const { notSeen = [], value } = data.held ?? {};
  const unseen = new Map(notSeen.map(({ image, reason }) => [image, reason]));
  data.nodes = graphOf(all, unseen, value, data.registries?.policies);
  data.marked = markAll(data.nodes);
  data.states = all;
}

/** Reads what runs, and the tasks of runs that began or ended since. @throws CallError */
async function loadLive(): Promise<void> {
  const live = await call<LiveAnswer>('/live');
  const moved = changedTasks(data.live, live);
  data.live = live;
  if (moved.size === 0) return;
  await loadNamed(moved);
  rebuild();
}

const loadNamed = (named: Map<string, Set<string>>) =>
  Promise.all([...named].map(([registry, names]) => loadTasks(registry, [...names])));

async function loadTasks(registry: string, names: string[]): Promise<void> {
  for (let at = 0; at < names.length; at += tasksAtOnce) {
    const part = names.slice(at, at + tasksAtOnce);
    const query = part.map((name) => `&task=${escapedPart(name)}`).join('');
    const read = fromGraph(await call<GraphAnswer>(`/graph?registry=${escapedPart(registry)}${query}`));
    const ofRegistry = tasks.get(registry) ?? new Map<string, PlanState>();
    for (const name of part) ofRegistry.delete(name);
    for (const one of read) ofRegistry.set(one.task, one);
    tasks.set(registry, ofRegistry);
  }
}

/** Runs a load; a failure is kept for the shell to tell, and what was there before stays. */
async function guarded(load: () => Promise<void>): Promise<void> {
  try {
    await load();
    data.asOf = Date.now();
    delete data.trouble;
    delete data.nextTry;
  } catch (error) {
    data.trouble = error instanceof CallError ? error : new CallError(0, 'Fault', String(error));
  }
  changed();
}

const everything = () => guarded(loadAll);
const onlyLive = () => guarded(loadLive);

/** When the next try is due; the shell tells it. */
function setNextTry(time: number): void {
  data.nextTry = time;
  changed();
}

function setJudged(judged: NonNullable<Data['judged']>): void {
  data.judged = judged;
  changed();
}

export const loads = { everything, onlyLive, setNextTry, setJudged };
export const current: Readonly<Data> = data;
