import { type Asked, passOn, standBetween } from './between.ts';

/** Who stands between the app, the engine and Event Grid, and does them harm while a storm lasts. */
export interface Faults {
  counts: {
    engineCalls: number;
    engineFaults: number;
    eventsTwice: number;
    eventsLate: number;
    eventsLost: number;
  };
  /** What the app takes for ARM. */
  engineUrl: string;
  /** What Event Grid takes for the app. */
  eventsBy(endpointUrl: string): string;
  begin(): void;
  end(): void;
  stop(): Promise<void>;
}

/**
 * One engine call in ten is answered 429 or 500 without being carried out, or after 10 s. Three events in twenty come
 * twice, seven late and so in another order, one never.
 */
export async function createFaults(
  realEngine: () => { url: string; ca: string },
  draw: (below: number) => number,
): Promise<Faults> {
  const counts = { engineCalls: 0, engineFaults: 0, eventsTwice: 0, eventsLate: 0, eventsLost: 0 };
  let raging = false;
  let app = '';

  const engine = await standBetween(realEngine, () => {
    counts.engineCalls++;
    if (!raging || draw(10) > 0) return { do: 'pass' };
    counts.engineFaults++;
    const way = draw(3);
    if (way === 0) return { do: 'answer', status: 429, headers: { 'retry-after': '1' } };
    return way === 1 ? { do: 'answer', status: 500 } : { do: 'delay', ms: 10_000 };
  });
  const again = (asked: Asked) =>
    setTimeout(() => passOn(app, undefined, asked).catch(() => {}), 500 + draw(4000)).unref();
  const events = await standBetween(
    () => ({ url: app }),
    (asked) => {
      if (!raging || asked.headers['aeg-event-type'] !== 'Notification') return { do: 'pass' };
      const way = draw(20);
      if (way === 0) {
        counts.eventsLost++;
        return { do: 'answer', status: 200 };
      }
      if (way <= 3) {
        counts.eventsTwice++;
        again(asked);
      }
      if (way > 10) return { do: 'pass' };
      counts.eventsLate++;
      return { do: 'delay', ms: draw(2000) };
    },
  );
  return {
    counts,
    engineUrl: engine.url,
    eventsBy(endpointUrl) {
      const { origin, pathname, search } = new URL(endpointUrl);
      app = origin;
      return `${events.url}${pathname}${search}`;
    },
    begin() {
      raging = true;
    },
    end() {
      raging = false;
    },
    stop: async () => void (await Promise.all([engine.stop(), events.stop()])),
  };
}
