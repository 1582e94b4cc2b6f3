import { isDeepStrictEqual } from 'node:util';
import { toTaskResource } from '../armResources.ts';
import { type Task, TaskCreate } from '../model/task.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import { withoutNulls } from '../withoutNulls.ts';

/**
 * The stored task, where a PUT is the answer of a GET that comes back as it was: it holds no secrets, and is not meant
 * to take them away. An answer is known by its creation date, which nobody else writes.
 */
export async function sameAnswer(
  own: KnownRegistry,
  name: string,
  given: unknown,
  create: TaskCreate,
  { store }: Pick<Ports, 'store'>,
): Promise<Task | undefined> {
  const { creationDate } = (given as { properties: { creationDate?: unknown } }).properties;
  if (creationDate === undefined) return undefined;
  const stored = (await store.task(own.name, name))?.value;
  if (stored?.creationDate !== creationDate) return undefined;
  const answer = TaskCreate.safeParse(withoutNulls(toTaskResource(stored, undefined, own.id, {})));
  return answer.success && isDeepStrictEqual(answer.data, create) ? stored : undefined;
}
