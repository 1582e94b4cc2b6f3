import { isDeepStrictEqual } from 'node:util';
import { toTaskResource } from '../../api/toResource.ts';
import { withoutNulls } from '../../api/withoutNulls.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import { type Task, TaskCreate } from '../../model/task.ts';
import type { Ports } from '../../ports/ports.ts';

/**
 * The stored task, where a PUT is the answer of a GET that comes back as it was: it holds no secrets, and is not meant
 * to take them away. An answer is recognised by its creation date, which only Plinth writes.
 */
export async function sameAnswer(
  registry: KnownRegistry,
  name: string,
  { given, create }: { given: unknown; create: TaskCreate },
  { store }: Pick<Ports, 'store'>,
): Promise<Task | undefined> {
  const { creationDate } = (given as { properties: { creationDate?: unknown } }).properties;
  const stored = (await store.task(registry.name, name))?.value;
  if (!stored || Date.parse(stored.creationDate) !== Date.parse(String(creationDate))) return undefined;
  const answer = TaskCreate.safeParse(
    withoutNulls(toTaskResource(stored, undefined, { id: registry.id, app: {} })),
  );
  return answer.success && isDeepStrictEqual(answer.data, create) ? stored : undefined;
}
