import { saysHeld } from '../../shared/graph/heldOf.ts';
import { hasFailed, isStopped, stoppedBecause } from '../../shared/rules/freshness/failing.ts';
import type { Node } from './graph.ts';
import { heldWords } from './judging.ts';
import { clockTime, duration, ordinal } from './times.ts';

/** What is known of now: running and queued runs by `registry/run`. */
export interface Moment {
  now: number;
  /** When a run began, as an instant. */
  began(registry: string, runId: string): string | undefined;
  /** A queued run's place, from 1. */
  place(registry: string, runId: string): number | undefined;
}

/** A colour, always beside a word. */
export type Tone = 'bad' | 'warn' | 'busy' | 'good';

/** How an image stands: a shape and a word, so that no colour is needed. */
export interface Mark {
  id: string;
  shape: string;
  /** What it is called where marks are counted and filtered. */
  title: string;
  /** What it looks like beside its shape; nothing where it is absent. */
  tone?: Tone;
  /** Its place in lists, the worst first; of runs, which are on the way, behind what needs a person. */
  rank: number;
  /** Whether a person may have to do something. */
  needsAttention?: true;
  /** @param behind what is built on a stale image, however far up it is */
  applies(node: Node, behind: ReadonlySet<Node>): boolean;
  word(node: Node, moment: Moment): string;
}

/** The base image that is newer for longest. */
const longestNewer = ({ task }: Node) =>
  task?.bases
    .filter((base) => base.newer)
    .sort((one, other) => (one.newer!.since < other.newer!.since ? -1 : 1))[0];

const isStale = ({ paused, task }: Node) =>
  paused === undefined && task !== undefined && task.bases.some(({ newer }) => newer);

const open = (node: Node, phase: string) => node.task?.open.find((run) => run.phase === phase);

/** How long a node has been behind, `stale for 3 h`, or that it is paused. */
function staleFor(node: Node, { now }: Moment): string {
  if (node.paused) return 'paused';
  const since = longestNewer(node)?.newer?.since;
  return since ? `stale for ${duration(now - Date.parse(since))}` : '';
}

/** All marks; of a node it is the first that applies. The worst first in lists, but for runs, which are on the way. */
export const marks: readonly Mark[] = [
  {
    id: 'running',
    shape: '▶',
    title: 'running',
    tone: 'busy',
    rank: 5,
    applies: (node) => open(node, 'Pinned') !== undefined,
    word: (node, { now, began }) => {
      const start = began(node.task!.registry, open(node, 'Pinned')!.runId);
      return start ? `running ${clockTime(now - Date.parse(start))}` : 'running';
    },
  },
  {
    id: 'queued',
    shape: '◌',
    title: 'queued',
    tone: 'busy',
    rank: 6,
    applies: (node) => open(node, 'Queued') !== undefined,
    word: (node, { place }) => {
      const position = place(node.task!.registry, open(node, 'Queued')!.runId);
      return position ? `queued, ${ordinal(position)}` : 'queued';
    },
  },
  {
    id: 'stopped',
    shape: '‖',
    title: 'stopped',
    tone: 'bad',
    rank: 1,
    needsAttention: true,
    applies: ({ task }) => task !== undefined && isStopped(task),
    word: (node, moment) => ['stopped', staleFor(node, moment)].filter(Boolean).join(', '),
  },
  {
    id: 'failed',
    shape: '✕',
    title: 'failed',
    tone: 'bad',
    rank: 2,
    needsAttention: true,
    applies: ({ task }) => task?.last !== undefined && hasFailed(task.last.status),
    word: (node, moment) => ['failed', staleFor(node, moment)].filter(Boolean).join(', '),
  },
  {
    id: 'stale',
    shape: '▲',
    title: 'stale',
    tone: 'warn',
    rank: 4,
    needsAttention: true,
    applies: isStale,
    word: staleFor,
  },
  {
    id: 'quarantined',
    shape: '⊘',
    title: 'on a quarantined digest',
    tone: 'bad',
    rank: 3,
    needsAttention: true,
    applies: ({ heldFor }) => heldFor?.isOnIt === true,
    word: () => 'on a quarantined digest',
  },
  {
    id: 'held',
    shape: '◧',
    title: 'held',
    tone: 'warn',
    rank: 8,
    applies: ({ heldFor, held, paused }) => [heldFor, held, paused].some((why) => why !== undefined),
    word: ({ heldFor, held, paused }, { now }) => {
      const base = heldFor?.held ?? held;
      return base && !paused ? heldWords[base.because](base, now) : 'paused';
    },
  },
  {
    id: 'behind',
    shape: '◐',
    title: 'stands on a stale image',
    tone: 'warn',
    rank: 7,
    applies: (node, behind) => behind.has(node),
    word: () => 'stands on a stale image',
  },
  {
    id: 'unseen',
    shape: '?',
    title: 'not seen',
    tone: 'warn',
    rank: 9,
    needsAttention: true,
    applies: ({ unseen }) => unseen !== undefined,
    word: () => 'not seen',
  },
  {
    id: 'unknown',
    shape: '–',
    title: 'not known',
    rank: 10,
    applies: ({ task }) => task !== undefined && task.built === undefined,
    word: () => 'not known: run it once',
  },
  {
    id: 'outside',
    shape: '◇',
    title: 'from outside',
    rank: 12,
    applies: ({ task }) => task === undefined,
    word: () => 'from outside',
  },
  {
    id: 'fresh',
    shape: '●',
    title: 'fresh',
    tone: 'good',
    rank: 11,
    applies: () => true,
    word: () => 'fresh',
  },
];

/** @param marked the marks of all nodes, as they were worked out once */
export const worstFirst = (marked: Map<Node, Mark>) => (a: Node, b: Node) =>
  marked.get(a)!.rank - marked.get(b)!.rank || byTitle(a, b);

const byTitle = (a: Node, b: Node) => (a.title < b.title ? -1 : Number(a.title > b.title));

/** As `worstFirst` sorts, of many nodes in a third of the time: those of a rank are alike but for their titles. */
export function sortedWorstFirst(nodes: Iterable<Node>, marked: Map<Node, Mark>): Node[] {
  const ofRanks: Node[][] = [];
  for (const node of nodes) {
    const { rank } = marked.get(node)!;
    const others = ofRanks[rank];
    if (others) others.push(node);
    else ofRanks[rank] = [node];
  }
  return ofRanks.flatMap((ofRank) => ofRank.sort(byTitle));
}

/** Marks of all nodes. What is behind is found from the stale ones down, once for all. */
export function markAll(nodes: Map<string, Node>): Map<Node, Mark> {
  const behind = new Set<Node>();
  const open = [...nodes.values()].filter(isStale);
  for (let node = open.pop(); node; node = open.pop())
    for (const { node: next } of node.below)
      if (!behind.has(next) && !next.paused) {
        behind.add(next);
        open.push(next);
      }
  const mark = (node: Node) => marks.find(({ applies }) => applies(node, behind))!;
  return new Map([...nodes.values()].map((node) => [node, mark(node)]));
}

/** Why an image stands as it does, in a sentence; undefined where the mark says all. */
export function because(node: Node, mark: Mark): string | undefined {
  const { task, heldFor, held } = node;
  if (!task) return held?.reason;
  const newer = longestNewer(node);
  const builtOn = task.built?.pins.find(({ image }) => image === newer?.image)?.digest ?? newer?.digest;
  const behind = newer?.newer && `built on ${short(builtOn!)}, now ${short(newer.newer.digest)}`;
  const paused = node.paused ? `; ${node.paused}` : '';
  if (mark.id === 'stopped') return `${stoppedBecause(task)}${paused}`;
  if (mark.id === 'held' && node.paused) return `${node.paused}; ${behind}`;
  if (mark.id === 'failed') return `run ${task.last!.runId} ended ${task.last!.status}${paused}`;
  if (heldFor && (mark.id === 'held' || mark.id === 'quarantined')) return saysHeld(heldFor);
  if (mark.id === 'unseen') return `${node.unseen!.image}: ${node.unseen!.why}`;
  if (mark.id !== 'stale') return behind;
  if (!task.enabled) return `the task is disabled; ${behind}`;
  if (task.trigger === 'Disabled') return `its base image trigger is disabled; ${behind}`;
  if (newer!.type === 'BuildTime' && task.trigger === 'Runtime')
    return `only a build stage is newer, and its trigger is Runtime; ${behind}`;
  return behind;
}

/** Enough of a digest for a person. */
export const short = (digest: string) => digest.replace(/^sha256:/, '').slice(0, 12);
