import { RunEngineError } from '../../ports/runEngine.ts';
import { pollSeconds, scheduleSeconds } from '../../rules/timing.ts';
import { type ArmClient, read, refusal, retryAfterOf } from './armClient.ts';
import { AcrRun, toEngineRun } from './engineRun.ts';
import { toRunRequest } from './runRequest.ts';
import type { Starter, Wait } from './starter.ts';

/** Starts builds by `scheduleRun`, which gives each a new run: a start whose answer is lost is not found again. */
export const createScheduleRun = (arm: ArmClient, wait: Wait): Starter => ({
  keepsKeys: false,
  async schedule(registry, request) {
    const doing = `scheduleRun of registry ${registry}`;
    const call = toRunRequest(request, arm.registry(registry));
    let response = await arm.call(registry, { method: 'POST', path: 'scheduleRun', ...call });
    if (response.status === 404) throw await refusal(response, registry, doing);
    // 202: the run is made in a moment; its Location is asked until it is there.
    const location = response.headers.get('location');
    const until = Date.now() + scheduleSeconds * 1000;
    while (response.status === 202 || response.status === 404) {
      if (!location) throw new RunEngineError(`${doing}: 202 without a Location`, { transient: true });
      const left = (until - Date.now()) / 1000;
      if (left <= 0)
        throw new RunEngineError(`${doing}: the run was taken and not made`, { transient: true });
      // Not beyond the claim on the run, whatever is asked for: another worker would start it again.
      await wait(Math.min(retryAfterOf(response) ?? pollSeconds, left));
      response = await arm.follow(registry, location, `the operation of ${doing}`);
    }
    return toEngineRun(await read(response, AcrRun, doing));
  },
  find: async () => undefined,
  forget: async () => {},
  keys: async () => [],
});
