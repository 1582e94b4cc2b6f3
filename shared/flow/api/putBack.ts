import { isDeepStrictEqual } from 'node:util';
import { type ApiVersion, inVersion, withLacking } from '../../api/apiVersions.ts';
import { toTaskResource } from '../../api/toResource.ts';
import { withoutNulls } from '../../api/withoutNulls.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import { type Task, TaskCreate } from '../../model/task.ts';
import type { Ports } from '../../ports/ports.ts';
import { Refusal } from '../refusal.ts';
import { toReplace } from '../retryOnConflict.ts';

/**
 * The stored task, where a PUT is the answer of a GET in its version that comes back as it was: it holds no secrets, and is not meant
 * to take them away. An answer is recognised by its creation date, which only Plinth writes.
 */
export async function sameAnswer(
  registry: KnownRegistry,
  name: string,
  { given, create, version }: { given: unknown; create: TaskCreate; version: ApiVersion },
  { store }: Pick<Ports, 'store'>,
): Promise<Task | undefined> {
  const { creationDate } = (given as { properties: { creationDate?: unknown } }).properties;
  const stored = (await toReplace(store.task(registry.name, name)))?.value;
  if (!stored || Date.parse(stored.creationDate) !== Date.parse(String(creationDate))) return undefined;
  const shown = toTaskResource(stored, undefined, { id: registry.id, app: {} });
  const answer = TaskCreate.safeParse(withoutNulls(inVersion(shown, version)));
  return answer.success && isDeepStrictEqual(answer.data, create) ? stored : undefined;
}

/**
 * A task as it was sent in an older api-version, which cannot name all that a task has: the rest stays as it is.
 * @returns takes the task that is there; throws Refusal 400
 */
export const sentIn = (version: ApiVersion, given: object) => (before: object) =>
  asTask(withLacking(given, before, version));

/** @throws Refusal 400 when it is not a task */
export function asTask(resource: unknown): TaskCreate {
  const read = TaskCreate.safeParse(resource);
  if (!read.success) throw Refusal.ofSchema(read.error);
  return read.data;
}
