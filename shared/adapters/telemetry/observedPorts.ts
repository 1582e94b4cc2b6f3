import { heldEdgesMessage, staleEdgeMessage } from '../../names/azureNames.ts';
import { formatImageRef } from '../../names/imageRef.ts';
import type { Ports } from '../../ports/ports.ts';
import type { StartMessage } from '../../ports/queue.ts';
import type { Store, Write } from '../../ports/store.ts';
import type { Invocation } from '../../ports/telemetry.ts';
import { commitMetrics, heldEdges, staleEdge } from '../../telemetry/commitMetrics.ts';

/**
 * The same ports, watched for one invocation: what is committed is counted, calls to other services are spans, new runs
 * record their trace. The flow does not depend on it.
 * @param about the run that the call is about, where its message names one: the call joins that run's trace
 */
export function observedPorts(ports: Ports, invocation: Invocation, about?: StartMessage): Ports {
  const { engine, registry, source } = ports;
  const call = invocation.call;
  return {
    ...ports,
    store: observedStore(ports, invocation, about),
    engine: {
      uploadUrl: (name) => call('engine.uploadUrl', { registry: name }, () => engine.uploadUrl(name)),
      upload: (name, archive) =>
        call('engine.upload', { registry: name, bytes: archive.size }, () => engine.upload(name, archive)),
      keepsKeys: engine.keepsKeys,
      find: (name, key) => call('engine.find', { registry: name, key }, () => engine.find(name, key)),
      forget: (name, key) => call('engine.forget', { registry: name, key }, () => engine.forget(name, key)),
      keys: (name) => call('engine.keys', { registry: name }, () => engine.keys(name)),
      schedule: (name, request) =>
        call('engine.schedule', { registry: name, kind: request.kind }, () => engine.schedule(name, request)),
      run: (name, id) => call('engine.run', { registry: name, engineRunId: id }, () => engine.run(name, id)),
      cancel: (name, id) =>
        call('engine.cancel', { registry: name, engineRunId: id }, () => engine.cancel(name, id)),
      bases: (name, id) =>
        call('engine.bases', { registry: name, engineRunId: id }, () => engine.bases(name, id)),
      log: (name, id) => call('engine.log', { registry: name, engineRunId: id }, () => engine.log(name, id)),
    },
    registry: {
      digestOf: (image, login) =>
        call('registry.digestOf', { image: formatImageRef(image) }, () => registry.digestOf(image, login)),
      async *imagesOf(image, login, like) {
        const images = registry.imagesOf(image, login, like)[Symbol.asyncIterator]();
        const next = () =>
          call('registry.imagesOf', { image: formatImageRef(image) }, async () => images.next());
        for (let read = await next(); !read.done; read = await next()) yield read.value;
      },
      contentsOf: (image, login, platforms) =>
        call('registry.contentsOf', { image: formatImageRef(image) }, () =>
          registry.contentsOf(image, login, platforms),
        ),
      reach: (loginServer) => call('registry.reach', { loginServer }, () => registry.reach(loginServer)),
      pullPassword: (loginServer, login) =>
        call('registry.pullPassword', { loginServer }, () => registry.pullPassword(loginServer, login)),
    },
    // The address of a source may hold a token: the span records only that it is fetched.
    source: { fetch: (location, options) => call('source.fetch', {}, () => source.fetch(location, options)) },
    log(level, message, facts) {
      if (message.startsWith(staleEdgeMessage) && typeof facts?.seconds === 'number')
        invocation.add(staleEdge(String(facts.registry ?? ''), facts.seconds));
      if (message.startsWith(heldEdgesMessage))
        for (const point of heldEdges(String(facts?.registry), Number(facts?.tasks), Number(facts?.seconds)))
          invocation.add(point);
      // The host forwards logs, in its own trace of the call; this names the run's.
      const traceId = invocation.traceId();
      ports.log(level, message, traceId ? { ...facts, traceId } : facts);
    },
  };
}

function observedStore(
  { store, clock }: Ports,
  invocation: Invocation,
  about: StartMessage | undefined,
): Store {
  return {
    ...store,
    async run(registry, runId) {
      const run = await store.run(registry, runId);
      if (run && about?.registry === registry && about.runId === runId) invocation.about(run.value);
      return run;
    },
    async commit(registry, writes) {
      const traced = writes.map((write) => withTrace(write, invocation));
      await store.commit(registry, traced);
      const { decisions, ended, points } = commitMetrics(traced, clock.now());
      for (const { task, verdict, runId } of decisions)
        invocation.event('decision', { task, verdict, runId });
      for (const point of points) invocation.add(point);
      for (const run of ended) invocation.ended(run);
    },
  };
}

/** A run that is new belongs to the trace of what queued it. */
function withTrace(write: Write, invocation: Invocation): Write {
  if (!('put' in write) || write.put !== 'run' || write.etag !== undefined) return write;
  const trace = invocation.trace();
  return trace ? { ...write, value: { ...write.value, trace } } : write;
}
