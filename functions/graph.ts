import { operations, roles } from '../shared/api/operations.ts';
import { keptFor } from '../shared/edge/answering/kept.ts';
import { type AppCall, serve, serveApp } from '../shared/edge/http.ts';
import { dayOf, namedTasks, nextQuery, pagingOf } from '../shared/flow/api/paging.ts';
import { graphOf, graphPage } from '../shared/flow/overall/graphPage.ts';
import { heldNow } from '../shared/flow/overall/held.ts';
import { live } from '../shared/flow/overall/live.ts';
import { allStates, staleIn, whyStale } from '../shared/flow/overall/stale.ts';
import type { RegistriesAnswer } from '../shared/graph/answers.ts';
import { without } from '../shared/model/without.ts';
import { graphKeptMs, liveKeptMs } from '../shared/rules/timing.ts';

serveApp(operations.registriesList, async ({ config, caller }) => {
  const answer: RegistriesAnswer = {
    registries: config.registries.map(({ name, id, loginServer }) => ({ name, id, loginServer })),
    runsAtOnce: config.runsPerRegistry,
    policies: config.policies,
    you: caller ? { ...caller, by: 'Entra' } : { by: 'FunctionKey', roles: [...roles] },
  };
  return { jsonBody: answer };
});

serveApp(operations.graphGet, async ({ query, ports, registryNamed }) => {
  const { name } = registryNamed(query.get('registry') ?? '');
  const tasks = namedTasks(query);
  if (tasks.length > 0) return { jsonBody: await graphOf(name, tasks, ports) };
  const paging = pagingOf(query, 1000, 'after');
  const key = `graph ${name} ${paging.top} ${paging.after ?? ''}`;
  return { jsonBody: await keptFor(ports.clock, graphKeptMs, key, () => graphPage(name, paging, ports)) };
});

serveApp(operations.liveGet, async ({ ports }) => ({
  jsonBody: await keptFor(ports.clock, liveKeptMs, 'live', () => live(ports)),
}));

serveApp(operations.pushesList, async ({ query, ports, config }) => {
  const { values, next } = await ports.store.pushesOf(dayOf(query, ports.clock.now()), pagingOf(query, 100));
  const nextPage = nextQuery(query, next);
  const value = values.map((push) => without(push, 'key'));
  return {
    jsonBody: { value, ...(nextPage && { nextLink: `${config.publicUrl}/pushes?${nextPage}` }) },
  };
});

const keptStates = ({ ports }: Pick<AppCall, 'ports'>) =>
  keptFor(ports.clock, graphKeptMs, 'states', () => allStates(ports));

const keptHeld = ({ ports }: Pick<AppCall, 'ports'>) =>
  keptFor(ports.clock, graphKeptMs, 'held', () =>
    heldNow(async () => (await keptStates({ ports })).states, ports),
  );

serveApp(operations.heldList, async ({ ports }) => ({ jsonBody: await keptHeld({ ports }) }));

serve(operations.staleList, async ({ registry, ports }) => {
  const { value } = await keptHeld({ ports });
  return { jsonBody: staleIn(registry.name, await keptStates({ ports }), value, ports.settings.policies) };
});

serve(operations.tasksWhy, async ({ registry, parameter, ports }) => {
  const task = { registry: registry.name, task: parameter('task') };
  const { value } = await keptHeld({ ports });
  const states = await keptStates({ ports });
  // A task whose row cannot be read is there all the same.
  if (states.unread.length > 0) await ports.store.state(task.registry, task.task);
  return { jsonBody: whyStale(task, states, value, ports.settings.policies) };
});
