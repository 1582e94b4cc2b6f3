import type { HeldBase } from '../../shared/graph/answers.ts';
import { type HeldFor, heldOf } from '../../shared/graph/heldOf.ts';
import { pausedOver } from '../../shared/graph/staleOf.ts';
import type { Policy } from '../../shared/model/bases/policy.ts';
import type { PlanState } from '../../shared/model/state.ts';

/** What is built on what: a node for each task, and one for each base image that no task makes. Pure. */

type Task = PlanState;
export type Base = PlanState['bases'][number];

export interface Node {
  /** `task registry/name` or `image reference`; unique. */
  key: string;
  /** An image's repository and tag; the task's name where its images have no stable one. */
  title: string;
  /** The registry's name, or its host where it is none of Azure's. */
  registry: string;
  task?: Task;
  /** Why one of its base images could not be looked at, with the image. */
  unseen?: { image: string; why: string };
  /** Its base image whose newest digest is held for it. */
  heldFor?: HeldFor;
  /** Why it is not built on a newer base image: a pause. */
  paused?: string;
  /** Of an image from outside: it is held itself. */
  held?: HeldBase;
  /** What it is built on, and by which base images. */
  above: { node: Node; base: Base }[];
  below: { node: Node; base: Base }[];
  /** The longest way up; 0 for what comes from outside. */
  wave: number;
}

/** `team.azurecr.io` is `team`; another host stays. */
const registryName = (host: string) => host.replace(/\.azurecr\.io$/, '');

/** Of a reference as it is stored, `host/repository:tag`. */
const hostOf = (image: string) => image.slice(0, image.indexOf('/'));
const titleOf = (image: string) => image.slice(image.indexOf('/') + 1);

export const taskNode = (registry: string, task: string) => `task ${registry}/${task}`;

/**
 * Nodes by key. Where several tasks make an image, all of them are above those that are built on it.
 * @param unseen why images could not be looked at, by reference
 * @param held base images whose newest digest is not built on
 * @param policies by which tasks are paused
 */
export function graphOf(
  tasks: readonly Task[],
  unseen: ReadonlyMap<string, string> = new Map(),
  held: readonly HeldBase[] = [],
  policies: Policy[] = [],
): Map<string, Node> {
  const nodes = new Map<string, Node>();
  const makers = new Map<string, Node[]>();
  const heldImages = new Map(held.map((one) => [one.image, one]));
  for (const task of tasks) {
    const [first] = task.outputs;
    const heldFor = heldOf(task, heldImages);
    const image = unseen.size > 0 && task.bases.find((base) => unseen.has(base.image))?.image;
    const node: Node = {
      key: taskNode(task.registry, task.task),
      title: first ? titleOf(first) : task.task,
      registry: task.registry,
      task,
      above: [],
      below: [],
      wave: 0,
    };
    const paused = pausedOver(task, heldImages, policies);
    if (heldFor) node.heldFor = heldFor;
    if (paused) node.paused = paused;
    if (image) node.unseen = { image, why: unseen.get(image)! };
    nodes.set(node.key, node);
    for (const output of task.outputs) {
      const others = makers.get(output);
      if (others) others.push(node);
      else makers.set(output, [node]);
    }
  }
  for (const node of [...nodes.values()])
    for (const base of node.task!.bases)
      for (const maker of makers.get(base.image) ?? [outside(base.image, nodes, heldImages)]) {
        if (maker === node) continue;
        node.above.push({ node: maker, base });
        maker.below.push({ node, base });
      }
  setWaves(nodes);
  return nodes;
}

function outside(image: string, nodes: Map<string, Node>, heldImages: Map<string, HeldBase>): Node {
  const key = `image ${image}`;
  const known = nodes.get(key);
  if (known) return known;
  const held = heldImages.get(image);
  const [title, registry] = [titleOf(image), registryName(hostOf(image))];
  const node: Node = { key, title, registry, ...(held && { held }), above: [], below: [], wave: 0 };
  nodes.set(key, node);
  return node;
}

/** From the top down, each node after the last of what it is built on; a cycle's nodes come last, in wave 1 or later. */
function setWaves(nodes: Map<string, Node>): void {
  const waiting = new Map<Node, number>();
  const ready: Node[] = [];
  for (const node of nodes.values())
    if (node.above.length === 0) ready.push(node);
    else waiting.set(node, node.above.length);
  for (const node of ready) if (node.task) node.wave = 1;
  for (let at = 0; at < ready.length; at++) {
    const node = ready[at]!;
    for (const { node: next } of node.below) {
      next.wave = Math.max(next.wave, node.wave + 1);
      const left = waiting.get(next)! - 1;
      waiting.set(next, left);
      if (left === 0) ready.push(next);
    }
  }
  for (const [node, left] of waiting) if (left > 0) node.wave = Math.max(node.wave, 1);
}

/** The node that makes an image, or is it. */
export function nodeOfImage(nodes: Map<string, Node>, image: string): Node | undefined {
  return nodes.get(`image ${image}`) ?? [...nodes.values()].find(({ task }) => task?.outputs.includes(image));
}

/** All that is built on it, in several steps; without itself. */
export function allBelow(from: Node): Set<Node> {
  const found = new Set<Node>();
  const open = [from];
  for (let node = open.pop(); node; node = open.pop())
    for (const { node: other } of node.below)
      if (other !== from && !found.has(other)) {
        found.add(other);
        open.push(other);
      }
  return found;
}
